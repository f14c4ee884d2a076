import type { Clock, Undo } from '@rollcall/core'

/**
 * The clock of one machine among several that share a clock: it can be stopped for a while, as a process is that sleeps
 * or is suspended, and for good, as one is that crashed. Wall clocks may differ from machine to machine.
 */
export class HostClock implements Clock {
  readonly #clock: Clock
  readonly #aheadMs: number
  #held: { task: (() => void) | null }[] | null = null
  #stopped = false

  constructor(clock: Clock, aheadMs = 0) {
    this.#clock = clock
    this.#aheadMs = aheadMs
  }

  now(): number {
    return this.#clock.now() + this.#aheadMs
  }

  after(ms: number, task: () => void): Undo {
    const waiting = { task: task as (() => void) | null }
    const undo = this.#clock.after(ms, () => this.#run(waiting))
    return () => {
      waiting.task = null
      undo()
    }
  }

  soon(task: () => void): Undo {
    const waiting = { task: task as (() => void) | null }
    const undo = this.#clock.soon(() => this.#run(waiting))
    return () => {
      waiting.task = null
      undo()
    }
  }

  #run(waiting: { task: (() => void) | null }): void {
    if (this.#stopped) return
    if (this.#held) this.#held.push(waiting)
    else waiting.task?.()
  }

  /** Whether it is neither suspended nor stopped. */
  get running(): boolean {
    return !this.#stopped && this.#held === null
  }

  /** The machine is suspended: what falls due waits until `wake`. */
  sleep(): void {
    this.#held ??= []
  }

  wake(): void {
    const held = this.#held
    this.#held = null
    for (const waiting of held ?? []) this.#clock.soon(() => this.#run(waiting))
  }

  /** Nothing runs on this machine ever again. */
  stop(): void {
    this.#stopped = true
    this.#held = null
  }
}
