import { type BackoffOptions, backoffMs } from '../backoff.ts'
import type { Random } from '../clock.ts'
import type { Outcome } from '../dialect.ts'
import type { ErrorCode, Refusal } from '../errors.ts'
import type { Ask, ClientEffect } from './client-effects.ts'
import { decodePage, decodeSent } from './decode.ts'
import type { Ref } from './frames.ts'
import type { Encoded, Writer } from './writer.ts'

export interface RequestOptions {
  /** How many requests may wait for an answer, and the bytes that they may have together. */
  readonly maxWaiting: number
  readonly maxWaitingBytes: number
  /** How long a request other than a call may wait for its answer, over all connections. */
  readonly sendTimeoutMs: number
  /** How often one request is written. */
  readonly maxSendAttempts: number
  /** The wait before what was refused for now is tried again. */
  readonly backoff: BackoffOptions
}

/** A request that has no answer yet, with its frame encoded once for all attempts. */
interface Waiting extends Encoded {
  readonly ask: Ask
  /** When it is given up. */
  readonly until: number
  /** How often it was written. */
  attempts: number
  /** Whether it was written on the present connection. */
  sent: boolean
  /** Not to be written before this. */
  notBefore: number
  /** The join that carries this `track` or `untrack`. */
  carrier: Ref | null
}

/** Refusals that may be none a little later. */
export const LATER: readonly ErrorCode[] = ['rate_limited', 'unavailable']

/**
 * What an application asked and has no answer to, in order, within a bound. A send is written again on the next connection
 * until it is answered; a call never is.
 */
export class Requests {
  readonly #options: RequestOptions
  readonly #writer: Writer
  readonly #random: Random
  readonly #byRef = new Map<Ref, Waiting>()
  #bytes = 0

  constructor(options: RequestOptions, writer: Writer, random: Random) {
    this.#options = options
    this.#writer = writer
    this.#random = random
  }

