export { PhoenixClose } from './closing.ts'
export type { LongPollOptions } from './long-poll.ts'
export { type PhoenixOptions, phoenix } from './phoenix.ts'
