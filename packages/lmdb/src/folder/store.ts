import { closeSync, fdatasync, fdatasyncSync, openSync } from 'node:fs'
import { join } from 'node:path'
import { type Database, open, type RootDatabase, type Transaction, TransactionFlags } from 'lmdb'
import {
  decodeRow,
  encodeRow,
  type KeyRow,
  messageKey,
  parseMessageKey,
  parseSerialKey,
  serialKey,
  type TopicRow,
  topicKey,
} from '../codec.ts'
import { pinned } from './pin.ts'
import { newestHead, type SealMark, type SealWriter } from './seal.ts'

export const DATA = 'data.mdb'
export const LOCK = 'lock.mdb'

type Binary = Database<Buffer, Buffer>

/** The environment of the engine: rows in, rows out. Writes only inside `transaction`. */
export class Store {
  private readonly root: RootDatabase<Buffer, Buffer>
  private readonly messages: Binary
  private readonly topics: Binary
  private readonly keys: Binary
  private readonly state: Binary
  private readonly seals: SealWriter
  /** A descriptor of our own: the engine's cannot be asked to flush without blocking. */
  private readonly fd: number
  private readonly key: Buffer = Buffer.allocUnsafe(12)
  /** Keeps the pages of the sealed state from being written over. */
  private pin: Transaction | null = null

  constructor(folder: string, seals: SealWriter) {
    this.seals = seals
    const binary = { encoding: 'binary', keyEncoding: 'binary' } as const
    // Without flushes of the engine's own, which would block: `seal` does it, off the thread.
    this.root = open(folder, { ...binary, noSubdir: false, noSync: true, overlappingSync: false, maxDbs: 4 })
    this.messages = this.root.openDB({ name: 'messages', ...binary })
    this.topics = this.root.openDB({ name: 'topics', ...binary })
    this.keys = this.root.openDB({ name: 'keys', ...binary })
    this.state = this.root.openDB({ name: 'state', ...binary })
    this.fd = openSync(join(folder, DATA), 'r+')
  }

  /** All of what `body` writes, or nothing: then it throws. Written means: handed to the operating system. */
  transaction(body: () => void): void {
    this.root.transactionSync(body, TransactionFlags.SYNCHRONOUS_COMMIT)
  }

  /** A message's value, which the caller owns. */
  message(topic: number, offset: number): Buffer | undefined {
    return this.messages.getBinary(messageKey(topic, offset, this.key))
  }

  /** A message's value, to be read before the next call to the store. */
  peek(topic: number, offset: number): Buffer | undefined {
    return this.messages.getBinaryFast(messageKey(topic, offset, this.key))
  }

  /** The offset of the newest message stored; null if none is. */
  newest(topic: number): number | null {
    const start = messageKey(topic, Number.MAX_SAFE_INTEGER, Buffer.allocUnsafe(12))
    const end = messageKey(topic, 0, Buffer.allocUnsafe(12))
    for (const key of this.messages.getKeys({ start, end, reverse: true, limit: 1 })) {
      const place = parseMessageKey(key)
      if (place?.topic === topic) return place.offset
    }
    return null
  }

  putMessage(key: Buffer, value: Buffer): void {
    void this.messages.put(key, value)
  }

  removeMessage(topic: number, offset: number): void {
    void this.messages.remove(messageKey(topic, offset, this.key))
  }

  topic(name: string): TopicRow | null {
    const value = this.topics.getBinary(topicKey(name))
    return value ? decodeRow<TopicRow>(value) : null
  }

  /** At most `limit` names of topics behind `after`, in the order of the store; from the first for null. */
  topicsAfter(after: string | null, limit: number): string[] {
    const start = after === null ? {} : { start: topicKey(after), exclusiveStart: true }
    const names: string[] = []
    for (const key of this.topics.getKeys({ ...start, limit })) names.push(JSON.parse(key.toString('utf8')) as string)
    return names
  }

  putTopic(name: string, row: TopicRow): void {
    const key = topicKey(name)
    void this.topics.put(key, encodeRow(key, row))
  }

  removeTopic(name: string): void {
    void this.topics.remove(topicKey(name))
  }

  /** Every idempotency key, in the order in which they were put. */
  *allKeys(): Generator<{ serial: number; row: KeyRow }> {
    for (const { key, value } of this.keys.getRange({}))
      yield { serial: parseSerialKey(key), row: decodeRow<KeyRow>(value) }
  }

  putKey(serial: number, row: KeyRow): void {
    const key = serialKey(serial)
    void this.keys.put(key, encodeRow(key, row))
  }

  removeKey(serial: number): void {
    void this.keys.remove(serialKey(serial))
  }

  read<T>(name: string): T | null {
    const value = this.state.getBinary(Buffer.from(name))
    return value ? decodeRow<T>(value) : null
  }

  write(name: string, row: unknown): void {
    const key = Buffer.from(name)
    void this.state.put(key, encodeRow(key, row))
  }

  /**
   * Makes all that is committed now durable. `done` hears when it is, or why it is not. One at a time. `mark` is kept with
   * the seal, for who opens the folder next.
   */
  seal(mark: SealMark, done: (error: Error | null) => void): void {
    const pin = pinned(this.root)
    const head = this.head()
    const end = (error: Error | null): void => {
      if (error) {
        pin.done()
        done(error)
        return
      }
      this.pin?.done()
      this.pin = pin
      done(null)
    }
    fdatasync(this.fd, (error) => {
      if (error) end(error)
      else this.seals.write(head, mark, end)
    })
  }

  /** As `seal`, at once. */
  sealSync(mark: SealMark): void {
    const pin = pinned(this.root)
    const head = this.head()
    fdatasyncSync(this.fd)
    this.seals.writeSync(head, mark)
    this.pin?.done()
    this.pin = pin
  }

  async close(): Promise<void> {
    this.pin?.done()
    this.pin = null
    closeSync(this.fd)
    this.seals.close()
    await this.root.close()
  }

  private head(): Buffer {
    const newest = newestHead(this.fd)
    if (typeof newest === 'string') throw new Error(`The data file has changed under the engine: ${newest}`)
    return newest.head
  }
}
