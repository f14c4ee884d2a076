import type { Contract, Effect, Notice, Outcome, Payload, Random, Request, Session } from '@rollcall/core'
import { PhoenixClose, phoenixCloseCode } from './closing.ts'
import { NO_REF } from './frames.ts'
import { Places } from './places.ts'
import type { Serializer } from './serializer.ts'
import { Silence, type SilenceOptions } from './silence.ts'
import { Voice } from './voice.ts'

export interface PhoenixSessionOptions extends SilenceOptions {
  readonly serializer: Serializer
  readonly contract: Contract
  readonly credentials: unknown
  readonly maxChannels: number
}

type State =
  /** It is being found out who this is; what was sent meanwhile waits. */
  | { readonly kind: 'greeting'; readonly waiting: Payload[]; bytes: number }
  | { readonly kind: 'open' }
  | { readonly kind: 'closed' }

const NOTHING: readonly Effect[] = []
const PING: readonly Effect[] = [{ kind: 'ping' }]
const OPEN: State = { kind: 'open' }
const CLOSED: State = { kind: 'closed' }

const MAX_WAITING = 256
const MAX_WAITING_BYTES = 262_144
/** How long a second join of a topic waits for the end of the first, in milliseconds. */
const PATIENCE_MS = 5_000

/** One client, in protocol 1 or 2. Its handshake said who it is: there is no hello. */
export class PhoenixSession implements Session {
  readonly #credentials: unknown
  readonly #serializer: Serializer
  readonly #places: Places
  readonly #voice: Voice
  readonly #silence: Silence
  #state: State = { kind: 'greeting', waiting: [], bytes: 0 }

  constructor(options: PhoenixSessionOptions, random: Random, now: number) {
    const { serializer, contract, maxChannels } = options
    this.#credentials = options.credentials
    this.#serializer = serializer
    this.#voice = new Voice(serializer)
    const { variant } = serializer
    this.#places = new Places({ contract, variant, maxChannels, patienceMs: PATIENCE_MS }, this.#voice)
    this.#silence = new Silence(options, random, now)
  }

  start(): readonly Effect[] {
    const credentials = this.#credentials
    return [{ kind: 'request', request: { kind: 'hello', ref: null, credentials, resume: null, token: 'none' } }]
  }

  receive(payload: Payload, now: number): readonly Effect[] {
    this.#silence.heard(now)
    const state = this.#state
    switch (state.kind) {
      case 'closed':
        return NOTHING
      case 'greeting':
        state.bytes += payload.length
        if (state.waiting.length >= MAX_WAITING || state.bytes > MAX_WAITING_BYTES)
          return this.#close(PhoenixClose.refused, 'too much was sent before the connection was let in')
        state.waiting.push(payload)
        return NOTHING
      case 'open':
        return this.#read(payload, now)
    }
  }

  alive(now: number): void {
    this.#silence.alive(now)
  }

  #read(payload: Payload, now: number): readonly Effect[] {
    const frame = this.#serializer.decode(payload)
    if ('fault' in frame) return this.#close(PhoenixClose.malformed, frame.fault)
    if (frame.topic === 'phoenix' && frame.event === 'heartbeat') return [this.#voice.ok(NO_REF, frame, {})]
    const effects = this.#places.take(frame, now)
    return this.#places.crowded ? this.#close(PhoenixClose.refused, 'too much was sent at once') : effects
  }

  answer(request: Request, outcome: Outcome, now: number): readonly Effect[] {
    if (this.#state.kind === 'closed') return NOTHING
    return request.kind === 'hello' ? this.#greeted(outcome, now) : this.#places.answer(request, outcome, now)
  }

  #greeted(outcome: Outcome, now: number): readonly Effect[] {
    if (this.#state.kind !== 'greeting') return NOTHING
    if (!outcome.ok) {
      const { code, message } = outcome.refusal
      const later = code === 'unavailable' || code === 'rate_limited' || code === 'internal'
      return this.#close(later ? PhoenixClose.later : PhoenixClose.refused, message)
    }
    const { waiting } = this.#state
    this.#state = OPEN
    const effects: Effect[] = []
    for (const payload of waiting) effects.push(...this.receive(payload, now))
    return effects
  }

  notify(notice: Notice): readonly Effect[] {
    if (this.#state.kind === 'closed') return NOTHING
    // No channel is told that it is over: its client would not join it again behind its next connection.
    if (notice.kind === 'closing') return this.#close(PhoenixClose.restarting, notice.reason)
    return this.#places.notify(notice)
  }

  tick(now: number): readonly Effect[] {
    if (this.#state.kind === 'closed') return NOTHING
    switch (this.#silence.tick(now)) {
      case 'dead':
        return this.#close(PhoenixClose.idle, 'no ping was answered in time')
      case 'idle':
        return this.#close(PhoenixClose.idle, 'nothing was sent for too long')
      case 'ping':
        return PING
      default:
        return this.#places.pursue(now)
    }
  }

  closeCode(code: number): number {
    return phoenixCloseCode(code)
  }

  #close(code: number, reason: string): readonly Effect[] {
    this.#state = CLOSED
    return [{ kind: 'close', code, reason }]
  }
}
