import type { Clock, Random, Undo } from '@rollcall/core'
import {
  type Appended,
  type AppendOptions,
  type Following,
  type Log,
  type LogListener,
  type LogPage,
  type LogRecord,
  LogUnavailable,
} from 'rollcall/log'
import { DelayLine } from '../time/delay-line.ts'

/** How a node reaches its log. */
export interface LogConditions {
  /** How long a question and its answer travel each, in milliseconds. Default 0: everything is answered at once. */
  delayMs: number
  /** Up to so much longer, by chance. Default 0. */
  jitterMs: number
  /** Nothing reaches the log: appends are refused, what it feeds is lost. Default false. */
  unavailable: boolean
  /** The share of appends that arrive, though their answer does not, from 0 to 1. Default 0. */
  loseAnswers: number
  /** The share of fed messages that are lost on the way, from 0 to 1. Default 0. */
  loseFeed: number
}

export interface RemoteLogOptions {
  /** The clock of the machine that uses the log. */
  readonly clock: Clock
  /** The clock of the machine that the log is on: what has arrived there happens, whatever becomes of the other. */
  readonly logClock: Clock
  readonly random: Random
  readonly conditions?: Partial<LogConditions>
  /** Hears what listeners throw. Default: nobody. */
  readonly report?: (error: unknown) => void
}

/** A log on another machine. */
export interface RemoteLog extends Log {
  /** May be changed at any time. */
  readonly conditions: LogConditions
}

/** How long an append without an answer is waited for. */
const ANSWER_MS = 2_000

/**
 * One node's way to a log that others use too, and that outlives the node: closing this one leaves the log open. With a
 * delay, everything is answered later, as a log behind a network does it.
 */
export function remoteLog(log: Log, options: RemoteLogOptions): RemoteLog {
  return new FarLog(log, options)
}

class FarLog implements RemoteLog {
  readonly conditions: LogConditions
  readonly #log: Log
  readonly #options: RemoteLogOptions
  readonly #stops = new Set<Undo>()
  // Questions arrive in the order in which they were asked, and answers and what is fed in theirs.
  readonly #there: DelayLine
  readonly #back: DelayLine
  #closed = false

  constructor(log: Log, options: RemoteLogOptions) {
    this.#log = log
    this.#options = options
    this.conditions = {
      delayMs: 0,
      jitterMs: 0,
      unavailable: false,
      loseAnswers: 0,
      loseFeed: 0,
      ...options.conditions,
    }
    this.#there = new DelayLine(options.logClock, () => this.#travelMs())
    this.#back = new DelayLine(options.clock, () => this.#travelMs())
  }

  get #near(): boolean {
    const { delayMs, jitterMs } = this.conditions
    return delayMs === 0 && jitterMs === 0
  }

  append(topic: string, record: LogRecord, options: AppendOptions): Appended | Promise<Appended> {
    const { loseAnswers, unavailable } = this.conditions
    if (unavailable || this.#closed) return Promise.reject(new LogUnavailable('The log cannot be reached'))
    if (loseAnswers > 0 && this.#options.random.fraction() < loseAnswers) {
      const append = async () => {
        await this.#log.append(topic, record, options)
      }
      const unheard = () => void append().catch(() => {})
      // Not behind those that are near: appends keep their order.
      if (this.#near) unheard()
      else this.#there.add(unheard)
      return this.#noAnswer()
    }
    return this.#ask(() => this.#log.append(topic, record, options))
  }

  readAfter(topic: string, after: number, limit: number): LogPage | Promise<LogPage> {
    return this.#ask(() => this.#log.readAfter(topic, after, limit))
  }

  readBefore(topic: string, before: number, limit: number): LogPage | Promise<LogPage> {
    return this.#ask(() => this.#log.readBefore(topic, before, limit))
  }

  top(topic: string): ReturnType<Log['top']> {
    return this.#ask(() => this.#log.top(topic))
  }

  follow(topic: string, listener: LogListener): Following | Promise<Following> {
    const following = this.#ask(() => this.#log.follow(topic, this.#farListener(listener)))
    const keep = ({ position, stop }: Following): Following => {
      this.#stops.add(stop)
      return {
        position,
        stop: () => {
          this.#stops.delete(stop)
          stop()
        },
      }
    }
    return following instanceof Promise ? following.then(keep) : keep(following)
  }

  #farListener(listener: LogListener): LogListener {
    const feed = (task: () => void) => {
      const { loseFeed, unavailable } = this.conditions
      if (this.#closed || unavailable || (loseFeed > 0 && this.#options.random.fraction() < loseFeed)) return
      if (this.#near) task()
      else this.#back.add(() => this.#guarded(task))
    }
    return {
      message: (message, epoch) => feed(() => listener.message(message, epoch)),
      reset: (reason, position) => feed(() => listener.reset(reason, position)),
    }
  }

  #guarded(task: () => void): void {
    try {
      task()
    } catch (error) {
      this.#options.report?.(error)
    }
  }

  #ask<T>(question: () => T | Promise<T>): T | Promise<T> {
    if (this.conditions.unavailable || this.#closed)
      return Promise.reject(new LogUnavailable('The log cannot be reached'))
    if (this.#near) return question()
    return new Promise((resolve, reject) => {
      this.#there.add(async () => {
        try {
          const answer = await question()
          this.#back.add(() => resolve(answer))
        } catch (error) {
          this.#back.add(() => reject(error))
        }
      })
    })
  }

  #noAnswer(): Promise<never> {
    return new Promise((_, reject) => {
      this.#options.clock.after(ANSWER_MS, () => reject(new Error('The log did not answer in time')))
    })
  }

  #travelMs(): number {
    const { delayMs, jitterMs } = this.conditions
    return delayMs + this.#options.random.fraction() * jitterMs
  }

  /** The node is done with the log; the log stays. */
  async close(): Promise<void> {
    this.#closed = true
    for (const stop of this.#stops) stop()
    this.#stops.clear()
  }
}
