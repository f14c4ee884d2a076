import { type BackoffOptions, backoffMs } from '../backoff.ts'
import type { Random } from '../clock.ts'
import type { Outcome } from '../dialect.ts'
import type { ErrorCode, Refusal } from '../errors.ts'
import type { Ask } from './client-effects.ts'
import { decodePage, decodeSent } from './decode-server.ts'
import type { Ref } from './frames.ts'
import type { Encoded, Writer } from './writer.ts'

export interface RequestOptions {
  /** How many requests may wait for an answer, and the bytes that they may have together. */
  readonly maxWaiting: number
  readonly maxWaitingBytes: number
  /** How often one request is written. */
  readonly maxAttempts: number
  /** The wait before what was refused for now is tried again. */
  readonly backoff: BackoffOptions
}

/** A request that has no answer yet, with its frame encoded once for all attempts. */
interface Waiting extends Encoded {
  readonly ask: Ask
  /** How often it was written. */
  attempts: number
  /** Whether it was written on the present connection. */
  sent: boolean
}

const DONE: Outcome = { ok: true, result: null }

/** How many requests may be on their way at once: as many again go when they are answered, so that none is a flood. */
const WINDOW = 64

/** Refusals that were as true of every attempt before. */
const NEVER = /^(bad|unknown|invalid|too)_/

/** Whether a refusal may be none a little later. */
export function isForNow({ code }: Refusal): boolean {
  return code === 'rate_limited' || code === 'unavailable'
}

/** The topic that a request is about. */
export function topicOf(ask: Ask): string | null {
  return ask.kind === 'refresh' ? null : ask.topic
}

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
  /** Requests written on the present connection. */
  #inFlight = 0
  /** When requests may be written again, for topics that the server has asked for patience on. */
  readonly #pausedUntil = new Map<string | null, number>()

  constructor(options: RequestOptions, writer: Writer, random: Random) {
    this.#options = options
    this.#writer = writer
    this.#random = random
  }

  /** Takes a request in. @throws TypeError or RangeError on a payload that cannot be sent. */
  add(ask: Ask): void {
    const { ref, kind } = ask
    const encoded = this.#writer.encode(kind === 'send' ? { ...ask, id: ask.id ?? this.#random.token(12) } : ask)
    const { maxWaiting, maxWaitingBytes } = this.#options
    this.#byRef.set(ref, { ...encoded, ask, attempts: 0, sent: false })
    this.#bytes += encoded.bytes
    // A leave makes room, so it is never turned away.
    if ((this.#byRef.size > maxWaiting || this.#bytes > maxWaitingBytes) && kind !== 'leave')
      this.refuse(ref, 'unavailable', `Cannot ${kind}: too much waits for an answer`)
  }

  /** Forgets a request. Answers whether it may have reached the server. */
  cancel(ref: Ref): boolean {
    const waiting = this.#byRef.get(ref)
    if (!waiting) return false
    this.#bytes -= waiting.bytes
    this.#unsend(waiting)
    this.#byRef.delete(ref)
    return waiting.attempts > 0
  }

  #unsend(waiting: Waiting): void {
    if (waiting.sent) this.#inFlight -= 1
    waiting.sent = false
  }

  /** Writes what waits and may go now, in order. */
  flush(now: number, isJoined: (topic: string) => boolean): void {
    for (const waiting of this.#byRef.values()) {
      if (this.#inFlight >= Math.min(WINDOW, this.#byRef.size)) return
      const topic = topicOf(waiting.ask)
      const mayGo = (topic === null || isJoined(topic)) && now >= (this.#pausedUntil.get(topic) ?? 0)
      if (mayGo && !waiting.sent) this.#write(waiting)
    }
  }

  /** Writes one request now, whatever waits. */
  write(ref: Ref): void {
    const waiting = this.#byRef.get(ref)
    if (waiting) this.#write(waiting)
  }

  #write(waiting: Waiting): void {
    const refusal = this.#writer.write(waiting)
    waiting.sent = true
    waiting.attempts += 1
    this.#inFlight += 1
    if (refusal) this.#end(waiting, refusal)
  }

  /** The server said yes. Answers the request. @throws if the result is not of the protocol. */
  ok(ref: Ref, result: unknown): Ask | undefined {
    const ask = this.#byRef.get(ref)?.ask
    const read = ask?.kind === 'send' ? decodeSent : ask?.kind === 'history' ? decodePage : null
    this.settle(ref, { ok: true, result: read ? read(result) : result })
    return ask
  }

  /** The server said no. */
  error(ref: Ref, refusal: Refusal, now: number): void {
    const waiting = this.#byRef.get(ref)
    if (!waiting) return
    const { ask, attempts } = waiting
    // An earlier attempt may have been accepted, so "not now" is no answer to whether it was.
    const repeated = ask.kind === 'send' && attempts > 1
    const again = repeated && isForNow(refusal)
    if (again || refusal.code === 'rate_limited')
      this.#pausedUntil.set(topicOf(ask), now + this.delay(refusal, attempts))
    if (again) this.#unsend(waiting)
    // Nor is "not any more", as to one who was removed meanwhile; only what can never be accepted never was.
    else if (repeated && !NEVER.test(refusal.code)) this.#disconnect(waiting)
    else this.#end(waiting, refusal)
  }

  /** How long to wait after a refusal for now. */
  delay({ retryAfterMs = 0 }: Refusal, attempt: number): number {
    return Math.max(retryAfterMs, backoffMs(attempt, this.#random, this.#options.backoff))
  }

  /**
   * Ends what cannot be answered any more, truthfully: of a topic that will not be joined, what is not on its way (the
   * server answers the rest); without a topic, everything.
   */
  abandon(refusal: Refusal, topic?: string): void {
    for (const waiting of this.#byRef.values()) {
      if (topic !== undefined && (waiting.sent || topicOf(waiting.ask) !== topic)) continue
      if (waiting.attempts > 0) this.#disconnect(waiting)
      else this.#end(waiting, refusal)
    }
  }

  /** The connection is gone: what was written on it will be written on the next, or ends here. */
  lose(isWanted: (topic: string) => boolean): void {
    for (const waiting of this.#byRef.values()) {
      const { ask, attempts, sent } = waiting
      this.#unsend(waiting)
      // A leave, too: the topic may have been joined again since, and is not to be left by what was meant before.
      const once = ask.kind === 'call' || ask.kind === 'refresh' || ask.kind === 'leave' || !isWanted(ask.topic)
      if (sent && (once || attempts >= this.#options.maxAttempts)) this.#disconnect(waiting)
    }
  }

  #disconnect({ ask: { ref, kind } }: Waiting): void {
    this.refuse(ref, 'disconnected', `The ${kind} has no answer: the connection was lost`)
  }

  refuse(ref: Ref, code: ErrorCode, message: string): void {
    this.settle(ref, { ok: false, refusal: { code, message } })
  }

  #end({ ask }: Waiting, refusal: Refusal): void {
    this.settle(ask.ref, { ok: false, refusal })
  }

  settle(ref: Ref, outcome: Outcome): void {
    const ask = this.#byRef.get(ref)?.ask
    this.cancel(ref)
    // Whatever the answer to a leave: it is not joined any more. The server ends what a lost connection does not come back to.
    if (ask) this.#writer.tell({ kind: 'settled', ref, outcome: ask.kind === 'leave' ? DONE : outcome })
  }
}
