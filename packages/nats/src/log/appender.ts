import { type Appended, type AppendOptions, type LogRecord, LogUnavailable } from 'rollcall/log'
import { BLOCK_OVERHEAD_BYTES, type Entry, toEntry } from './block.ts'
import { commit, untaken } from './commit.ts'
import type { Topic } from './topic.ts'

/** One block holds at most so many records and, unless a single record is larger, bytes. */
const MAX_BLOCK_RECORDS = 512
const MAX_BLOCK_BYTES = 128 * 1024

interface Waiting {
  readonly entry: Entry
  readonly options: AppendOptions
  readonly deadline: number
  settled: boolean
  resolve(appended: Appended): void
  reject(error: unknown): void
}

/** A waiting append whose record is to be stored, or that repeats one of the same block. */
interface Placed {
  readonly waiting: Waiting
  readonly offset: number
  readonly duplicate: boolean
}

/**
 * Appends to one topic, in order. One block is under way at a time; what comes meanwhile goes with the next, so that a slow
 * stream makes larger blocks, not longer queues.
 *
 * A block is stored only if it follows the newest one that this node knows (compare and set by the topic's last sequence).
 * So offsets, which stand in the blocks, rise by one without a hole whoever appends; who is overtaken takes in what the
 * others stored and tries again.
 */
export class Appender {
  readonly #topic: Topic
  readonly #appended: (base: number, top: number) => void
  #queue: Waiting[] = []
  #running: Promise<void> | null = null
  #bytes = 0

  /** `appended` hears of every block stored: the offsets of its first and last message. */
  constructor(topic: Topic, appended: (base: number, top: number) => void) {
    this.#topic = topic
    this.#appended = appended
  }

  /** Whether nothing waits. */
  get idle(): boolean {
    return this.#running === null
  }

  append(record: LogRecord, options: AppendOptions): Promise<Appended> {
    const { link, settings } = this.#topic.parts
    const entry = toEntry(record, options.idempotencyKey)
    const maxBytes = (link.nc.info?.max_payload ?? 1_048_576) - BLOCK_OVERHEAD_BYTES
    if (entry.byteLength > maxBytes)
      throw new RangeError(`Cannot append ${entry.byteLength} bytes: this NATS takes at most ${maxBytes}`)
    if (link.awayMs > settings.patienceMs) throw new LogUnavailable('Cannot append: NATS is away')
    if (this.#bytes + entry.byteLength > settings.maxPendingBytes)
      throw new LogUnavailable(`Cannot append to "${this.#topic.name}": too much waits for JetStream already`)
    this.#bytes += entry.byteLength
    return new Promise((resolve, reject) => {
      const deadline = settings.clock.now() + settings.patienceMs
      this.#queue.push({ entry, options, deadline, settled: false, resolve, reject })
      this.#running ??= this.#run()
    })
  }

  /** Resolves once all that was appended has been accepted or rejected. */
  async settled(): Promise<void> {
    while (this.#running) await this.#running
  }

  // Never rejects.
  async #run(): Promise<void> {
    while (this.#queue.length > 0) {
      let batch: Waiting[] = []
      try {
        const { replica } = this.#topic
        await this.#topic.lastSeen()
        if (!replica.keysComplete && this.#queue.some(({ options }) => options.idempotencyKey !== undefined))
          await this.#topic.loadKeys()
        batch = this.#takeBatch()
        await this.#commit(batch)
      } catch (error) {
        // What was not sent is refused; all that wait would meet the same.
        const refusal = error instanceof LogUnavailable ? error : untaken(this.#topic.name, error)
        for (const waiting of [...batch, ...this.#queue.splice(0)]) this.#reject(waiting, refusal)
      }
    }
    // Here, not when the promise settles: what is appended in between must find nobody running.
    this.#running = null
  }

  #takeBatch(): Waiting[] {
    let bytes = 0
    let count = 0
    for (const { entry } of this.#queue) {
      bytes += entry.byteLength
      if (count > 0 && (bytes > MAX_BLOCK_BYTES || count >= MAX_BLOCK_RECORDS)) break
      count++
    }
    return this.#queue.splice(0, count)
  }

  async #commit(batch: readonly Waiting[]): Promise<void> {
    const topic = this.#topic
    const tip = await topic.lastSeen()
    const placed = this.#place(batch, tip.epoch, tip.top + 1)
    const stored = placed.filter(({ duplicate }) => !duplicate).map(({ waiting }) => waiting)
    const [oldest, newest] = [stored[0], stored.at(-1)]
    if (!oldest || !newest) return
    const entries = stored.map(({ entry }) => entry)
    const committed = await commit(topic, tip, entries, newest.options.retention, oldest.deadline)
    if (committed.kind === 'overtaken') {
      const now = topic.parts.settings.clock.now()
      const late = untaken(topic.name, new Error('Others append all the time'))
      for (const { waiting } of placed) if (waiting.deadline <= now) this.#reject(waiting, late)
      this.#queue.unshift(...placed.map(({ waiting }) => waiting).filter(({ settled }) => !settled))
    } else if (committed.kind === 'doubtful') {
      const { cause } = committed
      const doubt = new Error(`Whether the append to "${topic.name}" was accepted is unknown`, { cause })
      for (const { waiting } of placed) this.#reject(waiting, doubt)
    } else {
      for (const { waiting, offset, duplicate } of placed)
        this.#resolve(waiting, { position: { epoch: tip.epoch, offset }, duplicate })
      this.#appended(tip.top + 1, tip.top + entries.length)
    }
  }

  // Answers what repeats a message that is in the log already, and gives the others their places.
  #place(batch: readonly Waiting[], epoch: string, base: number): Placed[] {
    const { replica, parts } = this.#topic
    const now = parts.settings.clock.now()
    const places = new Map<string, number>()
    const placed: Placed[] = []
    let next = base
    for (const waiting of batch) {
      const key = waiting.options.idempotencyKey
      const known = key === undefined ? undefined : replica.keys.offsetOf(key, now)
      const repeated = key === undefined ? undefined : places.get(key)
      if (known !== undefined) {
        this.#resolve(waiting, { position: { epoch, offset: known }, duplicate: true })
      } else if (repeated !== undefined) {
        placed.push({ waiting, offset: repeated, duplicate: true })
      } else {
        placed.push({ waiting, offset: next, duplicate: false })
        if (key !== undefined) places.set(key, next)
        next++
      }
    }
    return placed
  }

  #resolve(waiting: Waiting, appended: Appended): void {
    if (this.#settle(waiting)) waiting.resolve(appended)
  }

  #reject(waiting: Waiting, error: unknown): void {
    if (this.#settle(waiting)) waiting.reject(error)
  }

  // Answers whether it was still open.
  #settle(waiting: Waiting): boolean {
    if (waiting.settled) return false
    waiting.settled = true
    this.#bytes -= waiting.entry.byteLength
    return true
  }
}
