import type { Clock, Random, Undo } from '@rollcall/core'

/** Its time and timers are moved by hand; turns end by themselves, as the engine's work does. */
export class HalfClock implements Clock {
  private time: number
  private tasks: { at: number; task: () => void }[] = []

  constructor(time = 1_700_000_000_000) {
    this.time = time
  }

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
    const timer = setImmediate(task)
    return () => clearImmediate(timer)
  }

  get pending(): number {
    return this.tasks.length
  }

  async advance(ms: number): Promise<void> {
    const end = this.time + ms
    for (;;) {
      const due = this.tasks.filter((each) => each.at <= end).sort((a, b) => a.at - b.at)[0]
      if (!due) break
      this.tasks = this.tasks.filter((each) => each !== due)
      this.time = Math.max(this.time, due.at)
      due.task()
    }
    this.time = end
    await turn()
  }
}

/** Lets what was started have its turn, flushes of the disk too. */
export async function turn(): Promise<void> {
  for (let i = 0; i < 3; i++) await new Promise((resolve) => setImmediate(resolve))
  await new Promise((resolve) => setTimeout(resolve, 1))
}

/** Tokens that differ, and can be told apart from those of another one. */
export function namedRandom(name: string): Random {
  let count = 0
  return { fraction: () => 0.5, token: () => `${name}${count++}` }
}
