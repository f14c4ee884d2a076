import type { Position } from '@rollcall/core'
import { type Appended, LogFeed, type LogMessage, type Retention } from 'rollcall/log'
import type { Encoded, Mark, TopicRow } from './codec.ts'

/** A message on its way into the folder. */
export interface Entry extends Mark {
  readonly topic: Topic
  readonly message: LogMessage
  readonly record: Encoded
  readonly retention: Retention
  readonly key: string | null
  /** What the caller of `append` waits for; null if it was answered at once. */
  readonly answer: Answer | null
}

/** A promise, and the ways to settle it. */
export interface Answer {
  readonly promise: Promise<Appended>
  readonly resolve: (appended: Appended) => void
  readonly reject: (error: Error) => void
}

export function answerLater(): Answer {
  let resolve: (appended: Appended) => void = () => {}
  let reject: (error: Error) => void = () => {}
  const promise = new Promise<Appended>((accept, refuse) => {
    resolve = accept
    reject = refuse
  })
  return { promise, resolve, reject }
}

/** How a topic will stand when a transaction has gone through. */
export interface Plan {
  readonly first: number
  /** The lowest offset that stays stored. */
  readonly low: number
  readonly retention: Retention | null
}

/** Reads the mark of a stored message. */
export type ReadMark = (offset: number) => Mark | undefined

/** So many trimmed messages are left in the folder before they are deleted together: that saves writing a page for each. */
const LAG = 32
/** And so many at once at most: more would hold up the event loop. */
export const DELETES = 2_000

/** One topic: where it stands, and what waits to be written. Knows nothing of the engine. */
export class Topic {
  readonly name: string
  /** Its number in the folder; 0 before the first append, so that asking for topics uses none up. */
  id: number
  readonly generation: number
  readonly epoch: string
  readonly feed: LogFeed
  /** Whether the folder has a row of this topic. */
  stored: boolean
  retention: Retention | null
  /** The lowest offset in the folder; `written + 1` if none is. */
  low: number
  /** The oldest offset within the bounds. */
  first: number
  /** The newest offset in the folder. */
  written: number
  /** The newest offset that was accepted: reading and following know of nothing above. */
  accepted: number
  /** The newest offset given. */
  top: number
  /** The bytes of all messages up to `top`, as a running total. */
  total: number
  /** When the newest message was appended, or the topic was first used. */
  since: number
  /** Appended and not yet written: offsets `written + 1` to `top`. */
  readonly pending: Entry[] = []

  constructor(place: {
    readonly name: string
    readonly row: TopicRow
    readonly stored: boolean
    readonly epoch: string
    readonly newest: { readonly offset: number; readonly mark: Mark } | null
    readonly report: (error: unknown) => void
  }) {
    const { row, newest } = place
    const top = newest?.offset ?? row.top
    this.name = place.name
    this.id = row.id
    this.generation = row.generation
    this.epoch = place.epoch
    this.feed = new LogFeed(place.report)
    this.stored = place.stored
    this.retention = place.stored ? row.retention : null
    this.low = newest ? row.low : top + 1
    this.first = this.low
    this.written = top
    this.accepted = top
    this.top = top
    this.total = newest ? newest.mark.before + newest.mark.bytes : 0
    this.since = newest?.mark.since ?? row.since
  }

  get position(): Position {
    return { epoch: this.epoch, offset: this.accepted }
  }

  /** Whether anything is known of it that the folder does not know, or somebody follows. */
  get isBusy(): boolean {
    return this.feed.size > 0 || this.top !== this.accepted || this.top !== this.written
  }

  pendingAt(offset: number): Entry | undefined {
    return this.pending[offset - this.written - 1]
  }

  /** Lets go of what is beyond the bounds now, for a reader. */
  trim(now: number, read: ReadMark): void {
    const retention = this.accepted > this.written ? this.pending.at(-1)?.retention : this.retention
    if (retention) this.first = this.bounded(this.first, retention, now, Math.max(this.written, this.accepted), read)
  }

  /** What to write and delete, if the first `count` pending entries are written now. */
  plan(count: number, now: number, read: ReadMark): Plan {
    let { first, retention } = this
    for (let i = 0; i < count; i++) {
      const next = this.pending[i]?.retention
      if (!next || next === retention) continue
      // What older bounds have let go must not come back under wider ones.
      if (retention) first = this.bounded(first, retention, now, this.written + i, read)
      retention = next
    }
    if (retention) first = this.bounded(first, retention, now, this.written + count, read)
    // What is written anew must follow on what is stored. And whoever opens the folder knows the newest bounds alone: what
    // others have let go must be gone by then.
    const isDue =
      first - this.low >= LAG || first > this.written + 1 || (retention !== this.retention && first > this.low)
    return { first, low: isDue ? Math.min(first, this.low + DELETES) : this.low, retention }
  }

  /** Takes note that a plan for the first `count` pending entries has gone through. */
  wrote(count: number, plan: Plan): void {
    this.pending.splice(0, count)
    this.written += count
    this.retention = plan.retention
    this.first = plan.first
    this.low = plan.low
    this.stored = true
  }

  /** Takes back what was appended and not written. */
  forgetPending(): void {
    const oldest = this.pending[0]
    if (!oldest) return
    this.total = oldest.before
    this.top = this.written
    this.pending.length = 0
  }

  row(plan: Plan, top: number): TopicRow {
    const retention = plan.retention ?? { messages: 1, ageMs: 1, bytes: 1 }
    return { id: this.id, generation: this.generation, retention, low: plan.low, top, since: this.since }
  }

  /** The oldest offset of `from` to `top` that no bound lets go of; `top + 1` if there is none. */
  private bounded(from: number, retention: Retention, now: number, top: number, read: ReadMark): number {
    const mark = (offset: number): Mark | undefined => this.pendingAt(offset) ?? read(offset)
    let first = Math.max(from, top - retention.messages + 1)
    const end = this.endOf(top, mark)
    const stays = (offset: number): boolean => {
      const found = mark(offset)
      // A mark that cannot be read has been deleted: that is older than any that is there.
      return found !== undefined && now - found.since < retention.ageMs && end - found.before <= retention.bytes
    }
    if (first > top || stays(first)) return first
    // Ages and totals rise with offsets, so the boundary can be found by halves.
    let beyond = top + 1
    while (beyond - first > 1) {
      const middle = Math.floor((first + beyond) / 2)
      if (stays(middle)) beyond = middle
      else first = middle
    }
    return beyond
  }

  private endOf(top: number, mark: (offset: number) => Mark | undefined): number {
    if (top === this.top) return this.total
    const newest = mark(top)
    return newest ? newest.before + newest.bytes : 0
  }
}
