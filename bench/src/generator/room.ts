import { Histogram } from '../stats/histogram.ts'
import { textFrame } from './client-frame.ts'
import type { Connection, Listener } from './connection.ts'
import { NO_FRAME } from './frame-counter.ts'
import type { Speech } from './speech/speech.ts'

/** What is counted of all rooms of a drive together. */
export class Score {
  deliveries = 0
  messages = 0
  /** From when a message was due to when each receiver had it, in microseconds. */
  readonly latency: Histogram = new Histogram()
  /** The same to the last receiver. */
  readonly last: Histogram = new Histogram()
  lost: string[] = []

  begin(): void {
    this.deliveries = 0
    this.messages = 0
    this.latency.clear()
    this.last.clear()
  }
}

/**
 * The members of one topic, and its messages under way. Every reader gets the messages in the order in which they were
 * published, so the n-th frame that it counts is the n-th message: nothing needs to be decoded. For that, messages that
 * are under way at the same time must be of one speaker.
 */
export class Room implements Listener {
  readonly topic: string
  readonly members: Connection[] = []
  published = 0
  completed = 0
  score: Score = new Score()
  /** Called when all readers have another message. May publish. */
  onComplete: (room: Room) => void = () => undefined
  readonly #speech: Speech
  #readers = 0
  #stalled: ReadonlySet<Connection> = new Set()
  #ring = 0
  #dueAt: Float64Array = new Float64Array(0)
  #got: Uint32Array = new Uint32Array(0)

  constructor(topic: string, speech: Speech) {
    this.topic = topic
    this.#speech = speech
  }

  get underWay(): number {
    return this.published - this.completed
  }

  /** Begins to count. `ring`, a power of two, bounds the messages under way; `stalled` members do not count as readers. */
  begin(score: Score, ring: number, stalled: ReadonlySet<Connection>, onComplete: (room: Room) => void): void {
    this.score = score
    this.onComplete = onComplete
    this.published = 0
    this.completed = 0
    this.#ring = ring
    this.#stalled = stalled
    this.#dueAt = new Float64Array(ring)
    this.#got = new Uint32Array(ring)
    this.#readers = 0
    for (const member of this.members) {
      member.listener = this
      if (stalled.has(member)) continue
      member.received = 0
      member.counter.countedBytes = 0
      member.counter.mark = this.#speech.message
      this.#readers++
    }
  }

  /** Everything that was published is to be here. */
  end(): void {
    for (const member of this.members) member.counter.mark = NO_FRAME
  }

  /** False if so many are under way that this one could not be told from the oldest. */
  publish(speaker: Connection, payload: string, dueAt: number): boolean {
    if (this.underWay >= this.#ring) return false
    const slot = this.published & (this.#ring - 1)
    this.#dueAt[slot] = dueAt
    this.#got[slot] = 0
    this.published++
    // Ref 1 was the join's.
    speaker.write(textFrame(this.#speech.publish(this.topic, this.published + 1, payload)))
    return true
  }

  counted(connection: Connection, frames: number): void {
    const now = performance.now()
    const { score } = this
    const mask = this.#ring - 1
    const from = connection.received
    const to = from + frames
    connection.received = to
    score.deliveries += frames
    for (let message = from; message < to; message++) {
      const slot = message & mask
      const micros = (now - (this.#dueAt[slot] as number)) * 1000
      score.latency.record(micros)
      const got = (this.#got[slot] as number) + 1
      this.#got[slot] = got
      if (got === this.#readers) {
        score.last.record(micros)
        score.messages++
        this.completed++
        this.onComplete(this)
      }
    }
  }

  joined(): void {}

  heard(): void {}

  closed(connection: Connection, reason: string): void {
    // A slow reader may be put out: that is no loss.
    if (!this.#stalled.has(connection)) this.score.lost.push(`${connection.topic}: ${reason}`)
  }
}
