import type { Position } from '@rollcall/core'
import { LogFeed } from './feed.ts'
import { KeyWindow } from './key-window.ts'
import type {
  Appended,
  AppendOptions,
  Following,
  LogListener,
  LogMessage,
  LogPage,
  LogRecord,
  Retention,
} from './log.ts'
import { Ring } from './ring.ts'
import { sizeOf } from './size.ts'

interface Kept {
  readonly message: LogMessage
  readonly bytes: number
  /** By the log's own clock: `at` belongs to the caller and need not rise. */
  readonly since: number
}

export interface MemoryTopicOptions {
  readonly idempotencyWindowMs: number
  readonly maxIdempotencyKeys: number
  readonly report: (error: unknown) => void
}

/** One topic of the memory log. */
export class MemoryTopic {
  private readonly epoch: string
  private readonly kept: Ring<Kept> = new Ring()
  private bytes = 0
  private top = 0
  private retention: Retention | null = null
  private used: number
  private readonly keys: KeyWindow
  private readonly feed: LogFeed

  constructor(epoch: string, now: number, options: MemoryTopicOptions) {
    this.epoch = epoch
    this.used = now
    this.feed = new LogFeed(options.report)
    this.keys = new KeyWindow(options.idempotencyWindowMs, options.maxIdempotencyKeys)
  }

  get position(): Position {
    return { epoch: this.epoch, offset: this.top }
  }

  append(record: LogRecord, options: AppendOptions, now: number): Appended {
    const { retention, idempotencyKey } = options
    this.used = now
    if (retention !== this.retention) {
      // What the old bounds have let go must not come back under wider ones.
      this.trim(now)
      this.retention = retention
    }
    if (idempotencyKey !== undefined) {
      const seen = this.keys.find(idempotencyKey, now)
      if (seen) return { position: { epoch: this.epoch, offset: seen.offset }, duplicate: true }
    }
    const { event, payload, from, at } = record
    const bytes = sizeOf(record)
    const message: LogMessage = { offset: ++this.top, event, payload, from, at }
    if (idempotencyKey !== undefined) this.keys.add({ key: idempotencyKey, offset: this.top, since: now })
    this.kept.push({ message, bytes, since: now })
    this.bytes += bytes
    this.trim(now)
    this.feed.push(message, this.epoch)
    return { position: { epoch: this.epoch, offset: message.offset }, duplicate: false }
  }

  readAfter(after: number, limit: number, now: number): LogPage {
    this.trim(now)
    return this.page(Math.max(0, after - this.first + 1), limit)
  }

  readBefore(before: number, limit: number, now: number): LogPage {
    this.trim(now)
    const end = Math.min(this.kept.length, before - this.first)
    const start = Math.max(0, end - limit)
    return this.page(start, end - start)
  }

  follow(listener: LogListener): Following {
    return { position: this.position, stop: this.feed.add(listener, this.top) }
  }

  /** Lets go of what is beyond a bound. Each message is dropped once, so the cost belongs to its append. */
  trim(now: number): void {
    const { retention } = this
    if (!retention) return
    for (;;) {
      const oldest = this.kept.at(0)
      if (!oldest) break
      const within =
        this.kept.length <= retention.messages && this.bytes <= retention.bytes && now - oldest.since < retention.ageMs
      if (within) break
      this.bytes -= oldest.bytes
      this.kept.shift()
    }
    this.keys.expire(now)
  }

  /** Whether nothing is kept here, nobody listens, and the last append is older than `then`. */
  isIdleSince(then: number): boolean {
    return this.used < then && this.kept.length === 0 && this.keys.size === 0 && this.feed.size === 0
  }

  private get first(): number {
    return this.top - this.kept.length + 1
  }

  private page(start: number, count: number): LogPage {
    const messages: LogMessage[] = []
    // Not `Math.min`: a count that is not a number gives an empty page.
    for (let i = start; i < this.kept.length && i - start < count; i++) {
      const kept = this.kept.at(i)
      if (kept) messages.push(kept.message)
    }
    return { epoch: this.epoch, messages, first: this.first, top: this.top }
  }
}
