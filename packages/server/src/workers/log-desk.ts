import type { Clock } from '@rollcall/core'
import { type Log, LogUnavailable, type Retention } from '../log/log.ts'
import { type Frame, Kind } from './frame.ts'
import type { Line } from './line.ts'
import { decodeAppend, encodeAppended, encodeNumbers, encodePage, numberAt } from './log-codec.ts'
import { SharedFeed } from './shared-feed.ts'

export interface LogDeskOptions {
  readonly clock: Clock
}

const MAX_REASON = 1_000

/** The primary's side of the workers' log: does with the one log what the workers ask, in the order in which they ask. */
export class LogDesk {
  readonly #log: Log
  readonly #clock: Clock
  readonly #feeds = new Map<string, SharedFeed>()
  #retention: Retention = { messages: 0, ageMs: 0, bytes: 0 }

  constructor(log: Log, { clock }: LogDeskOptions) {
    this.#log = log
    this.#clock = clock
  }

  /** Takes a line in use. Answers what hears it. */
  connect(line: Line): { heard(frame: Frame): void; ended(): void } {
    const followed = new Map<number, SharedFeed>()
    return {
      heard: (frame) => this.#heard(line, frame, followed),
      ended: () => {
        for (const feed of followed.values()) feed.remove(line)
        followed.clear()
      },
    }
  }

  #heard(line: Line, frame: Frame, followed: Map<number, SharedFeed>): void {
    const { kind, id, subject: topic, payload } = frame
    switch (kind) {
      case Kind.append:
        this.#append(line, frame)
        break
      case Kind.readAfter:
      case Kind.readBefore: {
        const [place, limit] = [numberAt(payload, 0), numberAt(payload, 1)]
        const read = kind === Kind.readAfter ? 'readAfter' : 'readBefore'
        answer(line, id, this.#log[read](topic, place, limit), (page) => [page.epoch, encodePage(page)])
        break
      }
      case Kind.top:
        answer(line, id, this.#log.top(topic), ({ epoch, offset }) => [epoch, encodeNumbers(offset)])
        break
      case Kind.follow: {
        const feed = this.#feed(topic)
        followed.set(id, feed)
        feed.add(line, id).catch((error: unknown) => {
          followed.delete(id)
          refuse(line, id, error)
        })
        break
      }
      case Kind.unfollow:
        followed.get(id)?.remove(line)
        followed.delete(id)
        break
    }
  }

  #append(line: Line, { id, subject: topic, payload }: Frame): void {
    const { record, options } = decodeAppend(payload)
    const { messages, ageMs, bytes } = options.retention
    // A log may take another object for another retention.
    const known = this.#retention
    if (known.messages !== messages || known.ageMs !== ageMs || known.bytes !== bytes)
      this.#retention = options.retention
    answer(line, id, this.#log.append(topic, record, { ...options, retention: this.#retention }), (appended) => [
      appended.position.epoch,
      encodeAppended(appended),
    ])
  }

  #feed(topic: string): SharedFeed {
    const known = this.#feeds.get(topic)
    if (known) return known
    const feed = new SharedFeed(this.#log, topic, this.#clock, () => this.#feeds.delete(topic))
    this.#feeds.set(topic, feed)
    return feed
  }
}

function answer<T>(
  line: Line,
  id: number,
  result: T | Promise<T>,
  encode: (value: T) => readonly [string, Buffer],
): void {
  const tell = (value: T) => {
    const [epoch, payload] = encode(value)
    line.send(Kind.logged, id, epoch, '', payload)
  }
  if (result instanceof Promise) result.then(tell).catch((error: unknown) => refuse(line, id, error))
  else tell(result)
}

function refuse(line: Line, id: number, error: unknown): void {
  const { name, message } = error instanceof Error ? error : { name: 'Error', message: String(error) }
  const retryAfterMs = error instanceof LogUnavailable ? error.retryAfterMs : 0
  line.send(Kind.refused, id, name, message.slice(0, MAX_REASON), encodeNumbers(retryAfterMs))
}
