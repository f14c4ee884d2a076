export type { Answer, BodyFault, Exchange } from './exchange.ts'
export { type HttpExchangeOptions, httpExchange } from './http-exchange.ts'
export { type LongPollOptions, LongPollTransport } from './long-poll.ts'
