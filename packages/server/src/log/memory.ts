import type { Clock, Position, Random } from '@rollcall/core'
import {
  type Appended,
  type AppendOptions,
  type Following,
  type Log,
  type LogListener,
  type LogPage,
  type LogRecord,
  LogUnavailable,
} from './log.ts'
import { MemoryTopic } from './memory-topic.ts'

export interface MemoryLogOptions {
  readonly clock: Clock
  readonly random: Random
  /** How long an idempotency key is remembered, in milliseconds. Default 300,000: five minutes. */
  readonly idempotencyWindowMs?: number
  /** The newest idempotency keys remembered in a topic; older ones are forgotten before their time. Default 100,000. */
  readonly maxIdempotencyKeys?: number
  /**
   * How long a topic without messages, keys and followers keeps its place, in milliseconds. After that its next message
   * begins a new epoch, and who still holds a position of the old one is told a gap. Default 86,400,000: a day.
   */
  readonly forgetMs?: number
  /** Hears of what a listener threw. Default: nobody does, and the feed goes on. */
  readonly report?: (error: unknown) => void
}

/** How often the topics are looked through for what has aged, and how many of them in one turn. */
const SWEEP_MS = 10_000
const SWEEP_TOPICS = 5_000

/**
 * A log in this process's memory. Answers at once, and feeds followers inside `append`. Accepted means: in memory; all is
 * gone when the process ends. Payloads are kept as they are given, not copied: they must not be changed afterwards.
 * Call `close` when done: while it holds topics a timer runs.
 */
export function memoryLog(options: MemoryLogOptions): Log {
  return new MemoryLog(options)
}

class MemoryLog implements Log {
  private readonly topics: Map<string, MemoryTopic> = new Map()
  private readonly clock: Clock
  private readonly report: (error: unknown) => void
  private readonly idempotencyWindowMs: number
  private readonly maxIdempotencyKeys: number
  private readonly forgetMs: number
  /** With the number of topics made so far it gives each topic an epoch of its own. */
  private readonly epochBase: string
  private made = 0
  private closed = false
  private undoSweep: (() => void) | null = null
  private sweeping: Iterator<[string, MemoryTopic]> | null = null

  constructor(options: MemoryLogOptions) {
    this.clock = options.clock
    this.report = options.report ?? (() => {})
    this.idempotencyWindowMs = atLeast(1, 'idempotencyWindowMs', options.idempotencyWindowMs ?? 300_000)
    this.maxIdempotencyKeys = atLeast(1, 'maxIdempotencyKeys', options.maxIdempotencyKeys ?? 100_000)
    this.forgetMs = atLeast(0, 'forgetMs', options.forgetMs ?? 86_400_000)
    this.epochBase = options.random.token(12)
  }

  append(topic: string, record: LogRecord, options: AppendOptions): Appended | Promise<Appended> {
    if (this.closed) return Promise.reject(closedError())
    const { messages, ageMs, bytes } = options.retention
    if (!(messages > 0 && ageMs > 0 && bytes > 0))
      return Promise.reject(new RangeError('retention: messages, ageMs and bytes must all be above 0'))
    return this.topic(topic).append(record, options, this.clock.now())
  }

  readAfter(topic: string, after: number, limit: number): LogPage | Promise<LogPage> {
    if (this.closed) return Promise.reject(closedError())
    return this.topic(topic).readAfter(after, limit, this.clock.now())
  }

  readBefore(topic: string, before: number, limit: number): LogPage | Promise<LogPage> {
    if (this.closed) return Promise.reject(closedError())
    return this.topic(topic).readBefore(before, limit, this.clock.now())
  }

  top(topic: string): Position | Promise<Position> {
    if (this.closed) return Promise.reject(closedError())
    return this.topic(topic).position
  }

  follow(topic: string, listener: LogListener): Following | Promise<Following> {
    if (this.closed) return Promise.reject(closedError())
    return this.topic(topic).follow(listener)
  }

  async close(): Promise<void> {
    this.closed = true
    this.undoSweep?.()
    this.undoSweep = null
    this.topics.clear()
  }

  private topic(name: string): MemoryTopic {
    const known = this.topics.get(name)
    if (known) return known
    const epoch = `${this.epochBase}${(this.made++).toString(36)}`
    const { idempotencyWindowMs, maxIdempotencyKeys, report } = this
    const topic = new MemoryTopic(epoch, this.clock.now(), { idempotencyWindowMs, maxIdempotencyKeys, report })
    this.topics.set(name, topic)
    if (!this.undoSweep) this.sweepLater()
    return topic
  }

  private sweepLater(): void {
    this.undoSweep = this.clock.after(SWEEP_MS, () => {
      this.undoSweep = null
      this.sweep(this.clock.now())
      if (this.topics.size > 0) this.sweepLater()
    })
  }

  private sweep(now: number): void {
    this.sweeping ??= this.topics.entries()
    for (let i = 0; i < SWEEP_TOPICS; i++) {
      const next = this.sweeping.next()
      if (next.done) {
        this.sweeping = null
        return
      }
      const [name, topic] = next.value
      topic.trim(now)
      if (topic.isIdleSince(now - this.forgetMs)) this.topics.delete(name)
    }
  }
}

function closedError(): LogUnavailable {
  return new LogUnavailable('The log is closed')
}

function atLeast(least: number, name: string, value: number): number {
  if (value >= least) return value
  throw new RangeError(`${name} must be a number of at least ${least}`)
}
