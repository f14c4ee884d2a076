import cluster, { type Worker } from 'node:cluster'
import type { Duplex } from 'node:stream'
import type { Clock } from '@rollcall/core'
import { Line } from './line.ts'
import { type FromWorker, LINE_FD, type ToWorker } from './orders.ts'

/** How long a worker may take to send its clients away and end. An app that closes takes less than that. */
const STOP_MS = 20_000

/** What a worker is to serve, and as whom. */
export type WorkerPlan = Omit<Extract<ToWorker, { kind: 'serve' }>, 'kind'>

export interface Ending {
  readonly code: number | null
  readonly signal: string | null
}

/** A worker's process, as the primary sees it. */
export class WorkerProcess {
  readonly number: number
  readonly line: Line
  /** The url it serves. Rejects with an Error that says why if it does not come to that. */
  readonly serving: Promise<string>
  readonly ended: Promise<Ending>
  readonly #worker: Worker
  readonly #clock: Clock
  #stopping = false

  /** Starts it. `cluster.setupPrimary` says with which program. */
  static start(plan: WorkerPlan, clock: Clock): WorkerProcess {
    const worker = cluster.fork({ ROLLCALL_WORKER: String(plan.number) })
    const socket = worker.process.stdio[LINE_FD]
    return new WorkerProcess(plan, worker, new Line(socket as Duplex, clock), clock)
  }

  private constructor(plan: WorkerPlan, worker: Worker, line: Line, clock: Clock) {
    this.number = plan.number
    this.line = line
    this.#worker = worker
    this.#clock = clock
    this.ended = new Promise((resolve) => {
      worker.once('exit', (code: number | null, signal: string | null) => resolve({ code, signal }))
      worker.on('error', (error) => {
        // A process that was never there has no exit.
        if (worker.process.pid === undefined) resolve({ code: null, signal: String(error) })
      })
    })
    this.serving = new Promise((resolve, reject) => {
      worker.on('message', (message: FromWorker) => {
        // What it was told before it listened is lost.
        if (message.kind === 'ready') this.#tell(this.#stopping ? { kind: 'stop' } : { kind: 'serve', ...plan })
        else if (message.kind === 'serving') resolve(message.url)
        else reject(new Error(message.message))
      })
      void this.ended.then((ending) => reject(new Error(`It ended with ${wayOf(ending)} before it listened`)))
    })
    // Who waits for it hears of a failure.
    this.serving.catch(() => {})
  }

  #tell(order: ToWorker): void {
    // One that has ended in the meantime hears nothing, and that is told by `ended`.
    if (this.#worker.isConnected()) this.#worker.send(order, () => {})
  }

  /** Lets it send its clients away and end; after 20 s it is killed. Answers whether it ended well. */
  async stop(): Promise<boolean> {
    this.#stopping = true
    this.#tell({ kind: 'stop' })
    const cut = this.#clock.after(STOP_MS, () => this.#worker.process.kill('SIGKILL'))
    const { code } = await this.ended
    cut()
    return code === 0
  }
}

/** How a process ended, in words. */
export function wayOf({ code, signal }: Ending): string {
  return signal ?? `code ${code}`
}
