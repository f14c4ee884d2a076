export type { App, CloseOptions, ListenOptions, RollcallOptions, Stats } from './app.ts'
export type { Logger } from './audit.ts'
export { type Broker, type BrokerListener, type BrokerResponder, BrokerTimeout, NobodyThere } from './broker/broker.ts'
export { type MemoryBus, type MemoryBusOptions, memoryBus, noBroker } from './broker/memory.ts'
export {
  type Action,
  type Allowed,
  allow,
  type ChannelHandlers,
  type ConnectionView,
  type Decision,
  type EmitOptions,
  type Emitted,
  type Handlers,
  type JoinContext,
  type LeaveContext,
  type MessageContext,
  Refuse,
  type Refused,
  refuse,
  type ServerChannel,
  type ServerHistoryPage,
  type TopicEvent,
  type User,
} from './channel/handlers.ts'
export type { Provider, Service } from './cluster/services.ts'
export type { TrustedProxy } from './connection/address.ts'
export type { Dialect, DialectHost, Route, Upgrade, UpgradeRefusal, Verdict } from './connection/dialect.ts'
export { DEFAULT_LIMITS, type Limits } from './connection/limits.ts'
export type { Visitor } from './connection/visitor.ts'
export type { ApiOptions } from './http/api/options.ts'
export type { Origins } from './http/origins.ts'
export { Frame, Run } from './hub/frame.ts'
export { encodeWire } from './hub/wire.ts'
export { type Authenticate, type Credentials, Identity, identify } from './identity/identity.ts'
export { type JwtOptions, jwt } from './identity/jwt.ts'
export * from './log/log.ts'
export { type MemoryLogOptions, memoryLog } from './log/memory.ts'
export { rollcall } from './node.ts'
export type { Handshake, Transport, TransportListener } from './transport/transport.ts'
export type { CompressionOptions } from './transport/websocket.ts'
