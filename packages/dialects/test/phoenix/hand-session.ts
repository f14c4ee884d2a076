import {
  type Contract,
  channel,
  contract,
  type Effect,
  type Joined,
  type Outcome,
  type Random,
  type Refusal,
  type Request,
} from '@rollcall/core'
import { z } from 'zod'
import { type Format, phoenixSerializer } from '../../src/phoenix/serializer.ts'
import { PhoenixSession, type PhoenixSessionOptions } from '../../src/phoenix/session.ts'

const random: Random = { fraction: () => 0, token: () => 't' }

const rooms: Contract = contract({
  'room:{room}': channel({
    send: { message: z.string() },
    emit: { message: z.string() },
    call: { twice: { input: z.number(), output: z.number() } },
    presence: z.object({ name: z.string() }),
    history: {},
  }),
  'own:{room}': channel({
    send: { presence: z.string() },
    presence: z.object({ name: z.string() }),
  }),
  'bare:{room}': channel({ send: { message: z.string() } }),
})

export const ok = (result: unknown = null): Outcome => ({ ok: true, result })
export const no = (code: Refusal['code'], message = 'why'): Outcome => ({ ok: false, refusal: { code, message } })
export const joined = (more: Partial<Joined> = {}): Outcome =>
  ok({ entry: null, position: null, recovery: 'fresh', roster: null, reply: undefined, ...more } satisfies Joined)

/** A session whose server is the test: what it asks is answered by hand. */
export class HandSession {
  readonly session: PhoenixSession
  /** Requests without an answer, oldest first. */
  readonly asked: Request[] = []
  /** What was written, as JSON has it; bytes as they are. */
  readonly written: unknown[] = []
  closed: { readonly code: number; readonly reason: string } | null = null
  pings = 0
  now = 0

  constructor(options: Partial<PhoenixSessionOptions> = {}, format: Partial<Format> = {}) {
    this.session = new PhoenixSession(
      {
        serializer: phoenixSerializer({ version: 2, binary: true, stamped: false, ...format }, 16),
        contract: rooms,
        credentials: { name: 'Tyr' },
        maxChannels: 100,
        idleMs: 60_000,
        pingMs: 25_000,
        deadMs: 8_000,
        ...options,
      },
      random,
      0,
    )
    this.do(this.session.start())
  }

  /** A session that was let in. */
  static open(options: Partial<PhoenixSessionOptions> = {}, format: Partial<Format> = {}): HandSession {
    const hand = new HandSession(options, format)
    hand.answer(ok())
    return hand
  }

  do(effects: readonly Effect[]): void {
    for (const effect of effects) {
      if (effect.kind === 'request') this.asked.push(effect.request)
      else if (effect.kind === 'ping') this.pings++
      else if (effect.kind === 'close') this.closed ??= { code: effect.code, reason: effect.reason }
      else this.written.push(typeof effect.payload === 'string' ? JSON.parse(effect.payload) : effect.payload)
    }
  }

  /** A frame comes. */
  say(...frame: unknown[]): void {
    this.do(this.session.receive(JSON.stringify(frame), this.now))
  }

  raw(payload: string | Uint8Array): void {
    this.do(this.session.receive(payload, this.now))
  }

  /** The oldest request ends. */
  answer(outcome: Outcome): Request {
    const request = this.asked.shift()
    if (!request) throw new Error('nothing was asked')
    this.do(this.session.answer(request, outcome, this.now))
    return request
  }

  /** Joins a topic, and forgets that it was told so. */
  join(topic: string, joinRef: unknown = '1'): void {
    this.say(joinRef, joinRef, topic, 'phx_join', {})
    this.answer(joined())
    this.written.length = 0
  }

  tick(now: number): void {
    this.now = now
    this.do(this.session.tick(now))
  }

  /** What was written since the last time. */
  take(): unknown[] {
    return this.written.splice(0)
  }

  /** The kinds of the requests without an answer. */
  get kinds(): string[] {
    return this.asked.map(({ kind }) => kind)
  }
}
