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

/**
 * The end of the event-loop turn, where everything published in the turn is written: one write per connection. Waiting
 * costs nothing when idle (the end of the turn is now) and joins more messages the busier the process is.
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
  #outboxes: { flush(): void }[] = []
  #groups: { clear(): void }[] = []
  #scheduled = false
  #flushing = false
  #deferred: (() => void)[] = []

  constructor(clock: Clock, report: (what: string, error: unknown) => void = () => {}) {
    this.#clock = clock
    this.#report = report
  }

  add(outbox: { flush(): void }): void {
    this.#outboxes.push(outbox)
    this.#schedule()
  }

  /** A group has begun a run. */
  addGroup(group: { clear(): void }): void {
    this.#groups.push(group)
    this.#schedule()
  }

  #schedule(): void {
    if (this.#scheduled) return
    this.#scheduled = true
    this.#clock.soon(() => this.flush())
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
    const outboxes = this.#outboxes
    const groups = this.#groups
    this.#outboxes = []
    this.#groups = []
    this.#flushing = true
    for (let i = 0; i < outboxes.length; i++) {
      // One connection's failure must not take the others' frames with it.
      try {
        outboxes[i]?.flush()
      } catch (error) {
        this.#report('A connection could not be written to', error)
      }
    }
    for (let i = 0; i < groups.length; i++) groups[i]?.clear()
    this.#flushing = false
    if (this.#deferred.length === 0) return
    const deferred = this.#deferred
    this.#deferred = []
    for (const task of deferred) task()
  }
}
