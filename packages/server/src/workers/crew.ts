import cluster from 'node:cluster'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { backoffMs, type Clock, type Random, type Undo } from '@rollcall/core'
import type { Log } from '../log/log.ts'
import { PrimaryEnd } from './primary-end.ts'
import { WorkerProcess, wayOf } from './worker-process.ts'

export interface CrewOptions {
  /** The program of a worker. */
  readonly program: string
  /** The file of the app. */
  readonly file: string
  readonly port: number
  readonly host: string
  readonly workers: number
  /** The log that all workers share. It stays open when the crew is closed. */
  readonly log: Log
  /** Hears what happens to workers. */
  readonly say: (line: string) => void
  readonly clock: Clock
  readonly random: Random
}

/** A worker that ran for so long, in milliseconds, is started again at once when it ends. */
const STEADY_MS = 10_000

/** A place among the workers, and who has it. */
interface Place {
  readonly number: number
  worker: WorkerProcess | null
  servingSince: number | null
  /** How often in a row its worker did not last. */
  failures: number
  undoRestart: Undo
}

/** Some processes that serve one app on one port. One that ends is replaced. */
export class Crew {
  readonly #options: CrewOptions
  readonly #primary: PrimaryEnd
  readonly #places: readonly Place[]
  readonly #running = new Set<WorkerProcess>()
  readonly #folder: string | null
  #port: number
  #url = ''
  #renewing: Promise<void> | null = null
  #closing: Promise<boolean> | null = null

  constructor(options: CrewOptions) {
    this.#options = options
    const { log, clock, say, port } = options
    this.#port = port
    this.#folder = meetingPlace(say)
    this.#primary = new PrimaryEnd({ log, clock, report: say })
    this.#places = Array.from({ length: options.workers }, (_, i) => ({
      number: i + 1,
      worker: null,
      servingSince: null,
      failures: 0,
      undoRestart: () => {},
    }))
  }

  /** Starts the workers, and resolves when all of them listen. Rejects, with none left, if one cannot. Called once. */
  async open(): Promise<void> {
    // Node shares a port by accepting in the primary, in turn: connections stay for long, so they must be spread evenly.
    cluster.setupPrimary({
      exec: this.#options.program,
      args: [],
      stdio: ['ignore', 'inherit', 'inherit', 'ipc', 'pipe'],
    })
    try {
      // One goes ahead: what is wrong with the app is said once, and a port of 0 is taken once.
      const [first, ...others] = this.#places
      if (first) await this.#open(first)
      await Promise.all(others.map((place) => this.#open(place)))
    } catch (error) {
      await this.close()
      throw error
    }
  }

  /** Where the app is. */
  get url(): string {
    return this.#url
  }

  async #open(place: Place): Promise<void> {
    if (this.#closing) throw new Error('Stopped before all workers listened')
    const worker = this.#start(place.number)
    const url = await worker.serving.catch((error: Error) => {
      throw place.number === 1 ? error : new Error(`Worker ${place.number}: ${error.message}`, { cause: error })
    })
    this.#take(place, worker, url)
  }

  #start(number: number): WorkerProcess {
    const { file, host, random, clock } = this.#options
    // Node shares a port among those who ask for the same one: for 0, until nobody is left who has it.
    if (this.#options.port === 0 && this.#running.size === 0 && this.#url !== '')
      this.#port = Number(new URL(this.#url).port)
    const port = this.#port
    const node = `w${number}-${random.token(9)}`
    const plan = { file, port, host, number, node, workers: this.#places.length, folder: this.#folder }
    const worker = WorkerProcess.start(plan, clock)
    this.#primary.connect(worker.line)
    this.#running.add(worker)
    void worker.ended.then(() => this.#running.delete(worker))
    return worker
  }

  /** Gives a place to a worker that serves, until it ends. */
  #take(place: Place, worker: WorkerProcess, url: string): void {
    place.worker = worker
    place.servingSince = this.#options.clock.now()
    // If the last who had a port of 0 ends while the next one starts, that one gets another.
    if (this.#url !== '' && this.#url !== url) this.#options.say(`listening on ${url}`)
    this.#url = url
    void worker.ended.then((ending) => {
      if (place.worker === worker) this.#lost(place, wayOf(ending))
    })
  }

  #lost(place: Place, how: string): void {
    const { clock, random, say } = this.#options
    const lasted = place.servingSince !== null && clock.now() - place.servingSince >= STEADY_MS
    place.worker = null
    place.servingSince = null
    if (this.#closing) return
    place.failures = lasted ? 0 : place.failures + 1
    const waitMs = place.failures === 0 ? 0 : backoffMs(place.failures - 1, random)
    say(`Worker ${place.number} ended with ${how}. It is started again ${waitMs === 0 ? 'now' : `in ${waitMs} ms`}`)
    place.undoRestart = clock.after(waitMs, () => void this.#restart(place))
  }

  async #restart(place: Place): Promise<void> {
    const worker = this.#start(place.number)
    place.worker = worker
    try {
      const url = await worker.serving
      if (place.worker === worker) this.#take(place, worker, url)
    } catch (error) {
      if (this.#closing) return
      this.#options.say(`Worker ${place.number}: ${(error as Error).message}`)
      const ending = await worker.ended
      if (place.worker === worker) this.#lost(place, wayOf(ending))
    }
  }

  /**
   * Replaces the workers one after the other by new ones, which read the app's file anew; each ends when its successor
   * serves. If one cannot serve, the rest stay as they are.
   */
  renew(): Promise<void> {
    this.#renewing ??= this.#renew().finally(() => {
      this.#renewing = null
    })
    return this.#renewing
  }

  async #renew(): Promise<void> {
    for (const place of this.#places) {
      if (this.#closing) return
      const fresh = this.#start(place.number)
      let url: string
      try {
        url = await fresh.serving
      } catch (error) {
        this.#options.say(`Worker ${place.number} cannot be replaced, and stays: ${(error as Error).message}`)
        return
      }
      place.undoRestart()
      const old = place.worker
      this.#take(place, fresh, url)
      if (old && !(await old.stop())) this.#options.say(`The old worker ${place.number} did not end by itself`)
    }
    this.#options.say('All workers are replaced')
  }

  /** Lets all workers send their clients away and end. Answers whether all ended well. Idempotent. */
  close(): Promise<boolean> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<boolean> {
    for (const { undoRestart } of this.#places) undoRestart()
    const ends = await Promise.all([...this.#running].map((worker) => worker.stop()))
    if (this.#folder !== null) rmSync(this.#folder, { recursive: true, force: true })
    return ends.every((well) => well)
  }
}

/** A folder that only this user can enter, where workers pass requests to each other. */
function meetingPlace(say: (line: string) => void): string | null {
  try {
    return mkdtempSync(join(tmpdir(), 'rollcall-'))
  } catch (error) {
    say(`Clients that poll are not served well, since workers have no place to meet: ${error}`)
    return null
  }
}
