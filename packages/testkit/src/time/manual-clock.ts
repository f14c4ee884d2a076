import { setImmediate as macrotask } from 'node:timers'
import type { Clock, Undo } from '@rollcall/core'
import { type Scheduled, TaskQueue } from './task-queue.ts'

/** A clock that stands still until it is told to move. */
export interface ManualClock extends Clock {
  /** Tasks that wait for their time. */
  readonly pending: number
  /**
   * Moves on by `ms`: runs what falls due, in order, each task at its own time, and lets all promises that a task settles
   * take effect before the next one runs. Rejects with what a task throws; the clock then stands at that task's time.
   */
  advance(ms: number): Promise<void>
  /** Lets promises take effect and runs what is due now: `advance(0)`. */
  settle(): Promise<void>
  /**
   * Moves on until `promise` is settled, and answers as it does: an awaited promise would never settle on a clock that
   * stands still. Rejects if it is not settled within `withinMs` (default 60,000) of this clock's time.
   */
  until<T>(promise: Promise<T>, withinMs?: number): Promise<T>
}

export interface ManualClockOptions {
  /** The time it begins at, in milliseconds since the Unix epoch. Default 1,700,000,000,000. */
  readonly startMs?: number
  /** So many tasks at one and the same time mean that they call one another without end. Default 1,000,000. */
  readonly maxTasksAtOnce?: number
}

/** Makes a clock that stands still until it is told to move. */
export function manualClock({
  startMs = 1_700_000_000_000,
  maxTasksAtOnce = 1_000_000,
}: ManualClockOptions = {}): ManualClock {
  return new HeldClock(startMs, maxTasksAtOnce)
}

class HeldClock implements ManualClock {
  readonly #timers = new TaskQueue()
  readonly #soon = new TaskQueue()
  readonly #maxTasksAtOnce: number
  #now: number
  #order = 0
  #pending = 0
  #moving = false

  constructor(startMs: number, maxTasksAtOnce: number) {
    this.#now = Math.ceil(startMs)
    this.#maxTasksAtOnce = maxTasksAtOnce
  }

  now(): number {
    return this.#now
  }

  get pending(): number {
    return this.#pending
  }

  after(ms: number, task: () => void): Undo {
    // Whole milliseconds, as real timers have them: a fraction would get lost between `now` and `after`.
    return this.#add(this.#timers, Math.max(0, Math.ceil(ms)), task)
  }

  soon(task: () => void): Undo {
    return this.#add(this.#soon, 0, task)
  }

  #add(queue: TaskQueue, ms: number, task: () => void): Undo {
    const scheduled: Scheduled = { at: this.#now + ms, order: this.#order++, task }
    queue.add(scheduled)
    this.#pending++
    return () => {
      if (scheduled.task === null) return
      scheduled.task = null
      this.#pending--
    }
  }

  settle(): Promise<void> {
    return this.advance(0)
  }

  async advance(ms: number): Promise<void> {
    if (!(ms >= 0)) throw new RangeError('advance: ms must be a number from 0')
    await this.#move(this.#now + Math.ceil(ms), () => false)
  }

  async until<T>(promise: Promise<T>, withinMs = 60_000): Promise<T> {
    let settled = false
    const mark = () => {
      settled = true
    }
    promise.then(mark, mark)
    await this.#move(this.#now + Math.ceil(withinMs), () => settled)
    if (settled) return promise
    throw new Error(`The promise was not settled within ${withinMs} ms of the manual clock`)
  }

  async #move(end: number, enough: () => boolean): Promise<void> {
    if (this.#moving) throw new Error('The manual clock is moving already: await the call before')
    this.#moving = true
    try {
      await drained()
      let atOnce = 0
      while (!enough()) {
        const next = this.#next(end)
        if (!next) break
        atOnce = next.at > this.#now ? 0 : atOnce + 1
        if (atOnce > this.#maxTasksAtOnce) throw new Error('Tasks of the manual clock call one another without end')
        this.#now = Math.max(this.#now, next.at)
        const { task } = next
        next.task = null
        this.#pending--
        task?.()
        await drained()
      }
      if (!enough()) this.#now = end
    } finally {
      this.#moving = false
    }
  }

  // What was put off to the end of the turn goes before any timer.
  #next(end: number): Scheduled | undefined {
    if (this.#soon.peek()) return this.#soon.take()
    const timer = this.#timers.peek()
    return timer && timer.at <= end ? this.#timers.take() : undefined
  }
}

/** Resolves when no promise has anything left to do: a turn of the real event loop comes after all of them. */
function drained(): Promise<void> {
  return new Promise((resolve) => {
    macrotask(resolve)
  })
}
