import {
  type Ask,
  type ClientEffect,
  type JoinOptions,
  type Outcome,
  type Refusal,
  RollcallClientSession,
  systemClock,
  systemRandom,
} from '@rollcall/core'
import { Link, type LinkListener } from './link.ts'
import type { Happening } from './transcript.ts'

export interface AttendanceOptions {
  readonly url: string
  readonly topic: string
  readonly event: string
  readonly credentials: unknown
  /** Undefined to be here unseen. */
  readonly presence: { readonly name: string } | undefined
  readonly input: unknown
  readonly last: number
  /** The first join is done: lines can be sent. */
  joined(): void
  happened(happening: Happening): void
  /** It is over, by ourselves or not. */
  over(reason: 'left' | 'ended'): void
}

const LEAVE_MS = 1_000

/** Being in one channel, over any number of connections. */
export class Attendance implements LinkListener {
  readonly #options: AttendanceOptions
  readonly #session: RollcallClientSession
  readonly #link: Link
  readonly #asked = new Map<number, (outcome: Outcome) => void>()
  #seen: boolean
  #joined = false
  #over = false

  constructor(options: AttendanceOptions) {
    this.#options = options
    this.#seen = options.presence !== undefined
    this.#session = new RollcallClientSession(
      { checkTimeoutMs: 5_000, maxWaiting: 16, maxWaitingBytes: 16_777_216, maxAttempts: 1_000, backoff: {} },
      systemRandom,
    )
    this.#link = new Link(options.url, options.credentials, this.#session, this)
  }

  open(): void {
    this.#join()
    this.#link.open()
  }

  #join(): void {
    const { topic, presence, input, last } = this.#options
    const options: JoinOptions = { input, last, ...(this.#seen && { presence }) }
    this.#link.run(this.#session.join(topic, options, systemClock.now()))
  }

  /** Sends a line, and waits until it is accepted, or refused for good. */
  async send(line: string): Promise<boolean> {
    const { topic, event } = this.#options
    for (;;) {
      const outcome = await this.#ask({
        kind: 'send',
        ref: this.#session.nextRef(),
        topic,
        event,
        payload: line,
        id: null,
      })
      if (outcome.ok) {
        this.#options.happened({ kind: 'sent', position: outcome.result as null })
        return true
      }
      const { code, retryAfterMs } = outcome.refusal
      if (code !== 'rate_limited' || this.#over) {
        // How it ended was told already, for all lines together.
        if (!this.#over) this.#options.happened({ kind: 'refused', refusal: outcome.refusal })
        return false
      }
      await new Promise<void>((resolve) => systemClock.after(retryAfterMs ?? 1_000, resolve))
    }
  }

  /** Leaves, waiting a moment for the server to know. Idempotent. */
  async leave(): Promise<void> {
    if (this.#over) return
    this.#over = true
    if (this.#joined) await this.#tellLeaving()
    await this.#link.close()
    this.#options.happened({ kind: 'left' })
    this.#options.over('left')
  }

  #tellLeaving(): Promise<void> {
    return new Promise((resolve) => {
      const late = systemClock.after(LEAVE_MS, resolve)
      void this.#ask({ kind: 'leave', ref: this.#session.nextRef(), topic: this.#options.topic }).then(() => {
        // A timer that nobody needs would keep the process.
        late()
        resolve()
      })
    })
  }

  #ask(ask: Ask): Promise<Outcome> {
    return new Promise((resolve) => {
      this.#asked.set(ask.ref, resolve)
      this.#link.run(this.#session.ask(ask, systemClock.now()))
    })
  }

  told(effects: readonly ClientEffect[]): void {
    // The first roster comes as changes from nothing: who is here is told as one line instead.
    const first = effects.some((effect) => effect.kind === 'joined' && effect.first)
    for (const effect of effects) {
      if (effect.kind === 'settled') {
        const settle = this.#asked.get(effect.ref)
        this.#asked.delete(effect.ref)
        settle?.(effect.outcome)
      } else if (effect.kind === 'joined') this.#entered(effect.first, effect.result.reply)
      else if (effect.kind === 'ended') this.#refused(effect.refusal)
      else if (effect.kind === 'gap') this.#options.happened({ kind: 'gap', reason: effect.reason })
      else if (effect.kind === 'message' && effect.event === this.#options.event) this.#options.happened(effect)
      else if (effect.kind === 'presence' && !first) this.#changed(effect.changes)
    }
  }

  #changed(changes: Extract<ClientEffect, { kind: 'presence' }>['changes']): void {
    for (const change of changes) this.#options.happened({ kind: 'presence', change })
    const count = this.#session.membership(this.#options.topic)?.count
    if (changes.length === 0 && count) this.#options.happened({ kind: 'count', members: count.members })
  }

  // The session has read all of the frame by now: the roster is whole.
  #entered(first: boolean, reply: unknown): void {
    const { topic, happened, joined } = this.#options
    this.#joined = true
    const membership = this.#session.membership(topic)
    const members = membership?.roster.members() ?? []
    const counted = membership?.count ?? null
    happened({
      kind: 'joined',
      topic,
      members: counted ? null : members,
      count: counted?.members ?? members.length,
      again: !first,
      reply: reply ?? null,
    })
    if (first) joined()
  }

  #refused(refusal: Refusal): void {
    if (this.#over) return
    if (refusal.code === 'no_presence' && this.#seen && !this.#joined) {
      this.#seen = false
      this.#options.happened({ kind: 'unseen' })
      this.#join()
      return
    }
    this.#end(refusal)
  }

  #end(refusal: Refusal): void {
    if (this.#over) return
    this.#over = true
    this.#options.happened({ kind: 'ended', refusal })
    for (const settle of this.#asked.values()) settle({ ok: false, refusal })
    void this.#link.close().then(() => this.#options.over('ended'))
  }

  waiting(ms: number, reason: string): void {
    this.#options.happened({ kind: 'waiting', ms, reason })
  }

  stopped(reason: string, everOpen: boolean): void {
    const { url } = this.#options
    const server = url.replace(/^ws/, 'http')
    const message = everOpen ? `The server ended the connection: ${reason}` : `Cannot reach ${server}: ${reason}`
    this.#end({ code: 'disconnected', message })
  }
}
