import type { Refusal } from './errors.ts'
import type { GapReason, Position } from './position.ts'
import type { Entry, RosterCount, RosterDiff, RosterState, RosterVersion } from './roster.ts'

// The seam between a wire language and everything else. A dialect is a codec and a `Session`: a machine without socket,
// clock or chance. It turns what arrives into requests, and outcomes, deliveries and notices into what goes out.

/** The content of one WebSocket message: text, or bytes. */
export type Payload = string | Uint8Array

/** Who a message is from. */
export interface Sender {
  /** The sender's presence key: the id of its user. */
  readonly key: string
  /** The sender's connection, so that a client knows its own messages. */
  readonly connection: string
  /** The `name` in the sender's presence metadata, else of its user, where that is a text. */
  readonly name?: string
}

/** A message on its way to subscribers. */
export interface Delivery {
  readonly topic: string
  readonly event: string
  /** What JSON can carry, or a Uint8Array. */
  readonly payload: unknown
  /** Null when the application itself emits. */
  readonly from: Sender | null
  /** Milliseconds since the Unix epoch, by the clock of the accepting node. For people: order comes from positions. */
  readonly at: number
  /** Null on channels without history and for volatile events. */
  readonly position: Position | null
}

/**
 * How one group of subscribers is spoken to. Everything is encoded once per variant, whatever the number of subscribers,
 * so nothing in here may depend on one connection. Several payloads are several WebSocket messages, in order.
 */
export interface Variant {
  /** Subscribers whose variants have the same id get the same bytes. */
  readonly id: string
  message(delivery: Delivery): Payload | readonly Payload[]
  /** Null where this variant has no such message. */
  presence(topic: string, diff: RosterDiff): Payload | readonly Payload[] | null
  count(topic: string, count: RosterCount): Payload | readonly Payload[] | null
  /** The log's end, now and then, so that a client can notice a loss although no message follows. */
  position(topic: string, position: Position): Payload | null
}

/** Where a subscriber wants to begin on a channel with history. */
export type Since =
  /** After this message: a return. */
  | { readonly position: Position }
  /** With the newest `last` messages, then live: a first visit. */
  | { readonly last: number }

interface RequestBase {
  /** The dialect's own mark of the request; comes back with the outcome untouched. */
  readonly ref: unknown
}

/** What a peer asks. A dialect that lacks a request simply never makes it. */
export type Request = HelloRequest | JoinRequest | TopicRequest | RefreshRequest
export type TopicRequest =
  | LeaveRequest
  | SendRequest
  | CallRequestMessage
  | TrackRequest
  | UntrackRequest
  | HistoryRequest
  | RosterRequest

/** Who is there. Must come first; dialects without a hello make one of the handshake. */
export interface HelloRequest extends RequestBase {
  readonly kind: 'hello'
  readonly credentials: unknown
  /** A token to resume a session with; null for a new one. */
  readonly resume: string | null
  /**
   * `same`: a resumed session goes on under the token that it was resumed by, for clients that cannot be told another one.
   * Instead of once it is good for as long as nobody else answers a ping under it. `none`: for clients that cannot be told
   * any; nothing is kept for them beyond the grace. Default: each welcome has a new one.
   */
  readonly token?: 'same' | 'none'
}
export interface RefreshRequest extends RequestBase {
  readonly kind: 'refresh'
  readonly credentials: unknown
}
export interface JoinRequest extends RequestBase {
  readonly kind: 'join'
  readonly topic: string
  /** What the dialect calls this membership; unique on a connection. Usually the topic itself. */
  readonly alias: string
  readonly variant: Variant
  readonly input: unknown
  /** The member's metadata; undefined to be here unseen. */
  readonly presence: unknown
  readonly since: Since | null
  /** The roster that the client still holds. */
  readonly roster: RosterVersion | null
}
interface AliasRequest extends RequestBase {
  readonly alias: string
}
export interface LeaveRequest extends AliasRequest {
  readonly kind: 'leave'
}
export interface SendRequest extends AliasRequest {
  readonly kind: 'send'
  readonly event: string
  readonly payload: unknown
  /** The client's own id of this message: a repeat within the window is accepted once. */
  readonly id: string | null
}
export interface CallRequestMessage extends AliasRequest {
  readonly kind: 'call'
  readonly name: string
  readonly payload: unknown
}
export interface TrackRequest extends AliasRequest {
  readonly kind: 'track'
  readonly meta: unknown
}
export interface UntrackRequest extends AliasRequest {
  readonly kind: 'untrack'
}
export interface HistoryRequest extends AliasRequest {
  readonly kind: 'history'
  /** Messages with offsets below this; null: from the end. */
  readonly before: number | null
  /** Messages with offsets above this. At most one of `before` and `after` is set. */
  readonly after: number | null
  readonly limit: number
}
export interface RosterRequest extends AliasRequest {
  readonly kind: 'roster'
  readonly since: RosterVersion | null
}

