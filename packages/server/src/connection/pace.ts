import type { Request } from '@rollcall/core'
import { Bucket } from '../hub/bucket.ts'
import type { Limits } from './limits.ts'

// What a message costs beyond its bytes, as so many of them: tiny ones are work too.
const MESSAGE_COST = 128

// How much is done for one peer in a row, before others have their turn: in messages, some milliseconds at worst.
const ROW = 256

// So many bytes are an effort like a message, as they are to be parsed; what is dear is that of so many.
const BYTES = 256
const DEAR = 4

/** How fast one connection asks, sends and writes. Its buckets are made with the first thing that they count. */
export class Pace {
  readonly #limits: Limits
  #strikes = 0
  #messages: Bucket | null = null
  #joins: Bucket | null = null
  #bytes: Bucket | null = null
  #inMemory = 0
  #counted = 0
  #inRow = 0

  constructor(limits: Limits) {
    this.#limits = limits
  }

  /** Whether a request may be taken now, of a connection with `pending` unanswered ones: 0, or in how many milliseconds. */
  take(kind: Request['kind'], pending: number, now: number): number {
    const { pendingRequests, joinsPerSecond, joinBurst, messagesPerSecond, messageBurst } = this.#limits
    if (pending >= pendingRequests) return 1000
    if (kind === 'join' || kind === 'leave') {
      this.#joins ??= new Bucket(joinsPerSecond, joinBurst, now)
      return this.#joins.take(now)
    }
    this.#messages ??= new Bucket(messagesPerSecond, messageBurst, now)
    const wait = this.#messages.take(now)
    if (wait === 0 && this.#strikes > 0) this.#strikes--
    return wait
  }

  /** A message of `length` came. Answers whether others should have their turn before the next. */
  message(length: number): boolean {
    return this.#tire(1 + length / BYTES)
  }

  /** The same for a request that is dearer than to send something: any other, or a refused one. */
  dear(): boolean {
    return this.#tire(DEAR)
  }

  #tire(effort: number): boolean {
    this.#inRow += effort
    if (this.#inRow < ROW) return false
    this.#inRow = 0
    return true
  }

  /** A request was too fast. Answers whether that is once too often. */
  strike(): boolean {
    this.#strikes++
    return this.#strikes > this.#limits.strikes
  }

  /**
   * A message of `length` came, `bytesRead` bytes in all: for how many milliseconds nothing more should be read. It counts also
   * where it is too much, since it was read with others and is taken. What counts of all messages together is the larger of what
   * came over the wire, since they may be all frame heads, and what they are in memory, since they may have been compressed.
   */
  weigh(length: number, bytesRead: number, now: number): number {
    this.#inMemory += length
    const most = Math.max(bytesRead, this.#inMemory)
    const bytes = most - this.#counted + MESSAGE_COST
    this.#counted = most
    this.#bytes ??= newBytes(this.#limits.bytesPerSecond, now)
    return this.#bytes.spend(now, bytes)
  }
}

// A new connection has two seconds' worth: who comes again and again shall not have ten each time.
function newBytes(perSecond: number, now: number): Bucket {
  const bucket = new Bucket(perSecond, perSecond * 10, now)
  bucket.charge(perSecond * 8)
  return bucket
}
