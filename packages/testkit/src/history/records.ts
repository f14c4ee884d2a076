import type { GapReason, Position } from '@rollcall/core'

interface Timed {
  /** Milliseconds of a monotonic clock that all who record share. Records of one history rise by it. */
  readonly at: number
}

/** A message is about to be sent. */
export interface SendRecord extends Timed {
  readonly kind: 'send'
  /** The publisher: its sends on one topic keep their order. */
  readonly by: string
  readonly topic: string
  /** Unique in the history. */
  readonly value: string
  /** It asks for a volatile event: nobody need get it. */
  readonly volatile?: boolean
}

/** What became of a send, as its sender was told. `unknown` is what a timeout is: the message may still appear. */
export interface OutcomeRecord extends Timed {
  readonly kind: 'accepted' | 'refused' | 'unknown'
  readonly topic: string
  readonly value: string
  /** Where an accepted message stands; null on a channel without history. */
  readonly position?: Position | null
}

/**
 * The server has refused a send for now, and its sender tries again by itself: what was sent behind it may have been
 * accepted already.
 */
export interface PostponedRecord extends Timed {
  readonly kind: 'postponed'
  readonly topic: string
  readonly value: string
}

/** A membership has begun. */
export interface JoinedRecord extends Timed {
  readonly kind: 'joined'
  /** The membership, unique in the history. */
  readonly who: string
  readonly topic: string
  /** The user that the membership belongs to, for `barred`. */
  readonly user?: string
  /** Its messages begin after this one; null on a channel without history. */
  readonly after: Position | null
  /** It asked for the newest messages: they may begin up to so many messages earlier than after `after`. */
  readonly last?: number
}

export interface DeliverRecord extends Timed {
  readonly kind: 'deliver'
  readonly who: string
  readonly topic: string
  readonly value: string
  /** Null on a channel without history, and for volatile events. */
  readonly position: Position | null
  /** A volatile event: it may be missing. */
  readonly volatile?: boolean
}

/** A membership was told that it has missed messages for good; it goes on after `position`. */
export interface GapRecord extends Timed {
  readonly kind: 'gap'
  readonly who: string
  readonly topic: string
  readonly reason: GapReason
  readonly position: Position | null
}

/**
 * A membership has lost its connection, has it again, or is over: `left` on purpose, by whomever, or `lost` together with
 * what held it, in which case nobody can say what it should have got.
 */
export interface LifeRecord extends Timed {
  readonly kind: 'interrupted' | 'resumed' | 'left' | 'lost'
  readonly who: string
  readonly topic: string
}

/** A user may get nothing of a topic any more that is sent from now on. */
export interface BarredRecord extends Timed {
  readonly kind: 'barred'
  readonly topic: string
  readonly user: string
}

/** What a log kept at the end, read by whoever asked it. */
export interface ReadRecord extends Timed {
  readonly kind: 'read'
  readonly topic: string
  readonly epoch: string
  /** The offset of the oldest message kept; `top + 1` if none is. */
  readonly first: number
  readonly top: number
  /** Each message's offset and value. */
  readonly messages: readonly (readonly [offset: number, value: string])[]
}

/** Members of a topic: the metadata of the entries of each key, in any order. */
export type Members = Readonly<Record<string, readonly unknown[]>>

/** Who is in a topic: `expected` by those who test, who know whom they let in; `seen` by a membership. */
export interface MembersRecord extends Timed {
  readonly kind: 'expected' | 'seen'
  readonly topic: string
  /** The membership that sees. */
  readonly who?: string
  readonly members: Members
}

/** A membership was told of a change of the roster. */
export interface ChangeRecord extends Timed {
  readonly kind: 'change'
  readonly who: string
  readonly topic: string
  readonly key: string
  readonly change: 'joined' | 'updated' | 'left'
}

/** From now on a key must be shown without a break; or it may be gone. By those who test. */
export interface PresentRecord extends Timed {
  readonly kind: 'present' | 'excused'
  readonly topic: string
  readonly key: string
}

/** Something was broken. */
export interface FaultRecord extends Timed {
  readonly kind: 'fault'
  /** What was done. `log_lost` excuses all that was accepted before it. */
  readonly fault: string
  readonly target: string
  /** Whether it did anything: connections broken, say. */
  readonly effect: number
}

/** Everything is healed, and the time that healing takes has passed: what follows must be as if nothing had been. */
export interface QuietRecord extends Timed {
  readonly kind: 'quiet'
}

/** One thing that happened, as those saw it who test: never as the system under test tells it. */
export type HistoryRecord =
  | SendRecord
  | OutcomeRecord
  | PostponedRecord
  | JoinedRecord
  | DeliverRecord
  | GapRecord
  | LifeRecord
  | BarredRecord
  | ReadRecord
  | MembersRecord
  | ChangeRecord
  | PresentRecord
  | FaultRecord
  | QuietRecord
