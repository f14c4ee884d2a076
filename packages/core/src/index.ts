export { systemClock, systemRandom } from './ambient.ts'
export { type BackoffOptions, backoffMs } from './backoff.ts'
export { base64url, fromBase64url } from './base64.ts'
export type { Clock, Random, Undo } from './clock.ts'
export { CloseCode, type Reaction, reactionTo } from './close-codes.ts'
export * from './contract.ts'
export type * from './dialect.ts'
export {
  EndedError,
  type ErrorCode,
  errorOf,
  InvalidError,
  type Refusal,
  RefusedError,
  RetryLaterError,
  RollcallError,
  UnknownOutcomeError,
} from './errors.ts'
export { type Json, type JsonFault, parseJson } from './json.ts'
export { type GapReason, isOffset, type Position } from './position.ts'
export { joinBinary, splitBinary } from './protocol/binary.ts'
export type { Ask, ClientEffect, MessageEffect } from './protocol/client-effects.ts'
export { type ClientSessionOptions, RollcallClientSession } from './protocol/client-session.ts'
export { decodeClient, type FrameFault, MAX_NAME_LENGTH } from './protocol/decode-client.ts'
export {
  decodeJoined,
  decodePage,
  decodeRoster,
  decodeSent,
  decodeServer,
  type WirePage,
} from './protocol/decode-server.ts'
export { encodeClient } from './protocol/encode-client.ts'
export {
  type ClientFrame,
  type JoinedResult,
  type JoinOptions,
  MAX_DEPTH,
  type MessageStamp,
  type Ref,
  type ServerFrame,
  SUBPROTOCOL,
  type WelcomeFrame,
  type WireRoster,
} from './protocol/frames.ts'
export type { MembershipView } from './protocol/membership.ts'
export {
  RollcallServerSession,
  rollcallVariant,
  type ServerSessionOptions,
  serverSessionOptions,
} from './protocol/server-session.ts'
export { fromUtf8, toUtf8 } from './protocol/text.ts'
export {
  applyToRoster,
  type Entry,
  type Member,
  type MemberChange,
  Roster,
  type RosterCount,
  type RosterDiff,
  type RosterState,
  type RosterVersion,
  replaceRoster,
} from './roster.ts'
export { bytes, type InputOf, isSchema, type OutputOf, type Schema, type Validation, validate } from './schema.ts'
export {
  isTopic,
  MAX_TOPIC_LENGTH,
  type ParamNames,
  type Params,
  type Pattern,
  pattern,
  type TopicOf,
} from './topic.ts'
