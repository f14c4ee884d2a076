import type { Position, Undo } from '@rollcall/core'
import {
  type Appended,
  type AppendOptions,
  type Following,
  type Log,
  type LogListener,
  type LogPage,
  type LogRecord,
  LogUnavailable,
} from 'rollcall/log'
import { type Encoded, encodeRecord, MessageWriter, storedBytes } from './codec.ts'
import type { OpenedFolder } from './folder/open-folder.ts'
import type { SealMark } from './folder/seal.ts'
import type { Store } from './folder/store.ts'
import { KeyBook } from './key-book.ts'
import type { ResolvedOptions } from './options.ts'
import { Sealer } from './sealer.ts'
import { Sweeper } from './sweep.ts'
import { answerLater, type Entry, type Plan, type Topic } from './topic.ts'
import { Topics } from './topics.ts'
import { writePlan } from './write-plan.ts'

/** So many appends go into one transaction: more would hold up the event loop. */
const BATCH = 4_000
/** How long nothing is tried after the disk has refused a transaction. */
const RETRY_MS = 1_000
/** How often stored topics are looked through for what has aged. */
const SWEEP_MS = 5_000

/** The log over an opened folder. */
export class LmdbLog implements Log {
  private readonly options: ResolvedOptions
  private readonly folder: OpenedFolder
  private readonly store: Store
  private readonly topics: Topics
  private readonly keys: KeyBook
  private readonly sealer: Sealer
  private readonly sweeper: Sweeper
  private readonly writer: MessageWriter = new MessageWriter()
  /** Appended, in order, and not yet written. */
  private queue: Entry[] = []
  private retryAt = 0
  private undoCommit: Undo | null = null
  private undoSweep: Undo | null = null
  private closing: Promise<void> | null = null

  constructor(options: ResolvedOptions, folder: OpenedFolder, era: string, mark: SealMark) {
    this.options = options
    this.folder = folder
    this.store = folder.store
    this.topics = new Topics(options, this.store, era)
    this.keys = new KeyBook(options.idempotencyWindowMs, options.maxIdempotencyKeys)
    this.sealer = new Sealer(options, this.store, mark, (entry) => this.accept(entry))
    this.sweeper = new Sweeper(this.topics, this.keys, this.store, options.forgetMs)
  }

  /** Reads what it must know before the first append, and begins to sweep. Call it once. */
  start(): void {
    this.keys.load(this.store, this.options.clock.now())
    this.sweepLater()
  }

  append(topicName: string, record: LogRecord, options: AppendOptions): Appended | Promise<Appended> {
    const { retention, idempotencyKey } = options
    const now = this.options.clock.now()
    const refusal = this.refusal(now)
    if (refusal) return Promise.reject(refusal)
    if (!(retention.messages > 0 && retention.ageMs > 0 && retention.bytes > 0))
      return Promise.reject(new RangeError('retention: messages, ageMs and bytes must all be above 0'))
    const topic = this.topics.get(topicName)
    const known = idempotencyKey === undefined ? null : this.keys.find(topic, idempotencyKey, now)
    if (known) return known
    let encoded: Encoded
    try {
      encoded = encodeRecord(record)
    } catch (error) {
      return Promise.reject(error)
    }
    const entry = this.enqueue(topic, record, encoded, options, now)
    if (entry.answer) return entry.answer.promise
    this.accept(entry)
    return { position: { epoch: topic.epoch, offset: entry.message.offset }, duplicate: false }
  }

  readAfter(topicName: string, after: number, limit: number): LogPage | Promise<LogPage> {
    if (this.closing) return Promise.reject(closedError())
    const topic = this.topics.trimmed(topicName)
    const start = Math.max(after + 1, topic.first)
    return this.topics.page(topic, start, Math.min(topic.accepted, start + limit - 1))
  }

  readBefore(topicName: string, before: number, limit: number): LogPage | Promise<LogPage> {
    if (this.closing) return Promise.reject(closedError())
    const topic = this.topics.trimmed(topicName)
    const end = Math.min(before - 1, topic.accepted)
    return this.topics.page(topic, Math.max(topic.first, end - limit + 1), end)
  }

  top(topicName: string): Position | Promise<Position> {
    if (this.closing) return Promise.reject(closedError())
    return this.topics.get(topicName).position
  }

  follow(topicName: string, listener: LogListener): Following | Promise<Following> {
    if (this.closing) return Promise.reject(closedError())
    const topic = this.topics.get(topicName)
    return { position: topic.position, stop: topic.feed.add(listener, topic.accepted) }
  }

  close(): Promise<void> {
    this.closing ??= this.shut()
    return this.closing
  }

  private refusal(now: number): LogUnavailable | null {
    if (this.closing) return closedError()
    const { broken } = this.sealer
    if (broken)
      return new LogUnavailable('The disk has lost writes: open the log again when it is sound', { cause: broken })
    return now < this.retryAt ? fullError(this.retryAt - now) : null
  }

