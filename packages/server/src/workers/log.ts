import type { Clock, GapReason, Position } from '@rollcall/core'
import {
  type Appended,
  type AppendOptions,
  type Following,
  type Log,
  type LogListener,
  type LogPage,
  type LogRecord,
  LogUnavailable,
} from '../log/log.ts'
import { type Frame, Kind } from './frame.ts'
import type { Line } from './line.ts'
import {
  decodeAppended,
  decodeMessage,
  decodePage,
  decodePosition,
  encodeAppend,
  encodeNumbers,
  numberAt,
} from './log-codec.ts'

export interface WorkerLogOptions {
  readonly clock: Clock
  /** Hears what listeners throw. */
  readonly report: (error: unknown) => void
}

/** A question to the primary that waits for its answer. */
interface Call {
  resolve(answer: Frame): void
  reject(error: Error): void
}

/** What a topic's feed brings before `follow` has resolved waits. */
interface Feed {
  readonly listener: LogListener
  early: (() => void)[] | null
}

/** A worker's view of the log that the primary has open: every call is a question, and feeds come over the line. */
export class WorkerLog implements Log {
  readonly #line: Line
  readonly #clock: Clock
  readonly #report: (error: unknown) => void
  readonly #calls = new Map<number, Call>()
  readonly #feeds = new Map<number, Feed>()
  readonly #followed = new Set<string>()
  #lastId = 0
  #closing: Promise<void> | null = null

  constructor(line: Line, { clock, report }: WorkerLogOptions) {
    this.#line = line
    this.#clock = clock
    this.#report = report
  }

  get healthy(): boolean {
    return this.#line.open
  }

  async append(topic: string, record: LogRecord, options: AppendOptions): Promise<Appended> {
    const { subject, payload } = await this.#call(Kind.append, topic, encodeAppend(record, options))
    return decodeAppended(subject, payload)
  }

  async readAfter(topic: string, after: number, limit: number): Promise<LogPage> {
    const { subject, payload } = await this.#call(Kind.readAfter, topic, encodeNumbers(after, limit))
    return decodePage(subject, payload)
  }

  async readBefore(topic: string, before: number, limit: number): Promise<LogPage> {
    const { subject, payload } = await this.#call(Kind.readBefore, topic, encodeNumbers(before, limit))
    return decodePage(subject, payload)
  }

  async top(topic: string): Promise<Position> {
    const { subject, payload } = await this.#call(Kind.top, topic)
    return decodePosition(subject, payload)
  }

  async follow(topic: string, listener: LogListener): Promise<Following> {
    if (this.#followed.has(topic)) throw new Error(`This worker follows ${topic} already`)
    this.#followed.add(topic)
    const feed: Feed = { listener, early: [] }
    let answer: Frame
    try {
      answer = await this.#call(Kind.follow, topic, undefined, (id) => this.#feeds.set(id, feed))
    } catch (error) {
      this.#followed.delete(topic)
      throw error
    }
    const { id, subject, payload } = answer
    // Whoever waits for the answer has it before the next turn.
    this.#clock.soon(() => this.#begin(feed))
    return { position: decodePosition(subject, payload), stop: () => this.#stop(topic, id) }
  }

  #begin(feed: Feed): void {
    const early = feed.early ?? []
    feed.early = null
    for (const tell of early) this.#shielded(tell)
  }

  #stop(topic: string, id: number): void {
    const feed = this.#feeds.get(id)
    if (!feed) return
    feed.early = []
    this.#feeds.delete(id)
    this.#followed.delete(topic)
    this.#line.send(Kind.unfollow, id)
  }

  close(): Promise<void> {
    this.#closing ??= this.#end()
    return this.#closing
  }

  async #end(): Promise<void> {
    // Appends that are under way are answered, though what they answer may be that they were refused.
    const running = [...this.#calls.values()].map(
      (call) =>
        new Promise<void>((resolve) => {
          const { resolve: answer, reject } = call
          call.resolve = (frame) => {
            answer(frame)
            resolve()
          }
          call.reject = (error) => {
            reject(error)
            resolve()
          }
        }),
    )
    await Promise.all(running)
    for (const id of this.#feeds.keys()) this.#line.send(Kind.unfollow, id)
    this.#feeds.clear()
  }

  /** Asks the primary. `asked` hears the question's id before anything can come of it. */
  #call(kind: number, topic: string, payload?: Uint8Array, asked?: (id: number) => void): Promise<Frame> {
    if (this.#closing) return Promise.reject(new LogUnavailable('The log is closed'))
    if (!this.#line.open || this.#line.full)
      return Promise.reject(new LogUnavailable('The primary, which has the log, cannot be reached'))
    this.#lastId = (this.#lastId + 1) >>> 0
    const id = this.#lastId
    return new Promise((resolve, reject) => {
      this.#line.send(kind, id, topic, '', payload)
      this.#calls.set(id, { resolve, reject })
      asked?.(id)
    })
  }

  // What the line says

  heard(frame: Frame): void {
    const { kind, id } = frame
    if (kind === Kind.fed || kind === Kind.reset) {
      const feed = this.#feeds.get(id)
      if (!feed) return
      const tell = () => tellFeed(feed.listener, frame)
      if (feed.early) feed.early.push(tell)
      else this.#shielded(tell)
      return
    }
    const call = this.#calls.get(id)
    if (!call) return
    this.#calls.delete(id)
    if (kind === Kind.logged) call.resolve(frame)
    else {
      this.#feeds.delete(id)
      call.reject(errorOf(frame))
    }
  }

  ended(): void {
    for (const [id, { reject }] of [...this.#calls]) {
      this.#calls.delete(id)
      // Whether it was appended cannot be known.
      reject(new Error('The primary, which has the log, has ended'))
    }
  }

  #shielded(task: () => void): void {
    try {
      task()
    } catch (error) {
      this.#report(error)
    }
  }
}

function tellFeed(listener: LogListener, { kind, subject: epoch, node: reason, payload }: Frame): void {
  if (kind === Kind.fed) listener.message(decodeMessage(payload), epoch)
  else listener.reset(reason as GapReason, decodePosition(epoch, payload))
}

function errorOf({ subject: name, node: message, payload }: Frame): Error {
  if (name === 'LogUnavailable') return new LogUnavailable(message, { retryAfterMs: numberAt(payload, 0) })
  if (name === 'RangeError') return new RangeError(message)
  return new Error(message)
}
