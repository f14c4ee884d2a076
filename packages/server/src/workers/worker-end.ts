import type { Clock } from '@rollcall/core'
import { WorkerBroker } from './broker.ts'
import { Kind } from './frame.ts'
import type { Line } from './line.ts'
import { WorkerLog } from './log.ts'

export interface WorkerEndOptions {
  /** The worker's id as a node: unique among the workers, and new with each start. */
  readonly node: string
  readonly clock: Clock
  /** Hears what listeners and responders throw. */
  readonly report: (error: unknown) => void
}

/** What a worker has of the others. */
export interface WorkerEnd {
  readonly broker: WorkerBroker
  readonly log: WorkerLog
}

/** A worker's end of its line to the primary. */
export function openWorkerEnd(line: Line, { node, clock, report }: WorkerEndOptions): WorkerEnd {
  const broker = new WorkerBroker(line, { node, clock, report })
  const log = new WorkerLog(line, { clock, report })
  line.listen({
    heard: (frame) => {
      if (frame.kind < Kind.logged) broker.heard(frame)
      else log.heard(frame)
    },
    ended: () => {
      broker.ended()
      log.ended()
    },
  })
  return { broker, log }
}
