import type { LogMessage, LogPage } from 'rollcall/log'
import { type Stored, topOf } from './block.ts'
import { placeOf, standing } from './chain.ts'
import { again, patiently } from './patience.ts'
import { follows, type Tip } from './replica.ts'
import type { Topic } from './topic.ts'

/** The oldest message that is kept, and the block it stands in. */
export interface Floor {
  readonly offset: number
  readonly seq: number
  readonly at: number
  /** Bytes of the topic's messages before it. */
  readonly bytesBefore: number
}

/** Which offsets of those kept are asked for. */
export type Span = (first: number, top: number) => { readonly start: number; readonly end: number }

const PAGE_BLOCKS = 256
/** Guesses in proportion before halving, which is slower but sure. */
const PROPORTIONAL_PROBES = 8

/**
 * Reads a topic's messages from the stream. Bounds of retention are judged here, message by message, by what the newest
 * block says is to be kept; the stream itself is trimmed now and then, behind them.
 */
export class Reader {
  readonly #topic: Topic
  #floor: Floor | null = null
  // Of the topic when the floor was found: another log has another.
  #resets = 0

  constructor(topic: Topic) {
    this.#topic = topic
  }

  /** A page of those messages that are kept. @throws LogUnavailable if it cannot be read within `patienceMs`. */
  page(span: Span): Promise<LogPage> {
    const { name, parts, replica } = this.#topic
    return patiently(parts, `The log of "${name}" cannot be read`, async () => {
      const tip = await this.#topic.end()
      const floor = await this.floor(tip)
      const first = floor?.offset ?? tip.top + 1
      const { start, end } = span(first, tip.top)
      const asked = start <= end
      const messages = asked ? await this.#read(tip, start, end) : []
      const epoch = replica.tip?.epoch
      // The log became another one while it was read.
      if (epoch !== tip.epoch) return again
      const reached = messages[0]?.offset ?? end + 1
      if (!asked || reached <= start) return { epoch, messages, first, top: tip.top }
      // The stream itself has dropped what the bounds would keep.
      this.#floor = null
      return { epoch, messages, first: reached, top: tip.top }
    })
  }

  /** Finds the oldest message to be kept; null if there is none. */
  async floor(tip: Tip): Promise<Floor | null> {
    const { retention, top } = tip
    if (this.#resets !== this.#topic.resets) this.#floor = null
    this.#resets = this.#topic.resets
    const now = this.#topic.parts.settings.clock.now()
    if (!retention || top === 0 || now - tip.at >= retention.ageMs) return null
    const first = Math.max(1, top - retention.messages + 1)
    const kept = ({ offset, at, bytesBefore }: Floor) =>
      offset >= first && now - at < retention.ageMs && tip.bytes - bytesBefore <= retention.bytes
    if (this.#floor && kept(this.#floor)) return this.#floor
    const stored = await this.#locate(tip, Math.max(first, this.#floor?.offset ?? 1))
    const floor = stored && (firstIn(stored, kept) ?? (await this.#bisect(stored.seq + 1, tip.seq, kept)))
    this.#floor = floor && floor.offset <= top ? floor : null
    return this.#floor
  }

  // The first message that is kept between two sequences, as what is kept is the end of the log.
  async #bisect(low: number, high: number, kept: (place: Floor) => boolean): Promise<Floor | null> {
    const { stream } = this.#topic.parts
    let found: Stored | null = null
    while (low <= high) {
      const middle = low + Math.floor((high - low) / 2)
      const stored = await stream.firstFrom(this.#topic.name, middle)
      if (stored && firstIn(stored, kept)) {
        found = stored
        high = middle - 1
      } else {
        low = (stored ? Math.max(stored.seq, middle) : high) + 1
      }
    }
    return found && firstIn(await standing(stream, this.#topic.name, found), kept)
  }

  // The block that holds an offset, or the first behind it.
  async #locate(tip: Tip, offset: number): Promise<Stored | null> {
    const { stream } = this.#topic.parts
    const found = await this.#search(tip, offset)
    return found && standing(stream, this.#topic.name, found)
  }

  // Offsets rise with sequences, so a guess in proportion is near.
  async #search(tip: Tip, offset: number): Promise<Stored | null> {
    const { stream } = this.#topic.parts
    let low = { seq: 1, offset: 1 }
    if (this.#floor && this.#floor.offset <= offset) low = this.#floor
    let high = { seq: tip.seq, offset: tip.base }
    if (offset >= tip.base) return stream.firstFrom(this.#topic.name, tip.seq)
    let behind: Stored | null = null
    for (let probes = 0; low.seq < high.seq; probes++) {
      const share = probes < PROPORTIONAL_PROBES ? (offset - low.offset) / Math.max(1, high.offset - low.offset) : 0.5
      const seq = low.seq + Math.floor((high.seq - low.seq) * Math.min(0.999, Math.max(0, share)))
      const stored = await stream.firstFrom(this.#topic.name, seq)
      if (!stored) return behind
      const { block } = stored
      if (block.base <= offset && topOf(block) >= offset) return stored
      if (topOf(block) < offset) {
        low = { seq: stored.seq + 1, offset: topOf(block) + 1 }
      } else {
        // Nothing of this topic stands between the guess and this block.
        behind = stored
        high = { seq, offset: block.base }
      }
    }
    return behind ?? stream.firstFrom(this.#topic.name, low.seq)
  }

  async #read(tip: Tip, start: number, end: number): Promise<LogMessage[]> {
    const { stream } = this.#topic.parts
    const messages: LogMessage[] = []
    let page: readonly Stored[] = []
    const located = await this.#locate(tip, start)
    if (located) page = [located]
    let chain: Stored | null = null
    while (page.length > 0) {
      let seq = 0
      for (const stored of page) {
        seq = stored.seq
        if (chain && !follows(stored.block, placeOf(chain))) continue
        chain = stored
        for (const message of stored.block.messages)
          if (message.offset >= start && message.offset <= end) messages.push(message)
      }
      const next: number = chain ? topOf(chain.block) + 1 : start
      if (next > end || seq >= tip.seq) break
      const limit = Math.min(PAGE_BLOCKS, end - next + 1)
      page = await stream.range(this.#topic.name, { seq: seq + 1 }, { limit, until: tip.seq })
    }
    return messages
  }
}

// The first place in a block that is kept. A block without messages stands for the place of the next message.
function firstIn({ seq, at, block }: Stored, kept: (place: Floor) => boolean): Floor | null {
  let { bytesBefore } = block
  for (const [i, byteLength] of (block.byteLengths.length > 0 ? block.byteLengths : [0]).entries()) {
    const place = { offset: block.base + i, seq, at, bytesBefore }
    if (kept(place)) return place
    bytesBefore += byteLength
  }
  return null
}
