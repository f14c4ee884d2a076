import type {
  CallNames,
  CallReply,
  CallRequest,
  ChannelSpec,
  Channels,
  EmitInput,
  EmitNames,
  JoinOutput,
  Member,
  Params,
  Position,
  PresenceOutput,
  Refusal,
  Sender,
  SendNames,
  SendOutput,
  Undo,
} from '@rollcall/core'
import type { Handshake } from '../transport/transport.ts'

/** Who is behind a connection. Made by `authenticate`; all of it is told to the client itself, so no secrets. */
export interface User {
  /** Names the person or service: the key of its presence. */
  readonly id: string
  readonly [field: string]: unknown
}

/** What an application knows of a connection. */
export interface ConnectionView {
  readonly id: string
  readonly user: User
  /** The application's own, for the life of the session. Not told to anybody. */
  readonly data: Record<string, unknown>
  readonly handshake: Handshake
  /** The wire language it speaks. */
  readonly dialect: string
}

/** Lets a client in. */
export interface Allowed {
  readonly allowed: true
  /** Told to the client with the answer. */
  readonly reply: unknown
  /** Replaces the metadata that the client asked to be seen with. */
  readonly presence?: unknown
}

/** Keeps a client out. */
export interface Refused {
  readonly allowed: false
  readonly refusal: Refusal
}

export type Decision = Allowed | Refused

/** Lets a client join. `reply` is told to it; `presence` overrides the metadata that it gave. */
export function allow(options: { readonly reply?: unknown; readonly presence?: unknown } = {}): Allowed {
  return { allowed: true, reply: options.reply, ...('presence' in options && { presence: options.presence }) }
}

/** Refuses a client. `reason` is told to it, as are `details`. With `retryAfterMs` it may try again then. */
export function refuse(
  reason = 'not allowed',
  options: { readonly details?: unknown; readonly retryAfterMs?: number } = {},
): Refused {
  const { details, retryAfterMs } = options
  return {
    allowed: false,
    refusal: {
      code: retryAfterMs === undefined ? 'refused' : 'unavailable',
      message: reason,
      ...(details !== undefined && { details }),
      ...(retryAfterMs !== undefined && { retryAfterMs }),
    },
  }
}

/** Thrown or answered by a handler: the client that asked gets this refusal. */
export class Refuse extends Error {
  readonly refusal: Refusal
  constructor(reason: string, details?: unknown) {
    super(reason)
    this.name = 'Refuse'
    this.refusal = { code: 'refused', message: reason, ...(details !== undefined && { details }) }
  }
}

export interface EmitOptions {
  /** A connection that shall not get it. Not with history: there everybody gets everything. */
  readonly except?: string
  /** Emits with the same key within the log's window are accepted once. */
  readonly idempotencyKey?: string
  /** Whom the message is from, where not from the application. */
  readonly from?: Sender | null
}

/** Where an accepted message stands; null on channels without history and for volatile events. */
export interface Emitted {
  readonly position: Position | null
}

/** What `observe` hears of a topic. */
export type TopicEvent<S extends ChannelSpec = ChannelSpec> =
  | {
      readonly kind: 'message'
      readonly event: EmitNames<S>
      readonly payload: unknown
      readonly from: Sender | null
      readonly at: number
      readonly position: Position | null
    }
  | { readonly kind: 'joined' | 'updated' | 'left'; readonly member: Member<PresenceOutput<S>> }

/** A topic in the hands of server code: from anywhere, whether or not anybody is there. */
export interface ServerChannel<S extends ChannelSpec = ChannelSpec> {
  readonly topic: string
  /**
   * Sends to everybody on the topic. Resolves when accepted: on a channel with history when the log has it, else at once.
   * Rejects with an InvalidError if the payload fails its schema, with a RetryLaterError if the log cannot take it.
   */
  emit<E extends EmitNames<S>>(event: E, payload: EmitInput<S, E>, options?: EmitOptions): Promise<Emitted>
  /** Who is here, on all nodes. Empty on a channel without presence. */
  members(): Promise<Member<PresenceOutput<S>>[]>
  /** How many are here: keys, and their entries. */
  count(): Promise<{ readonly members: number; readonly entries: number }>
  /**
   * Ends the membership of a user, or of one connection: it is told `reason`. One that is away must ask `join` when it
   * comes back. Answers how many memberships ended.
   */
  kick(who: { readonly user: string } | { readonly connection: string }, reason?: string): Promise<number>
  /** A page of what was emitted, oldest first. Rejects on a channel without history. */
  history(options?: {
    readonly before?: number
    readonly after?: number
    readonly limit?: number
  }): Promise<ServerHistoryPage>
  /** Hears every message and every change of presence from now on. */
  observe(listener: (event: TopicEvent<S>) => void): Undo
}

