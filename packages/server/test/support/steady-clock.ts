import { type Clock, systemClock, type Undo } from '@rollcall/core'

interface Task {
  readonly at: number
  readonly run: () => void
}

/**
 * Time that passes by turns of the event loop, at most a millisecond in each: about as fast as real time on an idle machine,
 * and slower on one that is busy. So what a test does within a limit of milliseconds is within it however long the process
 * was not let run.
 */
class SteadyClock implements Clock {
  #now = systemClock.now()
  #tasks: Task[] = []
  #ticking = false

  now(): number {
    return this.#now
  }

  after(ms: number, run: () => void): Undo {
    const task = { at: this.#now + ms, run }
    this.#tasks.push(task)
    this.#tick()
    return () => {
      this.#tasks = this.#tasks.filter((each) => each !== task)
    }
  }

  soon(run: () => void): Undo {
    return systemClock.soon(run)
  }

  // Each task has a turn of its own, before which all has happened that the one before it led to at once.
  #tick(): void {
    if (this.#ticking || this.#tasks.length === 0) return
    this.#ticking = true
    const [next] = this.#tasks.toSorted((a, b) => a.at - b.at)
    const due = next !== undefined && next.at <= this.#now ? next : null
    const turn = () => {
      this.#ticking = false
      if (due === null) this.#now++
      else if (this.#tasks.includes(due)) {
        this.#tasks = this.#tasks.filter((each) => each !== due)
        due.run()
      }
      this.#tick()
    }
    if (due === null) setTimeout(turn, 1)
    else setImmediate(turn)
  }
}

/** The one clock of all that a test file runs. */
export const steadyClock: Clock = new SteadyClock()

/** The same for what takes seconds: so many times as fast. */
export function hastyClock(times: number): Clock {
  const start = steadyClock.now()
  return {
    now: () => start + (steadyClock.now() - start) * times,
    after: (ms, task) => steadyClock.after(ms / times, task),
    soon: (task) => steadyClock.soon(task),
  }
}
