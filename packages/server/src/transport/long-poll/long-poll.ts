import type { Clock, Payload, Undo } from '@rollcall/core'
import type { Frame, Run } from '../../hub/frame.ts'
import type { Transport, TransportListener } from '../transport.ts'
import type { Answer, Exchange } from './exchange.ts'

/** How a dialect polls. */
export interface LongPollOptions {
  /** What answers a poll: with everything that waits, in order; with nothing only if `holdMs` has passed. */
  answer(payloads: readonly Payload[], exchange: Exchange): Answer
  /** What is said last: behind all that waits, in an answer of its own. */
  goodbye?(code: number, reason: string): readonly Payload[]
  /** A poll is answered with nothing after this, in milliseconds. Default: it is held until there is something. */
  readonly holdMs?: number
  /** Without a poll for this long the session is lost, in milliseconds. */
  readonly idleMs: number
  /** How long an ended session waits for the poll that fetches its goodbye, in milliseconds. Default 30,000. */
  readonly closeMs?: number
  /** What follows if a client goes away in the middle of a poll. Default `close`. */
  readonly onGone?: 'close' | 'keep'
}

type State = 'open' | 'closing' | 'closed'

const NOTHING: readonly Payload[] = []

/**
 * A client that asks over and over whether there is something for it (RFC 6202 section 2). Requests come and go; what is
 * between them, this, stays. It takes polls alone: what clients send comes by other requests, which the dialect reads.
 */
export class LongPollTransport implements Transport {
  readonly #options: LongPollOptions
  readonly #clock: Clock
  #listener: TransportListener | null = null
  #state: State = 'open'
  #waiting: Frame[] = []
  #waitingBytes = 0
  #leavingBytes = 0
  #held: Exchange | null = null
  #timer: Undo
  #goodbye: readonly Payload[] = NOTHING
  // What waits for reading to go on; null while it goes on.
  #paused: (() => void)[] | null = null

  constructor(options: LongPollOptions, clock: Clock) {
    this.#options = options
    this.#clock = clock
    this.#timer = this.#idle()
  }

  /** Events go to this listener from now on. */
  listen(listener: TransportListener): void {
    this.#listener = listener
  }

  /** Whether a poll waits for something to come. */
  get held(): boolean {
    return this.#held !== null
  }

  get bufferedBytes(): number {
    return this.#waitingBytes + this.#leavingBytes
  }

  /** Takes a poll. Answers whether it did: an overlap with another one, or one after the end, is the dialect's to judge. */
  poll(exchange: Exchange): 'taken' | 'overlap' | 'closed' {
    if (this.#state === 'closed') return 'closed'
    if (this.#held) return 'overlap'
    this.#timer()
    this.#held = exchange
    exchange.onGone(() => this.#gone(exchange))
    if (this.#waiting.length > 0 || this.#state === 'closing') this.#flush()
    else if (this.#options.holdMs !== undefined)
      this.#timer = this.#clock.after(this.#options.holdMs, () => this.#flush())
    return 'taken'
  }

  /** Answers the held poll now, though it be with nothing: for dialects in which another one takes its place. */
  release(): void {
    this.#flush()
  }

  write(run: Run): void {
    if (this.#state === 'open') this.#push(run)
  }

  #push({ frames, byteLength }: Run): void {
    for (const frame of frames) this.#waiting.push(frame)
    this.#waitingBytes += byteLength
    if (this.#held) this.#flush()
  }

  #flush(): void {
    const exchange = this.#held
    if (!exchange) return
    this.#held = null
    this.#timer()
    const bytes = this.#waitingBytes
    // Some clients read the messages of an answer later than the goodbye in it, and so after the end.
    const last = this.#state === 'closing' && (this.#waiting.length === 0 || this.#goodbye.length === 0)
    const payloads = payloadsOf(this.#waiting, last ? this.#goodbye : NOTHING)
    this.#waiting = []
    this.#waitingBytes = 0
    this.#leavingBytes += bytes
    this.#timer = this.#state === 'closing' ? this.#untilFetched() : this.#idle()
    exchange.answer(this.#options.answer(payloads, exchange), () => this.#left(bytes))
    if (last) this.#end(1000, '')
  }

  #left(bytes: number): void {
    this.#leavingBytes -= bytes
    if (bytes > 0 && this.bufferedBytes === 0 && this.#state === 'open') this.#listener?.drained()
  }

  #idle(): Undo {
    return this.#clock.after(this.#options.idleMs, () => this.#end(1006, 'no poll in time'))
  }

  #gone(exchange: Exchange): void {
    if (this.#state !== 'open') return
    const held = this.#held === exchange
    if (held) this.#held = null
    if (this.#options.onGone !== 'keep') return this.#end(1006, 'a poll was given up')
    if (!held) return
    this.#timer()
    this.#timer = this.#idle()
  }

  /** Takes out what waits, so that another transport goes on with it; this one is over, and tells nobody. */
  handOver(): readonly Frame[] {
    const frames = this.#waiting
    this.#listener = null
    this.#end(1000, '')
    return frames
  }

  /** Runs a task, such as the reading of a request's body, unless reading is paused: then when it goes on. */
  whenReading(task: () => void): void {
    if (this.#paused) this.#paused.push(task)
    else task()
  }

  pause(): void {
    this.#paused ??= []
  }

  resume(): void {
    const tasks = this.#paused ?? []
    this.#paused = null
    for (const task of tasks) task()
  }

  close(code: number, reason: string): void {
    if (this.#state !== 'open') return
    this.#state = 'closing'
    this.#goodbye = this.#options.goodbye?.(code, reason) ?? NOTHING
    if (this.#held) return this.#flush()
    this.#timer()
    this.#timer = this.#untilFetched()
  }

  #untilFetched(): Undo {
    return this.#clock.after(this.#options.closeMs ?? 30_000, () => this.#end(1006, 'the goodbye was not fetched'))
  }

  destroy(): void {
    this.#held?.destroy()
    this.#end(1006, '')
  }

  #end(code: number, reason: string): void {
    if (this.#state === 'closed') return
    this.#state = 'closed'
    this.#timer()
    this.#held?.answer(this.#options.answer(NOTHING, this.#held))
    this.#held = null
    this.#waiting = []
    this.#waitingBytes = 0
    this.resume()
    const listener = this.#listener
    this.#listener = null
    listener?.closed(code, reason)
  }
}

function payloadsOf(frames: readonly Frame[], last: readonly Payload[]): readonly Payload[] {
  const payloads: Payload[] = []
  for (const frame of frames) for (const payload of frame.payloads) payloads.push(payload)
  for (const payload of last) payloads.push(payload)
  return payloads
}
