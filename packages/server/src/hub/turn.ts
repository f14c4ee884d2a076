import type { Clock } from '@rollcall/core'

/** What went through the hub. */
export interface TrafficCounters {
  /** Messages accepted on this node. */
  emitted: number
  /** Messages given to connections: one for each connection that gets it. */
  deliveries: number
}

/** How often slow connections cost somebody something. */
export interface SlowCounters {
  volatileDropped: number
  volatileConflated: number
  behind: number
  caughtUp: number
  closedAsSlow: number
}

/** What was published to a group in this turn. */
interface GroupRun {
  /** Frames. */
  readonly length: number
  clear(): void
}

// Who writes without a pause has half of the messages under way in each write, the other half on their way to be read.
// After a pause of this part of the time that the writing took, all of them come together: half as many writes.
const PAUSE = 0.25
// A turn that took less is not worth a timer. Nobody waits longer than this for it, in milliseconds.
const SHORT_MS = 1
const MAX_PAUSE_MS = 5

/** Somebody who has something to write. */
interface Writer {
  /** Writes all that waits; nothing more comes in this turn. */
  flush(): void
  /** Writes what waits so far; more may come in this turn. */
  flushEarly(): void
}

/**
 * The end of the event-loop turn, where everything published in the turn is written: one write per connection. Waiting
 * costs nothing when idle (the end of the turn is now) and joins more messages the busier the process is: after a long
 * turn in which messages were joined, the next one is a little later. What is for one connection alone does not wait for that.
 */
export class Turn {
  readonly counters: SlowCounters & TrafficCounters = {
    emitted: 0,
    deliveries: 0,
    volatileDropped: 0,
    volatileConflated: 0,
    behind: 0,
    caughtUp: 0,
    closedAsSlow: 0,
  }
  readonly #clock: Clock
  readonly #report: (what: string, error: unknown) => void
  #outboxes: Writer[] = []
  #groups: GroupRun[] = []
  #scheduled = false
  #pauseUntil = 0
  #pausing = false
  #hurried: Writer[] = []
  #flushing = false
  #deferred: (() => void)[] = []

  constructor(clock: Clock, report: (what: string, error: unknown) => void = () => {}) {
    this.#clock = clock
    this.#report = report
  }

  add(outbox: Writer): void {
    this.#outboxes.push(outbox)
    this.#schedule()
  }

  /** A group has begun a run. */
  addGroup(group: GroupRun): void {
    this.#groups.push(group)
    this.#schedule()
  }

  #schedule(): void {
    if (this.#scheduled) return
    this.#scheduled = true
    const pause = this.#pauseUntil === 0 ? 0 : this.#pauseUntil - this.#clock.now()
    this.#pausing = pause > 0
    if (this.#pausing) this.#clock.after(pause, () => this.flush())
    else this.#clock.soon(() => this.flush())
  }

  /** Whether what is written waits for longer than the end of this turn: `hurry` is for what must not. */
  get pausing(): boolean {
    return this.#pausing
  }

  /** Writes what waits in this outbox at the end of the turn, pause or not. Called once for each time that it is done. */
  hurry(outbox: Writer): void {
    this.#hurried.push(outbox)
    if (this.#hurried.length > 1) return
    this.#clock.soon(() => {
      const hurried = this.#hurried
      this.#hurried = []
      for (const each of hurried) {
        try {
          each.flushEarly()
        } catch (error) {
          this.#report('A connection could not be written to', error)
        }
      }
    })
  }

  /**
   * Whether runs are being written now. A group must not be published to meanwhile: those who have written already would
   * miss the frame. `defer` is for what cannot wait by itself.
   */
  get flushing(): boolean {
    return this.#flushing
  }

  /** Runs `task` once the runs are written. */
  defer(task: () => void): void {
    this.#deferred.push(task)
  }

  /** Writes everything now. Frames pushed meanwhile go out in the next turn. */
  flush(): void {
    this.#scheduled = false
    this.#pausing = false
    const outboxes = this.#outboxes
    const groups = this.#groups
    this.#outboxes = []
    this.#groups = []
    this.#flushing = true
    const beganAt = this.#clock.now()
    for (let i = 0; i < outboxes.length; i++) {
      // One connection's failure must not take the others' frames with it.
      try {
        outboxes[i]?.flush()
      } catch (error) {
        this.#report('A connection could not be written to', error)
      }
    }
    let joined = false
    for (let i = 0; i < groups.length; i++) {
      const group = groups[i] as GroupRun
      if (group.length > 1) joined = true
      group.clear()
    }
    this.#flushing = false
    this.#pauseUntil = joined ? pauseUntil(beganAt, this.#clock.now()) : 0
    if (this.#deferred.length === 0) return
    const deferred = this.#deferred
    this.#deferred = []
    for (const task of deferred) {
      try {
        task()
      } catch (error) {
        this.#report('What was to be published could not be', error)
      }
    }
  }
}

/** Until when the next turn should wait after one that took so long; 0: not at all. */
function pauseUntil(beganAt: number, endedAt: number): number {
  const ms = endedAt - beganAt
  return ms < SHORT_MS ? 0 : endedAt + Math.min(ms * PAUSE, MAX_PAUSE_MS)
}
