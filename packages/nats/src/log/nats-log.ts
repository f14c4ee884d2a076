import type { Position, Undo } from '@rollcall/core'
import type { Appended, AppendOptions, Following, Log, LogListener, LogPage, LogRecord } from 'rollcall/log'
import { openLink } from '../dial.ts'
import { Appender } from './appender.ts'
import { closedError, logSettings, type NatsLogOptions } from './options.ts'
import type { LogParts } from './parts.ts'
import { Reader } from './reader.ts'
import { Stream } from './stream.ts'
import { Topic } from './topic.ts'
import { Trimmer } from './trimmer.ts'

/** So many topics are compared with the stream at a time. */
const CHECKS_AT_ONCE = 32
/** How long closing waits for appends under way. */
const FAREWELL_MS = 2000
/** Between two attempts to compare everything. */
const RETRY_MS = 1000
/** What is followed is stored anew when this share of the longest age has passed. */
const TOUCH_SHARE = 0.75

interface Room {
  readonly topic: Topic
  readonly appender: Appender
  readonly reader: Reader
}

/**
 * A log on JetStream, shared by all nodes that open it under the same stream name. Accepted means: stored by a majority of
 * the stream's servers, which write to disk a little later; see `replicas` and the server's `sync_interval`.
 *
 * Rejects if NATS cannot be reached within `connectTimeoutMs`, or if it refuses the stream.
 */
export async function natsLog(options: NatsLogOptions = {}): Promise<Log> {
  const settings = logSettings(options)
  const link = await openLink(settings, `rollcall log ${settings.stream}`)
  const stream = new Stream(link, settings)
  try {
    await stream.ensure()
    await stream.configure()
  } catch (cause) {
    await link.close()
    if (cause instanceof TypeError) throw cause
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new Error(`Cannot open the stream "${settings.stream}" of JetStream: ${reason}`, { cause })
  }
  const log = new NatsLog({ link, stream, settings })
  log.start()
  return log
}

class NatsLog implements Log {
  readonly #parts: LogParts
  readonly #rooms = new Map<string, Room>()
  #undoHealth: Undo = () => {}
  #undoCheck: Undo = () => {}
  #checking = false
  #checkAgain = false
  #closing: Promise<void> | null = null
  #ended = false

  constructor(parts: Omit<LogParts, 'closed'>) {
    this.#parts = { ...parts, closed: () => this.#ended }
  }

  get healthy(): boolean {
    return this.#parts.link.healthy
  }

  start(): void {
    const { link, stream } = this.#parts
    stream.onRenewed = () => this.#renewed()
    this.#undoHealth = link.onHealth((healthy) => {
      for (const { topic } of this.#rooms.values()) topic.markStale()
      if (healthy) void this.#check()
    })
    this.#later()
  }

  async append(topic: string, record: LogRecord, options: AppendOptions): Promise<Appended> {
    const { messages, ageMs, bytes } = options.retention
    if (!(messages > 0 && ageMs > 0 && bytes > 0))
      throw new RangeError('retention: messages, ageMs and bytes must all be above 0')
    return this.#room(topic).appender.append(record, options)
  }

  async readAfter(topic: string, after: number, limit: number): Promise<LogPage> {
    return this.#room(topic).reader.page((first, top) => {
      const start = Math.max(after + 1, first)
      return { start, end: Math.min(start + limit - 1, top) }
    })
  }

  async readBefore(topic: string, before: number, limit: number): Promise<LogPage> {
    return this.#room(topic).reader.page((first, top) => {
      const end = Math.min(before - 1, top)
      return { start: Math.max(first, end - limit + 1), end }
    })
  }

  async top(topic: string): Promise<Position> {
    const { topic: asked } = this.#room(topic)
    await asked.sync()
    const { epoch, top } = await asked.end()
    return { epoch, offset: top }
  }

  async follow(topic: string, listener: LogListener): Promise<Following> {
    return this.#room(topic).topic.follow(listener)
  }

  close(): Promise<void> {
    this.#closing ??= this.#end()
    return this.#closing
  }

  async #end(): Promise<void> {
    const { link } = this.#parts
    this.#undoCheck()
    this.#undoHealth()
    const settled = Promise.all([...this.#rooms.values()].map(({ appender }) => appender.settled()))
    await Promise.race([settled, link.wait(FAREWELL_MS)])
    // Whatever still runs gives up at its next step.
    this.#ended = true
    for (const { topic } of this.#rooms.values()) topic.close()
    await link.close()
    await settled
  }

  #room(name: string): Room {
    if (this.#closing) throw closedError()
    let room = this.#rooms.get(name)
    if (!room) {
      const topic = new Topic(name, this.#parts)
      const reader = new Reader(topic)
      const trimmer = new Trimmer(topic, reader)
      room = { topic, reader, appender: new Appender(topic, (base, top) => trimmer.appended(base, top)) }
      this.#rooms.set(name, room)
    }
    room.topic.usedAt = this.#parts.settings.clock.now()
    return room
  }

  #renewed(): void {
    for (const { topic } of this.#rooms.values()) topic.refeed()
    void this.#check()
  }

  #later(): void {
    const { settings } = this.#parts
    // Spread, so that the nodes do not ask together.
    const inMs = settings.checkMs * (0.75 + settings.random.fraction() / 2)
    this.#undoCheck = settings.clock.after(inMs, () => {
      void this.#check()
      this.#later()
    })
  }

  /** Compares what is followed with the stream, until it is done once from the beginning to the end. Never rejects. */
  async #check(): Promise<void> {
    this.#checkAgain = true
    if (this.#checking) return
    this.#checking = true
    const { link } = this.#parts
    while (this.#checkAgain && !this.#closing && link.healthy) {
      this.#checkAgain = false
      if (await this.#checkOnce()) continue
      this.#checkAgain = true
      await link.wait(RETRY_MS)
    }
    this.#checking = false
  }

  // Answers whether everything could be compared. Forgets what is not used, too.
  async #checkOnce(): Promise<boolean> {
    const { stream, settings } = this.#parts
    try {
      await stream.ensure()
    } catch (error) {
      settings.report(error)
      return false
    }
    const followed: Topic[] = []
    const idleBefore = settings.clock.now() - settings.idempotencyWindowMs - settings.checkMs
    for (const [name, { topic, appender }] of this.#rooms) {
      if (topic.followed) followed.push(topic)
      else if (appender.idle && topic.usedAt < idleBefore) this.#rooms.delete(name)
    }
    let complete = true
    const next = async () => {
      for (let topic = followed.pop(); topic && !this.#closing; topic = followed.pop())
        if (!(await this.#verify(topic))) complete = false
    }
    await Promise.all(Array.from({ length: CHECKS_AT_ONCE }, next))
    return complete
  }

  async #verify(topic: Topic): Promise<boolean> {
    const { settings } = this.#parts
    try {
      await topic.sync()
      const { at } = await topic.end()
      if (settings.clock.now() - at > settings.maxAgeMs * TOUCH_SHARE) await topic.touch()
      return true
    } catch (error) {
      if (!this.#closing) settings.report(error)
      return false
    }
  }
}
