import type { Payload } from '@rollcall/core'
import { decodeOffset, encodeOffset } from '../recovery.ts'
import type { Target } from './rooms.ts'

/** How much of a namespace is kept; whichever bound is reached first lets the oldest go. */
export interface HistoryOptions {
  /** Events. Default 10,000. */
  readonly messages?: number
  /** In milliseconds. Default: as long as a connection's state can be recovered, or 120,000. */
  readonly ageMs?: number
  /** About as many bytes. Default 4 MiB. */
  readonly bytes?: number
}

export interface Retention {
  readonly messages: number
  readonly ageMs: number
  readonly bytes: number
}

/** An event that was sent, as it was written. */
export interface Kept {
  readonly offset: number
  readonly at: number
  readonly target: Target
  readonly payloads: readonly Payload[]
}

/** @throws RangeError on a bound that is not a number above 0, naming it. */
export function retentionOf(options: HistoryOptions, ageMs: number): Retention {
  const retention = {
    messages: options.messages ?? 10_000,
    ageMs: options.ageMs ?? ageMs,
    bytes: options.bytes ?? 4_194_304,
  }
  for (const [name, bound] of Object.entries(retention))
    if (!(typeof bound === 'number' && bound > 0)) throw new RangeError(`history.${name} must be a number above 0`)
  return retention
}

/** The events that a namespace has sent of late, in their order: what recovering clients have missed is in here. */
export class History {
  readonly #retention: Retention
  readonly #epoch: string
  #kept: Kept[] = []
  // Where the oldest one stands in `#kept`; what is before it was let go.
  #head = 0
  #bytes = 0
  #top = 0

  constructor(retention: Retention, epoch: string) {
    this.#retention = retention
    this.#epoch = epoch
  }

  /** The number of the newest event; 0 before the first. */
  get top(): number {
    return this.#top
  }

  /** Where the history stands, for clients to keep. */
  get offset(): string {
    return encodeOffset({ epoch: this.#epoch, offset: this.#top })
  }

  /** The offset that the next event kept will have. */
  get next(): string {
    return encodeOffset({ epoch: this.#epoch, offset: this.#top + 1 })
  }

  /** The number that a client's text stands for; null if it is none of ours. */
  read(offset: unknown): number | null {
    const position = decodeOffset(offset)
    return position?.epoch === this.#epoch && position.offset <= this.#top ? position.offset : null
  }

  keep(target: Target, payloads: readonly Payload[], now: number): void {
    this.#kept.push({ offset: ++this.#top, at: now, target, payloads })
    this.#bytes += sizeOf(payloads)
    this.#trim(now)
  }

  /** Whether everything after an event is still here. */
  covers(offset: number, now: number): boolean {
    this.#trim(now)
    return offset >= this.#top - this.#length
  }

  /** The events after one, oldest first. */
  after(offset: number): readonly Kept[] {
    const missing = Math.min(this.#length, this.#top - offset)
    return this.#kept.slice(this.#kept.length - missing)
  }

  /** The newest events that fit, at most `last` of them, oldest first. */
  latest(last: number, fits: (kept: Kept) => boolean, now: number): readonly Kept[] {
    this.#trim(now)
    const found: Kept[] = []
    for (let at = this.#kept.length - 1; at >= this.#head && found.length < last; at--) {
      const kept = this.#kept[at]
      if (kept && fits(kept)) found.push(kept)
    }
    return found.reverse()
  }

  get #length(): number {
    return this.#kept.length - this.#head
  }

  #trim(now: number): void {
    const { messages, bytes, ageMs } = this.#retention
    for (;;) {
      const oldest = this.#kept[this.#head]
      if (!oldest) break
      if (this.#length <= messages && this.#bytes <= bytes && now - oldest.at < ageMs) break
      this.#bytes -= sizeOf(oldest.payloads)
      this.#head++
    }
    // Each event is moved once at most for every time that the list has doubled.
    if (this.#head < 64 || this.#head * 2 < this.#kept.length) return
    this.#kept = this.#kept.slice(this.#head)
    this.#head = 0
  }
}

const OVERHEAD = 96

/** About what an event takes. */
export function sizeOf(payloads: readonly Payload[]): number {
  let bytes = OVERHEAD
  for (const payload of payloads) bytes += payload.length
  return bytes
}