  /** Takes a request in; it is settled at once if it cannot be. */
  add(out: ClientEffect[], ask: Ask, now: number): boolean {
    const named = ask.kind === 'send' && ask.id === null ? { ...ask, id: this.#random.token(12) } : ask
    const encoded = this.#writer.encode(named)
    const { maxWaiting, maxWaitingBytes, sendTimeoutMs } = this.#options
    const full = 'bytes' in encoded && (this.#byRef.size >= maxWaiting || this.#bytes + encoded.bytes > maxWaitingBytes)
    // A leave makes room, so it is never turned away.
    if (full && ask.kind !== 'leave') {
      const message = `Cannot ${ask.kind} now: too much waits for its answer already`
      out.push(settled(ask.ref, { ok: false, refusal: { code: 'unavailable', message } }))
    } else if (!('bytes' in encoded)) out.push(settled(ask.ref, { ok: false, refusal: encoded }))
    else {
      const until = ask.kind === 'call' ? Number.POSITIVE_INFINITY : now + sendTimeoutMs
      this.#byRef.set(ask.ref, { ...encoded, ask, until, attempts: 0, sent: false, notBefore: 0, carrier: null })
      this.#bytes += encoded.bytes
      return true
    }
    return false
  }

  /** Forgets a request. Answers whether it may have reached the server. */
  cancel(ref: Ref): boolean {
    return (this.#remove(ref)?.attempts ?? 0) > 0
  }

  /** Writes what waits and may go now, in order: of one topic, of none (null), or of all (undefined). */
  flush(out: ClientEffect[], now: number, joined: (topic: string) => boolean, only?: string | null): void {
    const held = new Set<string>()
    for (const waiting of this.#byRef.values()) {
      const topic = topicOf(waiting.ask)
      if (waiting.sent || waiting.carrier !== null || (only !== undefined && topic !== only)) continue
      if (topic !== null && (held.has(topic) || !joined(topic))) continue
      // What was asked later must not overtake.
      if (waiting.notBefore <= now) this.#write(out, waiting)
      else if (topic !== null) held.add(topic)
    }
  }

  /** Writes one request now, whatever waits. */
  write(out: ClientEffect[], ref: Ref): void {
    const waiting = this.#byRef.get(ref)
    if (waiting) this.#write(out, waiting)
  }

  #write(out: ClientEffect[], waiting: Waiting): void {
    const refusal = this.#writer.write(out, waiting)
    if (refusal) this.refuse(out, waiting.ask.ref, refusal)
    else {
      waiting.sent = true
      waiting.attempts += 1
    }
  }

  /** The server said yes. Answers the request. @throws if the result is not of the protocol. */
  ok(out: ClientEffect[], ref: Ref, result: unknown): Ask | null {
    const ask = this.#byRef.get(ref)?.ask
    if (!ask) return null
    const value = ask.kind === 'send' ? decodeSent(result) : ask.kind === 'history' ? decodePage(result) : result
    this.settle(out, ref, { ok: true, result: value })
    return ask
  }

  /** The server said no. */
  error(out: ClientEffect[], ref: Ref, refusal: Refusal, now: number): void {
    const waiting = this.#byRef.get(ref)
    if (!waiting) return
    const { ask, attempts } = waiting
    // Whatever the reason: it is not joined any more.
    if (ask.kind === 'leave') this.settle(out, ref, { ok: true, result: null })
    else if (ask.kind === 'send' && attempts > 1 && LATER.includes(refusal.code)) {
      // An earlier attempt may have been accepted, so "not now" is no answer to whether it was.
      waiting.sent = false
      waiting.notBefore = now + this.delay(refusal, attempts)
    } else this.refuse(out, ref, refusal)
  }

  /** How long to wait after a refusal for now. */
  delay({ retryAfterMs = 0 }: Refusal, attempt: number): number {
    return Math.max(retryAfterMs, backoffMs(attempt, this.#random, this.#options.backoff))
  }

  /** A join goes out: answers the newest metadata that waits, or `known`, and lets the join carry it. */
  carry(topic: string, known: unknown, carrier: Ref): unknown {
    let meta = known
    for (const waiting of this.#byRef.values()) {
      const { ask } = waiting
      if ((ask.kind !== 'track' && ask.kind !== 'untrack') || ask.topic !== topic) continue
      waiting.carrier = carrier
      meta = ask.kind === 'track' ? ask.meta : undefined
    }
    return meta
  }

  /** A join has brought what it carried. */
  carried(out: ClientEffect[], carrier: Ref): void {
    for (const [ref, waiting] of this.#byRef)
      if (waiting.carrier === carrier) this.settle(out, ref, { ok: true, result: null })
  }

  /** A topic will not be joined: ends what was not written. The server answers the rest. */
  abandon(out: ClientEffect[], topic: string, refusal: Refusal): void {
    for (const [ref, { ask, sent, attempts }] of this.#byRef)
      if (topicOf(ask) === topic && !sent && ask.kind !== 'leave')
        this.refuse(out, ref, attempts > 0 ? disconnected(ask) : refusal)
  }

  /** The connection is gone: what was written on it will be written on the next, or ends here. */
  lose(out: ClientEffect[], wanted: (topic: string) => boolean): void {
    for (const [ref, waiting] of this.#byRef) {
      const { ask, attempts, sent } = waiting
      waiting.carrier = null
      waiting.sent = false
      if (!sent) continue
      // The server ends the memberships that a connection does not come back to.
      if (ask.kind === 'leave') this.settle(out, ref, { ok: true, result: null })
      else if (ask.kind === 'call' || ask.kind === 'refresh' || !wanted(ask.topic)) this.#disconnect(out, ask)
      else if (attempts >= this.#options.maxSendAttempts) this.#disconnect(out, ask)
    }
  }

  #disconnect(out: ClientEffect[], ask: Ask): void {
    this.refuse(out, ask.ref, disconnected(ask))
  }

  /** Ends what has waited too long. */
  expire(out: ClientEffect[], now: number): void {
    for (const [ref, { ask, attempts, until }] of this.#byRef) {
      if (now < until) continue
      const { kind } = ask
      if (kind === 'leave') this.settle(out, ref, { ok: true, result: null })
      else if (attempts > 0) this.refuse(out, ref, { code: 'timeout', message: `The ${kind} was not answered in time` })
      else this.refuse(out, ref, { code: 'unavailable', message: `The ${kind} could not be sent in time` })
    }
  }

  end(out: ClientEffect[], refusal: Refusal): void {
    for (const ref of this.#byRef.keys()) this.refuse(out, ref, refusal)
  }

  refuse(out: ClientEffect[], ref: Ref, refusal: Refusal): void {
    this.settle(out, ref, { ok: false, refusal })
  }

  settle(out: ClientEffect[], ref: Ref, outcome: Outcome): void {
    if (this.#remove(ref)) out.push(settled(ref, outcome))
  }

  #remove(ref: Ref): Waiting | undefined {
    const waiting = this.#byRef.get(ref)
    this.#bytes -= waiting?.bytes ?? 0
    this.#byRef.delete(ref)
    return waiting
  }
}

function topicOf(ask: Ask): string | null {
  return ask.kind === 'refresh' ? null : ask.topic
}

function settled(ref: Ref, outcome: Outcome): ClientEffect {
  return { kind: 'settled', ref, outcome }
}

function disconnected({ kind }: Ask): Refusal {
  return { code: 'disconnected', message: `The connection was lost before the ${kind} was answered` }
}