  private enqueue(topic: Topic, record: LogRecord, encoded: Encoded, options: AppendOptions, now: number): Entry {
    const { event, payload, from, at } = record
    this.topics.number(topic)
    topic.since = Math.max(now, topic.since)
    const bytes = storedBytes(encoded)
    const entry: Entry = {
      topic,
      message: { offset: ++topic.top, event, payload, from, at },
      record: encoded,
      retention: options.retention,
      key: options.idempotencyKey ?? null,
      since: topic.since,
      before: topic.total,
      bytes,
      answer: this.options.accepted === 'memory' ? null : answerLater(),
    }
    topic.total += bytes
    topic.pending.push(entry)
    this.queue.push(entry)
    this.keys.expect(entry)
    if (!this.undoCommit) this.commitSoon()
    return entry
  }

  private accept({ topic, message, answer }: Entry): void {
    topic.accepted = message.offset
    answer?.resolve({ position: { epoch: topic.epoch, offset: message.offset }, duplicate: false })
    topic.feed.push(message, topic.epoch)
  }

  private commitSoon(): void {
    this.undoCommit = this.options.clock.soon(() => this.commitNow())
  }

  private commitNow(): void {
    this.undoCommit = null
    this.commit()
    if (this.queue.length > 0 && !this.undoCommit) this.commitSoon()
  }

  /** Writes what is queued, or as much as goes into one transaction. */
  private commit(): void {
    // A queue that grows faster than this is written in larger parts: better a late turn than no end of memory.
    const size = Math.max(BATCH, this.queue.length >> 2)
    const batch = this.queue.length > size ? this.queue.slice(0, size) : this.queue
    if (batch.length === 0) return
    const now = this.options.clock.now()
    const counts = new Map<Topic, number>()
    for (const { topic } of batch) counts.set(topic, (counts.get(topic) ?? 0) + 1)
    const plans = new Map<Topic, Plan>()
    for (const [topic, count] of counts) plans.set(topic, topic.plan(count, now, this.topics.marksOf(topic)))
    this.keys.expire(now)
    let keysWritten = (): void => {}
    try {
      this.store.transaction(() => {
        keysWritten = this.write(batch, counts, plans)
      })
    } catch (error) {
      this.refuse(error)
      return
    }
    keysWritten()
    this.queue = batch === this.queue ? [] : this.queue.slice(batch.length)
    for (const [topic, plan] of plans) topic.wrote(counts.get(topic) ?? 0, plan)
    for (const entry of batch) this.keys.remember(entry)
    if (this.options.accepted === 'synced') this.sealer.await(batch)
    else this.sealer.note(pagesOf(plans.size, batch.length))
    if (this.options.accepted === 'written') for (const entry of batch) this.accept(entry)
  }

  private write(
    batch: readonly Entry[],
    counts: ReadonlyMap<Topic, number>,
    plans: ReadonlyMap<Topic, Plan>,
  ): () => void {
    let hasNew = false
    for (const [topic, plan] of plans) {
      hasNew ||= !topic.stored
      writePlan(this.store, topic, plan, counts.get(topic) ?? 0)
    }
    if (hasNew) this.store.write('nextId', this.topics.nextId)
    for (const { topic, message, record, since, before } of batch) {
      const plan = plans.get(topic)
      // What the bounds let go at once is never written.
      if (plan && message.offset < plan.low) continue
      const { key, value } = this.writer.write(topic.id, message.offset, record, since, before)
      this.store.putMessage(key, value)
    }
    return this.keys.write(this.store, batch)
  }

  /** The disk has refused a transaction: nothing of it was written. */
  private refuse(error: unknown): void {
    const { clock, accepted, report } = this.options
    this.retryAt = clock.now() + RETRY_MS
    report(error)
    if (accepted === 'memory') {
      // Accepted already: it waits for room, and nothing more is taken until then.
      this.undoCommit = clock.after(RETRY_MS, () => this.commitNow())
      return
    }
    const refused = this.queue
    this.queue = []
    for (const entry of refused) {
      entry.topic.forgetPending()
      this.keys.forget(entry)
    }
    for (const { answer } of refused) answer?.reject(fullError(RETRY_MS, error))
  }

  private sweepLater(): void {
    this.undoSweep = this.options.clock.after(SWEEP_MS, () => {
      try {
        if (!this.sealer.broken && this.sweeper.sweep(this.options.clock.now())) this.sealer.note(1)
      } catch (error) {
        this.options.report(error)
      }
      this.sweepLater()
    })
  }

  private async shut(): Promise<void> {
    // A listener may close the log while it is being fed: what is being accepted then must end first.
    await null
    this.undoSweep?.()
    this.undoCommit?.()
    // Each turn empties a part of the queue, or refuses it whole, or (accepted in memory, on a full disk) leaves it.
    for (let left = -1; this.queue.length > 0 && this.queue.length !== left; ) {
      left = this.queue.length
      this.commit()
    }
    this.undoCommit?.()
    const lost = this.queue.length
    try {
      await this.sealer.close(lost === 0)
    } finally {
      await this.store.close()
      await this.folder.release()
    }
    if (lost > 0) throw new Error(`${lost} accepted messages could not be written: the disk refuses writes`)
  }
}

/** About how many pages a transaction writes: the end and now and then the beginning of each topic, and what is in between. */
function pagesOf(topics: number, messages: number): number {
  return 4 + topics * 2 + (messages >> 3)
}

function closedError(): LogUnavailable {
  return new LogUnavailable('The log is closed')
}

function fullError(retryAfterMs: number, cause?: unknown): LogUnavailable {
  return new LogUnavailable('The disk refuses writes: it may be full', { retryAfterMs, cause })
}
