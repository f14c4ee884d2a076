import type { Clock, Random, Undo } from '@rollcall/core'

/** A clock that moves when it is told to. */
export class HandClock implements Clock {
  private time = 1_700_000_000_000
  private tasks: { at: number; task: () => void }[] = []

  now(): number {
    return this.time
  }

  after(ms: number, task: () => void): Undo {
    const entry = { at: this.time + ms, task }
    this.tasks.push(entry)
    return () => {
      this.tasks = this.tasks.filter((each) => each !== entry)
    }
  }

  soon(task: () => void): Undo {
    return this.after(0, task)
  }

  get pending(): number {
    return this.tasks.length
  }

  advance(ms: number): void {
    const end = this.time + ms
    for (;;) {
      const due = this.tasks.filter((each) => each.at <= end).sort((a, b) => a.at - b.at)[0]
      if (!due) break
      this.tasks = this.tasks.filter((each) => each !== due)
      this.time = Math.max(this.time, due.at)
      due.task()
    }
    this.time = end
  }
}

/** Chance without chance: tokens `t0`, `t1`, … */
export function seededRandom(): Random {
  let count = 0
  return { fraction: () => 0.5, token: () => `t${count++}-` }
}
