import type {
  CallInput,
  CallNames,
  CallOutput,
  ChannelSpec,
  EmitNames,
  EmitOutput,
  GapReason,
  JoinInput,
  Position,
  PresenceInput,
  RollcallError,
  Schema,
  Sender,
  SendInput,
  SendNames,
  Undo,
} from '@rollcall/core'
import type { Presence } from './presence.ts'

/** How to enter a room. */
export type JoinOptions<S extends ChannelSpec> = {
  /** Leaves the room when aborted, whether it is joined by then or not. */
  readonly signal?: AbortSignal
  /** On a channel with history: begin with the newest `last` messages. Default 0. */
  readonly last?: number
  /** On a channel with history: begin after this message, as `room.position` gave it in an earlier visit. */
  readonly position?: Position
} & (S['join'] extends Schema
  ? { /** What the channel's `join` schema asks for. */ readonly input: JoinInput<S> }
  : { readonly input?: undefined }) &
  (S['presence'] extends Schema
    ? { /** What others see; without it one is here unseen. */ readonly presence?: PresenceInput<S> }
    : { readonly presence?: undefined })

/** Options of `join` as its arguments: they may be left out unless the channel needs an input. */
export type JoinArguments<S extends ChannelSpec> = S['join'] extends Schema
  ? [options: JoinOptions<S>]
  : [options?: JoinOptions<S>]

/** What came with a message. */
export interface MessageContext {
  readonly topic: string
  /** Null when the application itself emitted. */
  readonly from: Sender | null
  /** Milliseconds since the Unix epoch by the server's clock. For people: order comes from positions. */
  readonly at: number
  /** Null on channels without history and for volatile events. */
  readonly position: Position | null
  /** Whether it was sent before this join or return, and is now caught up on. */
  readonly recovered: boolean
}

/** A message of a room, narrowed by `event`. */
export type Message<S extends ChannelSpec, E extends EmitNames<S> = EmitNames<S>> = {
  [N in E]: MessageContext & { readonly event: N; readonly payload: EmitOutput<S, N> }
}[E]

/** How a membership is. A new object at each change, the same one in between. */
export type RoomState =
  /** Not yet joined for the first time. */
  | { readonly kind: 'joining' }
  | { readonly kind: 'joined' }
  /** Was joined; the connection or the membership is being restored. */
  | { readonly kind: 'rejoining' }
  /** For good. `error` is null if it was left by `leave`, a signal or `client.close()`. */
  | { readonly kind: 'left'; readonly reason: string; readonly error: RollcallError | null }

/** What the first join brought. */
export interface JoinAnswer {
  /** What the application's `join` said on allowing. */
  readonly reply: unknown
  /** Where the log ended at the join; null on a channel without history. */
  readonly position: Position | null
  /** With the `position` option: whether all since then follows, or why not. */
  readonly recovery: 'fresh' | 'recovered' | { readonly gap: GapReason }
}

/** Messages were missed for good. */
export interface Gap {
  readonly reason: GapReason
  /** The last message before the gap; null if none was seen or the channel keeps no history. */
  readonly after: Position | null
  /** Where live messages go on; null on a channel without history. */
  readonly position: Position | null
}

/** What an accepted message got. */
export interface Sent {
  /** Where it stands; null on a channel without history, or if the server's handler emitted nothing. */
  readonly position: Position | null
}

/** Which page of history. At most one of `before` and `after`; with neither, the newest. */
export interface HistoryOptions {
  /** Messages with offsets below this. */
  readonly before?: number
  /** Messages with offsets above this. */
  readonly after?: number
  /** Default 50. */
  readonly limit?: number
  readonly signal?: AbortSignal
}

/** A page of history, oldest first. */
export interface History<S extends ChannelSpec> {
  readonly messages: readonly Message<S>[]
  readonly epoch: string
  /** Whether there is more in the direction that was asked. */
  readonly more: boolean
}

/** A channel's topic, entered. It is rejoined and continued after every reconnect until it is left. */
export interface Room<S extends ChannelSpec = ChannelSpec> {
  readonly topic: string
  readonly state: RoomState
  /** Calls `listener` after each change of `state`. */
  subscribeState(listener: (state: RoomState) => void): Undo
  /**
   * Resolves with the first join. Rejects if it is refused for good (InvalidError, RefusedError), or ended before
   * (EndedError); "not now" is tried again. A rejection that nobody awaits is no unhandled one.
   */
  readonly joined: Promise<JoinAnswer>
  /** The newest message seen; null before, and on a channel without history. */
  readonly position: Position | null
  /** Who is here. Empty on a channel without presence. */
  readonly presence: Presence<S>

  /** Calls `listener` for each message of this event, in order, each once. */
  on<E extends EmitNames<S>>(event: E, listener: (payload: EmitOutput<S, E>, message: Message<S, E>) => void): Undo
  /**
   * Messages as an async iterable, of one event or of all. Messages wait for the reader from this call on; more than
   * `maxWaiting` (default 1,000) make it reject with `overflow`. Ends when the room is left or the signal is aborted.
   */
  messages<E extends EmitNames<S>>(event: E, options?: ReadOptions): AsyncIterableIterator<Message<S, E>>
  messages(options?: ReadOptions): AsyncIterableIterator<Message<S>>

  /**
   * Sends, and resolves when the server has accepted it. While the connection is away it waits, and is sent again until it
   * is answered, within the bounds of the client's options; the server accepts it once. An InvalidError, RefusedError or
   * RetryLaterError means that it was not accepted, an UnknownOutcomeError that it may have been.
   */
  send<E extends SendNames<S>>(
    event: E,
    payload: SendInput<S, E>,
    options?: { readonly signal?: AbortSignal },
  ): Promise<Sent>
  /** Asks, and resolves with the reply. Never asked twice: a connection lost meanwhile is an UnknownOutcomeError. */
  call<N extends CallNames<S>>(name: N, input: CallInput<S, N>, options?: CallOptions): Promise<CallOutput<S, N>>
  /** Reads older messages. They do not come to `on`. */
  history(options?: HistoryOptions): Promise<History<S>>

  /** Calls `listener` when messages were missed for good; what follows is complete again. */
  onGap(listener: (gap: Gap) => void): Undo
  /** Calls `listener` once when the membership ends, by whomever. */
  onLeft(listener: (left: RoomState & { readonly kind: 'left' }) => void): Undo
  /** Leaves; from this call on nothing is delivered. Resolves when the server knows, or the connection is lost. */
  leave(): Promise<void>
}

export interface ReadOptions {
  readonly signal?: AbortSignal
  /** Default 1,000. */
  readonly maxWaiting?: number
}

export interface CallOptions {
  /** Default 10,000. */
  readonly timeoutMs?: number
  readonly signal?: AbortSignal
}
