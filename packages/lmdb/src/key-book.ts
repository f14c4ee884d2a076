import { type Appended, KeyWindow } from 'rollcall/log'
import type { Store } from './folder/store.ts'
import type { Entry, Topic } from './topic.ts'

/**
 * The idempotency keys of all topics: those on their way into the folder, and those of the window, in memory to be found
 * and in the folder to be found again. In the folder they stand in the order in which they came, which is that of their
 * age, so that the old ones go from the front.
 */
export class KeyBook {
  private readonly window: KeyWindow
  private readonly waiting: Map<string, Entry> = new Map()
  /** Serials in the folder: from the first up to, not including, the next. */
  private first = 0
  private next = 0
  /** How many of the first ones the window has let go. */
  private dropped = 0

  constructor(windowMs: number, max: number) {
    this.window = new KeyWindow(windowMs, max)
  }

  /** Reads the keys that an earlier run has left. */
  load(store: Store, now: number): void {
    let isFirst = true
    for (const { serial, row } of store.allKeys()) {
      if (isFirst) this.first = serial
      isFirst = false
      this.next = serial + 1
      // A clock that was set back must not make keys immortal.
      const since = Math.min(row.since, now)
      this.dropped += this.window.add({ key: scoped(row.topic, row.key), offset: row.offset, since })
    }
    this.expire(now)
  }

  /** What became of an append with this key; null if none is known. */
  find(topic: Topic, key: string, now: number): Appended | Promise<Appended> | null {
    const scopedKey = scoped(topic.id, key)
    const waiting = this.waiting.get(scopedKey)
    const offset = waiting?.message.offset ?? this.window.find(scopedKey, now)?.offset
    if (offset === undefined) return null
    const duplicate = { position: { epoch: topic.epoch, offset }, duplicate: true }
    // While the first is under way, this is a duplicate only if that is accepted, and is refused with it.
    return waiting?.answer ? waiting.answer.promise.then(() => duplicate) : duplicate
  }

  /** A message with a key was appended. It is found from now on. */
  expect(entry: Entry): void {
    if (entry.key !== null) this.waiting.set(scoped(entry.topic.id, entry.key), entry)
  }

  /** The append was refused. */
  forget({ topic, key }: Entry): void {
    if (key !== null) this.waiting.delete(scoped(topic.id, key))
  }

  /** The append was accepted, and its transaction has gone through. */
  remember({ topic, key, message, since }: Entry): void {
    if (key === null) return
    const scopedKey = scoped(topic.id, key)
    this.waiting.delete(scopedKey)
    this.dropped += this.window.add({ key: scopedKey, offset: message.offset, since })
  }

  expire(now: number): void {
    this.dropped += this.window.expire(now)
  }

  get hasDropped(): boolean {
    return this.dropped > 0
  }

  /**
   * Inside a transaction: puts the keys of `entries`, and deletes those that the window has let go. The answer is to be
   * called when the transaction has gone through.
   */
  write(store: Store, entries: readonly Entry[]): () => void {
    let next = this.next
    for (const { topic, key, message, since } of entries)
      if (key !== null) store.putKey(next++, { topic: topic.id, key, offset: message.offset, since })
    const first = this.first + this.dropped
    for (let serial = this.first; serial < first; serial++) store.removeKey(serial)
    return () => {
      this.first = first
      this.next = next
      this.dropped = 0
    }
  }
}

function scoped(topic: number, key: string): string {
  return `${topic}:${key}`
}
