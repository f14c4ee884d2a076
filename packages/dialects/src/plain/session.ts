import {
  CloseCode,
  type Effect,
  type Notice,
  type Outcome,
  type Payload,
  type Random,
  type Refusal,
  type Request,
  type Session,
} from '@rollcall/core'
import { closingOf, PlainCloseCode } from './closing.ts'
import type { PlainCodec } from './codec.ts'
import type { Visit } from './visit.ts'

export interface PlainSessionOptions {
  readonly visit: Visit
  readonly codec: PlainCodec
  readonly refusal: ((refusal: Refusal) => Payload | null) | null
  readonly pingMs: number
  readonly deadMs: number
}

type State =
  /** It is being found out who this is; what was sent meanwhile waits. */
  | { readonly kind: 'greeting'; readonly waiting: Payload[]; bytes: number }
  /** The topic is joined, or is being joined: the server keeps the order of join and sends. */
  | { readonly kind: 'open' }
  | { readonly kind: 'closed' }

const NOTHING: readonly Effect[] = []
const PING: readonly Effect[] = [{ kind: 'ping' }]
const OPEN: State = { kind: 'open' }
const CLOSED: State = { kind: 'closed' }

const MAX_WAITING = 256
const MAX_WAITING_BYTES = 262_144

/** One plain connection. The address said who it is and where it wants to be: there is nothing to negotiate. */
export class PlainSession implements Session {
  readonly #options: PlainSessionOptions
  #state: State = { kind: 'greeting', waiting: [], bytes: 0 }
  #pingAt: number
  #deadAt = Number.POSITIVE_INFINITY

  constructor(options: PlainSessionOptions, random: Random, now: number) {
    this.#options = options
    this.#pingAt = now + options.pingMs * (0.5 + random.fraction() / 2)
  }

  start(): readonly Effect[] {
    const { credentials } = this.#options.visit
    return [{ kind: 'request', request: { kind: 'hello', ref: null, credentials, resume: null } }]
  }

  receive(payload: Payload, now: number): readonly Effect[] {
    this.alive(now)
    const state = this.#state
    switch (state.kind) {
      case 'closed':
        return NOTHING
      case 'greeting':
        state.bytes += payload.length
        if (state.waiting.length >= MAX_WAITING || state.bytes > MAX_WAITING_BYTES)
          return this.#close(CloseCode.tooFast, 'too much was sent before the topic was joined')
        state.waiting.push(payload)
        return NOTHING
      case 'open':
        return this.#send(payload)
    }
  }

  alive(now: number): void {
    if (this.#deadAt === Number.POSITIVE_INFINITY) return
    this.#deadAt = Number.POSITIVE_INFINITY
    this.#pingAt = now + this.#options.pingMs
  }

  #send(frame: Payload): readonly Effect[] {
    const { codec, visit } = this.#options
    const decoded = codec.decode(frame)
    if ('fault' in decoded) {
      const tooDeep = decoded.fault === 'too_deep'
      const message = tooDeep ? 'The message is nested too deep' : 'The message is not JSON'
      return this.#refuse({ code: tooDeep ? 'too_deep' : 'bad_request', message })
    }
    const { payload } = decoded
    const request: Request = { kind: 'send', ref: null, alias: visit.topic, event: codec.event, payload, id: null }
    return [{ kind: 'request', request }]
  }

  #join(presence: unknown): Effect {
    const { visit, codec } = this.#options
    const { topic, input, last } = visit
    return {
      kind: 'request',
      request: {
        kind: 'join',
        ref: null,
        topic,
        alias: topic,
        variant: codec.variant,
        input,
        presence,
        since: last === null ? null : { last },
        roster: null,
      },
    }
  }

  answer(request: Request, outcome: Outcome): readonly Effect[] {
    if (this.#state.kind === 'closed') return NOTHING
    if (outcome.ok) return request.kind === 'hello' ? this.#greeted() : NOTHING
    const { refusal } = outcome
    if (request.kind === 'send') return this.#refuse(refusal)
    const unseen = request.kind === 'join' && request.presence === undefined
    // A name is given to be called by, too: it must not keep a client out of a channel that shows nobody.
    if (refusal.code === 'no_presence' && this.#options.visit.presenceByName && !unseen) return [this.#join(undefined)]
    this.#state = CLOSED
    return [closingOf(refusal)]
  }

  #greeted(): readonly Effect[] {
    if (this.#state.kind !== 'greeting') return NOTHING
    const { waiting } = this.#state
    this.#state = OPEN
    const effects = [this.#join(this.#options.visit.presence?.meta)]
    for (const frame of waiting) {
      effects.push(...this.#send(frame))
      if (this.#closed) break
    }
    return effects
  }

  // A method, so that the compiler does not believe that the state is still what it was before a call.
  get #closed(): boolean {
    return this.#state.kind === 'closed'
  }

  #refuse(refusal: Refusal): readonly Effect[] {
    const { refusal: tell } = this.#options
    if (!tell) {
      this.#state = CLOSED
      return [closingOf(refusal)]
    }
    try {
      const frame = tell(refusal)
      return frame === null ? NOTHING : [{ kind: 'write', payload: frame }]
    } catch {
      return this.#close(PlainCloseCode.internal, 'the message was refused, and why could not be told')
    }
  }

  notify(notice: Notice): readonly Effect[] {
    if (this.#state.kind === 'closed') return NOTHING
    if (notice.kind === 'left') return this.#close(CloseCode.kicked, notice.reason)
    // Going on would pass off a part for the whole, and there is no other word for it in this language.
    if (notice.kind === 'gap') return this.#close(CloseCode.insufficientState, 'messages were lost')
    return NOTHING
  }

  tick(now: number): readonly Effect[] {
    if (this.#state.kind === 'closed') return NOTHING
    if (now >= this.#deadAt) return this.#close(CloseCode.silent, 'no ping was answered in time')
    if (now < this.#pingAt) return NOTHING
    this.#pingAt = Number.POSITIVE_INFINITY
    this.#deadAt = now + this.#options.deadMs
    return PING
  }

  #close(code: number, reason: string): readonly Effect[] {
    this.#state = CLOSED
    return [{ kind: 'close', code, reason }]
  }
}
