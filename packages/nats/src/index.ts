export { type NatsBroker, type NatsBrokerOptions, natsBroker } from './broker.ts'
export { natsLog } from './log/nats-log.ts'
export type { NatsLogOptions } from './log/options.ts'
export type { NatsOptions } from './options.ts'
