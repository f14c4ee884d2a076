export type { Client, User } from './client.ts'
export { connect } from './connect.ts'
export type { InvalidMessage } from './invalid.ts'
export type { ConnectOptions, Credentials } from './options.ts'
export type { Presence } from './presence.ts'
export type {
  CallOptions,
  Gap,
  History,
  HistoryOptions,
  JoinAnswer,
  JoinArguments,
  JoinOptions,
  Message,
  MessageContext,
  ReadOptions,
  Room,
  RoomState,
  Sent,
} from './room.ts'
export type { ConnectionState } from './state.ts'
export type { OpenWebSocket, WebSocketLike } from './web-socket.ts'