export interface ServerHistoryPage {
  readonly epoch: string
  readonly more: boolean
  readonly messages: readonly {
    readonly event: string
    readonly payload: unknown
    readonly from: Sender | null
    readonly at: number
    readonly offset: number
  }[]
}

interface ChannelContext<S extends ChannelSpec, P extends string> {
  readonly topic: string
  /** What the pattern's braces stand for. */
  readonly params: Params<P>
  readonly user: User
  readonly data: Record<string, unknown>
  readonly connection: ConnectionView
  readonly channel: ServerChannel<S>
}

export interface JoinContext<S extends ChannelSpec, P extends string = string> extends ChannelContext<S, P> {
  /** What the client said to join, by the channel's `join` schema. */
  readonly input: JoinOutput<S>
  /** The metadata it asks to be seen with; undefined if it stays unseen. */
  readonly presence: PresenceOutput<S> | undefined
}

export interface MessageContext<S extends ChannelSpec, P extends string = string> extends ChannelContext<S, P> {
  /** The sender's own entry, if it is seen here. */
  readonly member: { readonly entry: string; readonly meta: PresenceOutput<S> } | null
}

export interface LeaveContext<S extends ChannelSpec, P extends string = string> extends MessageContext<S, P> {
  /** `left` by itself, `closed` its connection, `lost` it, or was `kicked`. */
  readonly reason: 'left' | 'closed' | 'lost' | 'kicked'
}

/** What a member wants to do: see `permit`. */
export type Action =
  | { readonly kind: 'send'; readonly event: string }
  | { readonly kind: 'call'; readonly name: string }
  | { readonly kind: 'presence' | 'history' }

/** An application's answers for the channels of one pattern. */
export type ChannelHandlers<S extends ChannelSpec, P extends string> = {
  /** Who may come in. A join that throws is refused without telling why. */
  join: (context: JoinContext<S, P>) => Decision | Promise<Decision>
  /** Asked instead of `join` when a session is resumed. Default: a resumed session is let in as it was. */
  resume?: (context: JoinContext<S, P>) => Decision | Promise<Decision>
  /**
   * Whether a member may do something, asked before the payload is looked at. Default: who is in may do all. A `permit` that
   * throws permits nothing.
   */
  permit?: (context: MessageContext<S, P>, action: Action) => boolean | Promise<boolean>
  /** A membership has ended, after any grace. */
  leave?: (context: LeaveContext<S, P>) => void | Promise<void>
} & {
  readonly [E in SendNames<S>]: (context: MessageContext<S, P>, payload: SendOutput<S, E>) => unknown
} & {
  readonly [N in CallNames<S>]: (
    context: MessageContext<S, P>,
    input: CallRequest<S, N>,
  ) => CallReply<S, N> | Promise<CallReply<S, N>>
}

/**
 * Handlers for every channel of a contract. (A conditional type, though the condition always holds: TypeScript then puts
 * the contract in before it looks a handler's parameters up; else every name is taken for an event, `join` included.)
 */
export type Handlers<C extends Channels> = C extends Channels
  ? { readonly [P in keyof C & string]: ChannelHandlers<C[P], P> }
  : never

/** The same, when the contract's types are not at hand. */
export interface AnyHandlers {
  readonly join: (context: JoinContext<ChannelSpec>) => Decision | Promise<Decision>
  readonly resume?: (context: JoinContext<ChannelSpec>) => Decision | Promise<Decision>
  readonly leave?: (context: LeaveContext<ChannelSpec>) => void | Promise<void>
  readonly permit?: (context: MessageContext<ChannelSpec>, action: Action) => boolean | Promise<boolean>
  readonly [event: string]: unknown
}
