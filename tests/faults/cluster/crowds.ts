import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { bundled } from './bundle.ts'
import type { CrowdOrder, CrowdReport } from './crowd.ts'

/** Clients in several processes. */
export class Crowds {
  readonly #processes: readonly ChildProcess[]

  private constructor(processes: readonly ChildProcess[]) {
    this.#processes = processes
  }

  static async open(processes: number): Promise<Crowds> {
    const script = await bundled('crowd')
    return new Crowds(Array.from({ length: processes }, () => fork(script, { execArgv: [] })))
  }

  #order(order: (i: number) => CrowdOrder): void {
    for (const [i, child] of this.#processes.entries()) child.send(order(i))
  }

  /** Where connections go from now on. */
  go(ports: readonly number[]): void {
    this.#order(() => ({ do: 'go', ports }))
  }

  /** So many clients come, spread over so many rooms. */
  come(count: number, rooms: number): void {
    this.#order((i) => ({ do: 'come', count: count / this.#processes.length, rooms, name: `crowd-${i}` }))
  }

  async report(): Promise<CrowdReport> {
    const reports = await Promise.all(
      this.#processes.map(async (child) => {
        const answer = once(child, 'message')
        child.send({ do: 'tell' } satisfies CrowdOrder)
        return ((await answer) as [CrowdReport])[0]
      }),
    )
    const sum = (of: (report: CrowdReport) => number) => reports.reduce((all, report) => all + of(report), 0)
    return {
      here: sum(({ here }) => here),
      away: reports.flatMap(({ away }) => away),
      attempts: sum(({ attempts }) => attempts),
      fewest: Math.min(...reports.map(({ fewest }) => fewest)),
      most: Math.max(...reports.map(({ most }) => most)),
      gaps: sum(({ gaps }) => gaps),
      misplaced: sum(({ misplaced }) => misplaced),
      rosters: [
        Math.min(...reports.map(({ rosters }) => rosters[0])),
        Math.max(...reports.map(({ rosters }) => rosters[1])),
      ],
    }
  }

  async close(): Promise<void> {
    await Promise.all(
      this.#processes.map(async (child) => {
        if (child.exitCode !== null || child.signalCode !== null) return
        const ended = once(child, 'exit')
        child.kill('SIGKILL')
        await ended
      }),
    )
  }
}
