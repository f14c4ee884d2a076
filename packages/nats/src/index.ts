export { type NatsBroker, type NatsBrokerOptions, natsBroker } from './broker.ts'
export type { NatsOptions } from './options.ts'
