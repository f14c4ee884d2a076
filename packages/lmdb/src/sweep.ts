import type { Store } from './folder/store.ts'
import type { KeyBook } from './key-book.ts'
import { DELETES, type Plan, type Topic } from './topic.ts'
import type { Topics } from './topics.ts'
import { writePlan } from './write-plan.ts'

/** So many topics are looked at in one turn. */
const TOPICS = 500
/** A topic stays in memory for so long after its last message. */
const IDLE_MS = 60_000

/** Deletes what has aged in topics that nobody appends to, and forgets topics that are long empty. */
export class Sweeper {
  private readonly topics: Topics
  private readonly keys: KeyBook
  private readonly store: Store
  private readonly forgetMs: number
  /** The last topic looked at; null at the beginning of a round. */
  private place: string | null = null

  constructor(topics: Topics, keys: KeyBook, store: Store, forgetMs: number) {
    this.topics = topics
    this.keys = keys
    this.store = store
    this.forgetMs = forgetMs
  }

  /** Looks at the next topics. Answers whether anything was written; throws if the disk refused. */
  sweep(now: number): boolean {
    this.topics.unload(now - IDLE_MS)
    this.keys.expire(now)
    const names = this.store.topicsAfter(this.place, TOPICS)
    this.place = names.length < TOPICS ? null : (names.at(-1) ?? null)
    const plans = new Map<Topic, Plan>()
    const forgotten: Topic[] = []
    for (const name of names) {
      const topic = this.topics.peek(name)
      if (topic.pending.length > 0) continue
      topic.trim(now, this.topics.marksOf(topic))
      const low = Math.min(topic.first, topic.low + DELETES)
      if (low > topic.written && !topic.isBusy && now - topic.since >= this.forgetMs) forgotten.push(topic)
      else if (low > topic.low) plans.set(topic, { first: topic.first, low, retention: topic.retention })
    }
    if (plans.size === 0 && forgotten.length === 0 && !this.keys.hasDropped) return false
    this.write(plans, forgotten)
    return true
  }

  private write(plans: ReadonlyMap<Topic, Plan>, forgotten: readonly Topic[]): void {
    let keysWritten = (): void => {}
    this.store.transaction(() => {
      for (const [topic, plan] of plans) writePlan(this.store, topic, plan, 0)
      for (const topic of forgotten) {
        for (let offset = topic.low; offset <= topic.written; offset++) this.store.removeMessage(topic.id, offset)
        this.store.removeTopic(topic.name)
      }
      if (forgotten.length > 0) this.store.write('generation', this.topics.generation + 1)
      keysWritten = this.keys.write(this.store, [])
    })
    keysWritten()
    for (const [topic, plan] of plans) topic.wrote(0, plan)
    for (const topic of forgotten) this.topics.forget(topic)
    if (forgotten.length > 0) this.topics.generation++
  }
}
