import type {
  Delivery,
  Effect,
  ErrorCode,
  Notice,
  Outcome,
  Payload,
  Request,
  RosterState,
  Session,
  Variant,
} from '@rollcall/core'
import type { SeededRandom } from '@rollcall/testkit'

const CODES: readonly ErrorCode[] = [
  'bad_request',
  'unknown_topic',
  'invalid_payload',
  'unauthorized',
  'refused',
  'rate_limited',
  'unavailable',
  'no_presence',
  'internal',
]
const ROSTER: RosterState = {
  version: { epoch: 'r', version: 1 },
  entries: [{ id: 'i', key: 'k', meta: { name: 'x' }, rev: 1 }],
} as unknown as RosterState

/** A session and the rest of a server, as far as the session can tell: requests are answered, at once or later, well or not. */
export class Played {
  readonly #session: Session
  readonly #random: SeededRandom
  readonly #pending: Request[] = []
  readonly #joined: { readonly alias: string; readonly variant: Variant }[] = []
  #now = 1_700_000_000_000
  closed = false

  constructor(session: Session, random: SeededRandom) {
    this.#session = session
    this.#random = random
    this.#apply(session.start?.(this.#now) ?? [])
  }

  /** Gives it a message, and sometimes something else to think about. Throws what the session throws. */
  receive(payload: Payload): void {
    this.#now += this.#random.int(0, 50)
    this.#apply(this.#session.receive(payload, this.#now))
    const then = this.#random.int(0, 9)
    if (then < 4) this.#answerOne()
    else if (then === 4) this.#tick()
    else if (then === 5) this.#session.alive?.(this.#now)
    else if (then === 6) this.#notify()
  }

  #tick(): void {
    this.#now += this.#random.int(0, 2_000)
    this.#apply(this.#session.tick(this.#now))
  }

  #answerOne(): void {
    const request = this.#pending.shift()
    if (request) this.#apply(this.#session.answer(request, this.#outcome(request), this.#now))
  }

  #apply(effects: readonly Effect[]): void {
    for (const effect of effects) {
      if (effect.kind === 'close') this.closed = true
      if (effect.kind === 'write' && typeof effect.payload !== 'string' && !(effect.payload instanceof Uint8Array))
        throw new TypeError('what is written is neither text nor bytes')
      if (effect.kind !== 'request') continue
      this.#pending.push(effect.request)
      if (effect.request.kind === 'hello' || this.#random.chance(0.5)) this.#answerOne()
    }
  }

  #outcome(request: Request): Outcome {
    const random = this.#random
    if (random.chance(request.kind === 'hello' ? 0.05 : 0.2)) {
      const code = random.pick(CODES)
      return { ok: false, refusal: { code, message: 'no', ...(random.chance(0.5) && { retryAfterMs: 5 }) } }
    }
    if (request.kind === 'join') {
      this.#joined.push(request)
      this.#deliver(request.variant)
    }
    return { ok: true, result: this.#result(request) }
  }

  #result(request: Request): unknown {
    switch (request.kind) {
      case 'hello':
        return { connection: 'c', user: { id: 'u' }, resume: null }
      case 'refresh':
        return { resume: 't', resumeMs: 1 }
      case 'join':
        return { entry: null, position: null, recovery: 'fresh', roster: null, reply: { a: 1 } }
      case 'history':
        return { messages: [delivery('hi')], epoch: 'e', more: false }
      case 'roster':
        return ROSTER
      case 'call':
        return this.#random.pick([null, 'x', { n: 1 }, [1, 2], new Uint8Array([1, 2])])
      default:
        return request.kind === 'send' ? { position: null } : null
    }
  }

  // What everybody in a topic gets goes through the variant, not through the session.
  #deliver(variant: Variant): void {
    for (const payload of ['hi', { n: 1 }, null, new Uint8Array([1, 2])]) variant.message(delivery(payload))
  }

  #notify(): void {
    if (this.#joined.length === 0) return
    const { alias } = this.#random.pick(this.#joined)
    const notices: readonly Notice[] = [
      { kind: 'left', alias, reason: 'kicked' },
      { kind: 'gap', alias, reason: 'too_old', position: { epoch: 'e', offset: 1 } },
      { kind: 'closing', reason: 'restart', retryAfterMs: 1, spreadMs: 1 },
    ]
    this.#apply(this.#session.notify(this.#random.pick(notices)))
  }
}

function delivery(payload: unknown): Delivery {
  return { topic: 'room:a', event: 'message', payload, from: null, at: 1, position: { epoch: 'e', offset: 1 } }
}
