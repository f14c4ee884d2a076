import type { Payload, Random, Undo } from '@rollcall/core'
import { DelayLine } from '../time/delay-line.ts'
import type { HostClock } from '../time/host-clock.ts'
import type { Conditions } from './conditions.ts'

/** What goes through a connection in one direction. */
export type Item =
  /** The connection is asked for; or it is there. */
  | { readonly kind: 'open' }
  | { readonly kind: 'payload'; readonly payload: Payload; readonly bytes: number }
  | { readonly kind: 'close'; readonly code: number; readonly reason: string }
  /** The other side has ended it without a word. */
  | { readonly kind: 'reset' }

/** The two ends of a pipe. */
export interface PipeEnds {
  /** The machines that send and that receive. */
  readonly sender: HostClock
  readonly receiver: HostClock
  /** The next item was read. */
  read(item: Item): void
  /** Something had to wait at the sender, and nothing does any more. */
  drained(): void
}

/**
 * One direction of a connection as TCP makes it: in order and without loss while it lives. What the receiver has not read
 * fills a window; what does not fit waits at the sender.
 */
export class Pipe {
  readonly #conditions: () => Conditions
  readonly #ends: PipeEnds
  readonly #way: DelayLine
  #waiting: Item[] = []
  #stuck: Item[] = []
  #unread: Item[] = []
  #bufferedBytes = 0
  #windowUsed = 0
  #full = false
  #stalls = 0
  #paused = false
  #reading = false
  #readableAt = 0
  #readLater: Undo | null = null
  #ended = false

  constructor(conditions: () => Conditions, random: Random, ends: PipeEnds) {
    this.#conditions = conditions
    this.#ends = ends
    this.#way = new DelayLine(ends.receiver, () => {
      const { delayMs, jitterMs } = conditions()
      return delayMs + random.fraction() * jitterMs
    })
  }

  /** Bytes that wait at the sender. */
  get bufferedBytes(): number {
    return this.#bufferedBytes
  }

  send(item: Item): void {
    if (this.#ended) return
    this.#waiting.push(item)
    this.#bufferedBytes += bytesOf(item)
    this.#depart()
  }

  /** What is on its way is lost, and the receiver learns of the end instead. */
  reset(): void {
    if (this.#ended) return
    this.#clear()
    this.send({ kind: 'reset' })
  }

  /** Nothing arrives any more, and nobody learns of it. */
  end(): void {
    this.#ended = true
    this.#clear()
  }

  #clear(): void {
    this.#waiting = []
    this.#stuck = []
    this.#unread = []
    this.#bufferedBytes = 0
    this.#windowUsed = 0
    this.#way.clear()
  }

  #depart(): void {
    const { windowBytes } = this.#conditions()
    while (this.#waiting.length > 0 && (this.#windowUsed < windowBytes || bytesOf(this.#waiting[0]) === 0)) {
      const item = this.#waiting.shift() as Item
      this.#bufferedBytes -= bytesOf(item)
      this.#windowUsed += bytesOf(item)
      this.#way.add(() => this.#arrive(item))
    }
    if (this.#bufferedBytes > 0) this.#full = true
    else if (this.#full) {
      this.#full = false
      this.#ends.sender.soon(() => {
        if (!this.#ended && this.#bufferedBytes === 0) this.#ends.drained()
      })
    }
  }

  #arrive(item: Item): void {
    if (this.#stalls > 0) {
      this.#stuck.push(item)
      return
    }
    this.#unread.push(item)
    this.#read()
  }

  /** Nothing arrives until undone, and nothing is lost. */
  stall(): Undo {
    this.#stalls++
    let stalled = true
    return () => {
      if (!stalled) return
      stalled = false
      if (--this.#stalls > 0) return
      // In front of all that is still on its way.
      for (const item of this.#stuck) this.#unread.push(item)
      this.#stuck = []
      this.#ends.receiver.soon(() => this.#read())
    }
  }

  /** The receiver stops reading, or goes on. */
  pause(paused: boolean): void {
    this.#paused = paused
    this.#read()
  }

  /** The conditions have changed: what waits for a reader, or for room, may go on. */
  revive(): void {
    this.#readableAt = 0
    this.#read()
    this.#depart()
  }

  #read(): void {
    if (this.#reading) return
    this.#reading = true
    while (this.#unread.length > 0 && !this.#paused && this.#mayRead()) {
      const item = this.#unread.shift() as Item
      this.#windowUsed -= bytesOf(item)
      this.#ends.read(item)
    }
    this.#reading = false
    this.#depart()
  }

  // A slow reader takes its time for each item before the next one.
  #mayRead(): boolean {
    const { readBytesPerSecond } = this.#conditions()
    if (readBytesPerSecond === Number.POSITIVE_INFINITY) return true
    if (readBytesPerSecond === 0) return false
    const { receiver } = this.#ends
    const now = receiver.now()
    if (this.#readableAt > now) {
      this.#readLater ??= receiver.after(this.#readableAt - now, () => {
        this.#readLater = null
        this.#read()
      })
      return false
    }
    this.#readableAt = now + (bytesOf(this.#unread[0]) / readBytesPerSecond) * 1000
    return true
  }
}

function bytesOf(item: Item | undefined): number {
  return item?.kind === 'payload' ? item.bytes : 0
}
