import type { Frame, Run } from './frame.ts'

// How a group and an outbox know each other. Both work on the same run: the group fills it, the outboxes take their parts.

/** A place in a group: one membership of one connection. */
export interface Subscriber {
  readonly outbox: Taking
  /** Where it stands in its group's list; -1 outside. Kept by the group. */
  index: number
  /** The group it is in, or was in last. Kept by the group. */
  group: Sharing | null
  /**
   * The connection cannot take `frames` now. The subscriber keeps its own promise in its own way and says what to write
   * all the same; null if the connection must end. May take itself out of its group.
   */
  overflowed(frames: readonly Frame[]): readonly Frame[] | null
}

/** An outbox, as groups see it. */
export interface Taking {
  /** Takes part in the run of the subscriber's group from `start` on. */
  begin(subscriber: Subscriber, start: number): void
  /** Takes no further part, until the group's next frame. */
  end(subscriber: Subscriber): void
}

/** A group, as outboxes see it. */
export interface Sharing {
  /** Frames published in this turn so far. */
  readonly length: number
  readonly size: number
  /** The run from `start` on; one object for all who take it whole. */
  shared(start: number): Run
  slice(start: number, end: number): readonly Frame[]
  /** The subscriber's part of the run was ended by its outbox. */
  ended(subscriber: Subscriber): void
  remove(subscriber: Subscriber): void
}
