import type { GapReason, Position, Sender, Undo } from '@rollcall/core'

/** A message as a log keeps it. */
export interface LogRecord {
  readonly event: string
  /** What JSON can carry, or a Uint8Array. */
  readonly payload: unknown
  readonly from: Sender | null
  readonly at: number
}

/** A kept message with its place. */
export interface LogMessage extends LogRecord {
  readonly offset: number
}

/** How much of a topic is kept; whichever bound is reached first trims the oldest. All set, all above 0. */
export interface Retention {
  readonly messages: number
  readonly ageMs: number
  readonly bytes: number
}

export interface AppendOptions {
  readonly retention: Retention
  /** With a key that this topic has seen within the log's window, nothing is appended and the first position comes back. */
  readonly idempotencyKey?: string | undefined
}

/** What an append did. */
export interface Appended {
  readonly position: Position
  /** Whether the key was known: the message stands at `position` since an earlier append. */
  readonly duplicate: boolean
}

/** A run of messages, oldest first, and where the log stood when it was read. */
export interface LogPage {
  readonly epoch: string
  readonly messages: readonly LogMessage[]
  /** The offset of the oldest message kept, or `top + 1` if none is. */
  readonly first: number
  /** The offset of the newest message; 0 before the first. */
  readonly top: number
}

/** A live subscription to a topic's log. */
export interface Following {
  /** The log's end when the feed began: the first message fed is the one after it. */
  readonly position: Position
  readonly stop: Undo
}

export interface LogListener {
  /** The next message, in the log's order, each once. Called after the append is accepted, never before `follow` resolved. */
  message(message: LogMessage, epoch: string): void
  /** The log lost its epoch, or the feed cannot be continued without a hole; the feed goes on after `position`. */
  reset(reason: GapReason, position: Position): void
}

/**
 * Keeps the recent messages of topics, gives them positions, and feeds them to followers: on a channel with history the
 * log decides the order, for every node.
 *
 * Methods may answer at once or later; a caller must be ready for both, and for a rejection: `append` that rejects with
 * `LogUnavailable` did not accept; any other rejection means unknown. Appends of one topic that one caller started in an
 * order are accepted in that order.
 */
export interface Log {
  /** Whether what keeps the messages can be reached now. Without it: always. */
  readonly healthy?: boolean
  append(topic: string, record: LogRecord, options: AppendOptions): Appended | Promise<Appended>
  /** At most `limit` messages with offsets above `after`. */
  readAfter(topic: string, after: number, limit: number): LogPage | Promise<LogPage>
  /** The newest `limit` messages with offsets below `before`. */
  readBefore(topic: string, before: number, limit: number): LogPage | Promise<LogPage>
  /** The log's end: the epoch is made on first use. */
  top(topic: string): Position | Promise<Position>
  /** Feeds `listener` from the log's present end on. At most one feed a topic and node is asked for. */
  follow(topic: string, listener: LogListener): Following | Promise<Following>
  /** Releases everything. Waits for accepted appends to reach what the log calls accepted. Idempotent. */
  close(): Promise<void>
}

/** The log cannot take this message now: nothing was appended. */
export class LogUnavailable extends Error {
  readonly retryAfterMs: number
  constructor(message: string, options: ErrorOptions & { readonly retryAfterMs?: number } = {}) {
    super(message, options)
    this.name = 'LogUnavailable'
    this.retryAfterMs = options.retryAfterMs ?? 1000
  }
}
