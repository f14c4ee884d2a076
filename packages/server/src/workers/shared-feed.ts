import type { Clock, GapReason, Position } from '@rollcall/core'
import type { Following, Log, LogMessage, LogPage } from '../log/log.ts'
import { encodeFrame, Kind } from './frame.ts'
import type { Line } from './line.ts'
import { encodeMessage, encodeNumbers } from './log-codec.ts'

/** A worker that follows. */
interface Follower {
  readonly line: Line
  /** What the worker calls its feed. */
  readonly id: number
  /** The last message that it was sent. */
  cursor: number
  state: 'opening' | 'live' | 'behind' | 'reading'
}

/** More than this waits on a line: what is fed is read from the log when it has drained. */
const SLOW_BYTES = 4 * 1024 * 1024
const PAGE_MESSAGES = 100
const RETRY_MS = 1_000

/**
 * One topic's feed, as all workers that follow it hear it. A worker that does not keep up is let go of, and reads what it
 * has missed from the log when it has room again: it hears everything, in order, and costs the primary no memory.
 */
export class SharedFeed {
  readonly #log: Log
  readonly #topic: string
  readonly #clock: Clock
  readonly #unused: () => void
  readonly #followers = new Map<Line, Follower>()
  #following: Following | null = null
  #opening: Promise<void> | null = null
  /** What was fed last, or where the feed began; null before. */
  #position: Position | null = null

  /** `unused` hears that nobody follows any more; the feed is not to be used again. */
  constructor(log: Log, topic: string, clock: Clock, unused: () => void) {
    this.#log = log
    this.#topic = topic
    this.#clock = clock
    this.#unused = unused
  }

  /** Feeds a worker from now on, and answers it. Rejects if the log cannot be followed. */
  async add(line: Line, id: number): Promise<void> {
    const follower: Follower = { line, id, cursor: 0, state: 'opening' }
    this.#followers.set(line, follower)
    try {
      if (!this.#following) {
        this.#opening ??= this.#open()
        await this.#opening
      }
    } catch (error) {
      this.#remove(follower)
      throw error
    }
    const position = this.#position
    if (this.#followers.get(line) !== follower || !position) return
    follower.cursor = position.offset
    follower.state = 'live'
    line.send(Kind.logged, id, position.epoch, '', encodeNumbers(position.offset))
  }

  async #open(): Promise<void> {
    try {
      const following = await this.#log.follow(this.#topic, {
        message: (message, epoch) => this.#fed(message, epoch),
        reset: (reason, position) => this.#reset(reason, position),
      })
      // A first message may have come before we were told.
      this.#position ??= following.position
      if (this.#followers.size > 0) this.#following = following
      else following.stop()
    } finally {
      this.#opening = null
    }
  }

  remove(line: Line): void {
    const follower = this.#followers.get(line)
    if (follower) this.#remove(follower)
  }

  #remove(follower: Follower): void {
    if (this.#followers.get(follower.line) !== follower) return
    this.#followers.delete(follower.line)
    if (this.#followers.size > 0) return
    this.#following?.stop()
    this.#following = null
    this.#unused()
  }

  #fed(message: LogMessage, epoch: string): void {
    this.#position = { epoch, offset: message.offset }
    let payload: Buffer | null = null
    for (const follower of this.#followers.values()) {
      if (follower.state !== 'live') continue
      if (follower.line.pendingBytes > SLOW_BYTES) this.#leaveBehind(follower)
      else {
        payload ??= encodeMessage(message.offset, message)
        this.#send(follower, message.offset, epoch, payload)
      }
    }
  }

  #send(follower: Follower, offset: number, epoch: string, payload: Buffer): void {
    follower.cursor = offset
    follower.line.forward(encodeFrame(Kind.fed, follower.id, epoch, '', payload))
  }

  #reset(reason: GapReason, position: Position): void {
    this.#position = position
    for (const follower of this.#followers.values())
      if (follower.state !== 'opening') this.#resetOne(follower, reason, position)
  }

  #resetOne(follower: Follower, reason: GapReason, { epoch, offset }: Position): void {
    follower.cursor = offset
    // One that is reading finds out when it has read.
    if (follower.state === 'behind') follower.state = 'live'
    follower.line.send(Kind.reset, follower.id, epoch, reason, encodeNumbers(offset))
  }

  #leaveBehind(follower: Follower): void {
    follower.state = 'behind'
    follower.line.whenDrained(() => {
      if (follower.state === 'behind') void this.#catchUp(follower)
    })
  }

  // Never rejects.
  async #catchUp(follower: Follower): Promise<void> {
    follower.state = 'reading'
    try {
      while (this.#reads(follower)) {
        if (follower.line.pendingBytes > SLOW_BYTES) return this.#leaveBehind(follower)
        if (!(await this.#readPage(follower))) return
      }
    } catch {
      // The log cannot be read now.
      this.#clock.after(RETRY_MS, () => {
        if (this.#reads(follower)) void this.#catchUp(follower)
      })
    }
  }

  #reads(follower: Follower): boolean {
    return this.#followers.get(follower.line) === follower && follower.state === 'reading'
  }

  /** Sends what comes next. Answers whether there may be more. */
  async #readPage(follower: Follower): Promise<boolean> {
    const from = follower.cursor
    const goal = this.#position
    if (!goal || from >= goal.offset) {
      follower.state = 'live'
      return false
    }
    const page = await this.#log.readAfter(this.#topic, from, PAGE_MESSAGES)
    // Meanwhile the worker may have left, or the log may have been reset, of which the worker knows.
    if (!this.#reads(follower) || this.#position?.epoch !== goal.epoch || follower.cursor !== from) return true
    this.#sendPage(follower, page, this.#position)
    if (follower.cursor === from) throw new Error(`The log of ${this.#topic} does not give what it has fed`)
    return true
  }

  #sendPage(follower: Follower, { epoch, messages, first }: LogPage, end: Position): void {
    if (epoch !== end.epoch) return this.#resetOne(follower, 'epoch_changed', end)
    if (first > follower.cursor + 1) this.#resetOne(follower, 'too_old', { epoch, offset: first - 1 })
    for (const message of messages)
      if (message.offset === follower.cursor + 1 && message.offset <= end.offset)
        this.#send(follower, message.offset, epoch, encodeMessage(message.offset, message))
  }
}
