import { duplexPair } from 'node:stream'
import { type Clock, systemClock, systemRandom } from '@rollcall/core'
import type { Log } from '../../src/log/log.ts'
import { memoryLog } from '../../src/log/memory.ts'
import { Line } from '../../src/workers/line.ts'
import { PrimaryEnd } from '../../src/workers/primary-end.ts'
import { openWorkerEnd, type WorkerEnd } from '../../src/workers/worker-end.ts'

/** A worker of an office, with both ends of its line. */
interface Colleague extends WorkerEnd {
  readonly line: Line
  readonly farLine: Line
}

/** A primary and its workers in this process. */
export interface Office {
  readonly reported: unknown[]
  worker(node: string): Colleague
  /** Takes a line whose other end the test has. */
  connect(line: Line): void
}

export function openOffice(options: { readonly log?: Log; readonly clock?: Clock } = {}): Office {
  const { log = memoryLog({ clock: systemClock, random: systemRandom }), clock = systemClock } = options
  const reported: unknown[] = []
  const primary = new PrimaryEnd({ log, clock, report: (what) => reported.push(what) })
  return {
    reported,
    connect: (line) => primary.connect(line),
    worker(node) {
      const [near, far] = duplexPair()
      const line = new Line(near, systemClock)
      const farLine = new Line(far, systemClock)
      primary.connect(farLine)
      const end = openWorkerEnd(line, { node, clock, report: (error) => reported.push(error) })
      return { ...end, line, farLine }
    },
  }
}
