import type { LogMessage, LogPage } from 'rollcall/log'
import { decodeMessage, readMark } from './codec.ts'
import type { Store } from './folder/store.ts'
import type { ResolvedOptions } from './options.ts'
import { type ReadMark, Topic } from './topic.ts'

/** The topics in use, loaded from the folder when they are asked for. */
export class Topics {
  private readonly options: ResolvedOptions
  private readonly store: Store
  private readonly era: string
  private readonly loaded: Map<string, Topic> = new Map()
  /** Rises when topics are forgotten: a name that comes back later begins a new epoch. */
  generation: number
  nextId: number

  constructor(options: ResolvedOptions, store: Store, era: string) {
    this.options = options
    this.store = store
    this.era = era
    this.generation = store.read<number>('generation') ?? 0
    this.nextId = store.read<number>('nextId') ?? 1
  }

  get(name: string): Topic {
    const known = this.loaded.get(name)
    if (known) return known
    const topic = this.peek(name)
    this.loaded.set(name, topic)
    return topic
  }

  /** Gives the topic its number in the folder, if it has none. */
  number(topic: Topic): void {
    if (topic.id === 0) topic.id = this.nextId++
  }

  /** As `get`, but does not keep it. */
  peek(name: string): Topic {
    const known = this.loaded.get(name)
    if (known) return known
    const { report, clock } = this.options
    const row = this.store.topic(name)
    if (!row) {
      const since = clock.now()
      const retention = { messages: 1, ageMs: 1, bytes: 1 }
      const fresh = { id: 0, generation: this.generation, retention, low: 1, top: 0, since }
      return new Topic({ name, row: fresh, stored: false, epoch: this.epochOf(fresh.generation), newest: null, report })
    }
    const offset = this.store.newest(row.id)
    const value = offset === null ? undefined : this.store.peek(row.id, offset)
    const newest = offset === null || !value ? null : { offset, mark: readMark(value) }
    return new Topic({ name, row, stored: true, epoch: this.epochOf(row.generation), newest, report })
  }

  /** The topic, with what has aged let go. */
  trimmed(name: string): Topic {
    const topic = this.get(name)
    topic.trim(this.options.clock.now(), this.marksOf(topic))
    return topic
  }

  forget(topic: Topic): void {
    this.loaded.delete(topic.name)
  }

  /** Lets go of topics that nobody uses; what they know stands in the folder. */
  unload(idleSince: number): void {
    for (const topic of this.loaded.values())
      if (!topic.isBusy && topic.since < idleSince) this.loaded.delete(topic.name)
  }

  page(topic: Topic, start: number, end: number): LogPage {
    const messages: LogMessage[] = []
    for (let offset = start; offset <= end; offset++) {
      const message = offset > topic.written ? topic.pendingAt(offset)?.message : this.read(topic, offset)
      if (message) messages.push(message)
    }
    return { epoch: topic.epoch, messages, first: Math.min(topic.first, topic.accepted + 1), top: topic.accepted }
  }

  marksOf(topic: Topic): ReadMark {
    return (offset) => {
      const value = this.store.peek(topic.id, offset)
      return value && readMark(value)
    }
  }

  private read(topic: Topic, offset: number): LogMessage | null {
    const value = this.store.message(topic.id, offset)
    return value ? decodeMessage(offset, value) : null
  }

  private epochOf(generation: number): string {
    return `${this.era}-${generation.toString(36)}`
  }
}
