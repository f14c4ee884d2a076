import type { Clock } from '@rollcall/core'
import type { Log } from '../log/log.ts'
import { isForLog } from './frame.ts'
import type { Line } from './line.ts'
import { LogDesk } from './log-desk.ts'
import { Switchboard } from './switchboard.ts'

export interface PrimaryEndOptions {
  /** The log that all workers share. */
  readonly log: Log
  readonly clock: Clock
  /** Hears of workers that do not keep up, and of lines that broke. */
  readonly report: (what: string) => void
}

/** What the primary does for its workers: it carries messages between them, and has their log. */
export class PrimaryEnd {
  readonly #switchboard: Switchboard
  readonly #desk: LogDesk
  readonly #report: (what: string) => void

  constructor({ log, clock, report }: PrimaryEndOptions) {
    this.#switchboard = new Switchboard({ report })
    this.#desk = new LogDesk(log, { clock })
    this.#report = report
  }

  /** Takes a worker's line in use, until it ends. */
  connect(line: Line): void {
    const seat = this.#switchboard.connect(line)
    const customer = this.#desk.connect(line)
    line.listen({
      heard: (frame) => {
        if (isForLog(frame.kind)) customer.heard(frame)
        else seat.heard(frame)
      },
      ended: (cause) => {
        seat.ended()
        customer.ended()
        if (cause) this.#report(`The line of a worker broke: ${cause}`)
      },
    })
  }
}