/** What a peer is told when it has joined. The messages missed follow as ordinary deliveries. */
export interface Joined {
  /** The member's own entry, if it is seen: it may not be in `roster` yet. */
  readonly entry: Entry | null
  /** Where the log ended at the join; null on a channel without history. */
  readonly position: Position | null
  /**
   * `fresh`: nothing was asked. `recovered`: all from the asked position up to `position` follows. `gap`: it cannot, and
   * deliveries begin after `position`.
   */
  readonly recovery: 'fresh' | 'recovered' | { readonly gap: GapReason }
  /** Null without presence. A diff if the client's version could be continued. */
  readonly roster: RosterState | RosterDiff | RosterCount | null
  /** What the application's `join` said on allowing. */
  readonly reply: unknown
}

/** What a peer is told when it is let in. */
export interface Welcome {
  readonly connection: string
  /** The user as the application's `authenticate` made it. */
  readonly user: { readonly id: string }
  /** Good once, within `resumeMs` after the connection is lost. */
  readonly resume: { readonly token: string; readonly resumeMs: number; readonly resumed: boolean } | null
}

/** A page of history, oldest first. */
export interface HistoryPage {
  readonly messages: readonly Delivery[]
  readonly epoch: string
  /** Whether there is more in the direction that was asked. */
  readonly more: boolean
}

/** How a request ended. The type of `result` follows the request's kind. */
export type Outcome =
  | { readonly ok: true; readonly result: unknown }
  | { readonly ok: false; readonly refusal: Refusal }

/** What a connection is told without having asked. */
export type Notice =
  /** The membership ended: kicked, or its channel was closed. `code` is the application's or the server's. */
  | { readonly kind: 'left'; readonly alias: string; readonly reason: string }
  /** Messages were lost for good; live ones go on after `position`. */
  | { readonly kind: 'gap'; readonly alias: string; readonly reason: GapReason; readonly position: Position }
  /** The roster as a whole, or as a diff from what was told last: changes had passed the client by. */
  | { readonly kind: 'roster'; readonly alias: string; readonly roster: RosterState | RosterDiff | RosterCount }
  /** The connection is about to be closed. Come back after `retryAfterMs`, spread over `spreadMs`. */
  | { readonly kind: 'closing'; readonly reason: string; readonly retryAfterMs: number; readonly spreadMs: number }

/** What a session wants done, in order. */
export type Effect =
  | { readonly kind: 'request'; readonly request: Request }
  | { readonly kind: 'write'; readonly payload: Payload }
  /** A ping of the transport itself (RFC 6455 section 5.5.2), for dialects that have none of their own. */
  | { readonly kind: 'ping' }
  | { readonly kind: 'close'; readonly code: number; readonly reason: string }

/** A dialect's state for one connection. Never throws on what a peer sent: a bad frame is an effect that closes. */
export interface Session {
  /** The connection is open. For dialects whose server speaks first, or whose hello is in the handshake. */
  start?(now: number): readonly Effect[]
  /** A message arrived, whole. */
  receive(payload: Payload, now: number): readonly Effect[]
  /** The transport heard from the peer, though no message: a ping was answered. */
  alive?(now: number): void
  /** A request of this session has ended. Called once for each. */
  answer(request: Request, outcome: Outcome, now: number): readonly Effect[]
  notify(notice: Notice): readonly Effect[]
  /** The server is about to close the connection: what is written before. Requests are not made any more. */
  closing?(code: number): readonly Effect[]
  /** How this language says a close of the server's: its code in place of one of `CloseCode`. Default: the same. */
  closeCode?(code: number): number
  /** Time passes: called about once a second. Pings, and the end of a silent peer, come from here. */
  tick(now: number): readonly Effect[]
}
