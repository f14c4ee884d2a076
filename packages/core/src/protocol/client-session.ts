import type { Random } from '../clock.ts'
import { CloseCode } from '../close-codes.ts'
import type { Payload } from '../dialect.ts'
import type { Refusal } from '../errors.ts'
import type { Ask, ClientEffect } from './client-effects.ts'
import { decodeServer } from './decode.ts'
import { encodeClient } from './encode.ts'
import type { JoinOptions, Ref, ServerFrame, WelcomeFrame } from './frames.ts'
import type { MembershipView } from './membership.ts'
import { Memberships } from './memberships.ts'
import { type RequestOptions, Requests } from './requests.ts'
import { Writer } from './writer.ts'

/** How a client session behaves. All are required here, and have their defaults in the client. */
export interface ClientSessionOptions extends RequestOptions {
  /** How long the answer to a ping of the client may take. */
  readonly checkMs: number
}

type State =
  | { readonly kind: 'offline' }
  /** The hello is written; the welcome is not here. */
  | { readonly kind: 'greeting' }
  | { readonly kind: 'open'; readonly silentMs: number }
  | { readonly kind: 'ended' }

const OFFLINE: State = { kind: 'offline' }

/** What is written before the welcome, with room to spare below what a server lets wait. */
const FIRST_FLIGHT_FRAMES = 128
const FIRST_FLIGHT_BYTES = 131_072

/**
 * The client's half of `rollcall.v1`, over any number of connections: a machine without socket and clock. `open` and
 * `lost` tell it of the socket; `tick` wants to be called about once a second. All answer what is to be done, in order.
 */
export class RollcallClientSession {
  readonly #options: ClientSessionOptions
  readonly #writer: Writer = new Writer()
  readonly #requests: Requests
  readonly #memberships: Memberships
  #state: State = OFFLINE
  #resume: string | null = null
  #heardAt = 0
  #checkUntil = Number.POSITIVE_INFINITY

  constructor(options: ClientSessionOptions, random: Random) {
    this.#options = options
    this.#requests = new Requests(options, this.#writer, random)
    this.#memberships = new Memberships(this.#writer, this.#requests)
  }

  /** A ref for an `Ask`. */
  nextRef(): Ref {
    return this.#writer.nextRef()
  }

  membership(topic: string): MembershipView | undefined {
    return this.#memberships.get(topic)
  }

  /** A socket is open. */
  open(credentials: unknown, now: number): ClientEffect[] {
    const out: ClientEffect[] = []
    if (this.#state.kind !== 'offline') return out
    this.#state = { kind: 'greeting' }
    this.#heardAt = now
    out.push({ kind: 'write', payload: encodeClient({ kind: 'hello', credentials, resume: this.#resume }) })
    this.#memberships.join(out, now, FIRST_FLIGHT_FRAMES, FIRST_FLIGHT_BYTES)
    return out
  }

  /** The socket is gone, or is as good as gone. */
  lost(): ClientEffect[] {
    const out: ClientEffect[] = []
    this.#lose(out)
    return out
  }

  /** No connection will follow: all that waits ends with this refusal. */
  end(refusal: Refusal): ClientEffect[] {
    const out: ClientEffect[] = []
    this.#state = { kind: 'ended' }
    this.#requests.end(out, refusal)
    this.#memberships.end(out, refusal)
    return out
  }

  /** Becomes a member of a topic that it is no member of, and stays it over reconnects. */
  join(topic: string, options: JoinOptions, now: number): ClientEffect[] {
    const out: ClientEffect[] = []
    this.#memberships.add(topic, options)
    if (this.#state.kind === 'open') this.#memberships.join(out, now)
    return out
  }

  /** Asks something of a topic that it is a member of; it is written when the topic is joined. */
  ask(ask: Ask, now: number): ClientEffect[] {
    const out: ClientEffect[] = []
    if (!this.#requests.add(out, ask, now)) return out
    if (this.#state.kind === 'ended') this.#refuse(out, ask, 'the client is closed')
    else if (ask.kind === 'leave') this.#leave(out, ask)
    else if (ask.kind !== 'refresh' && !this.#memberships.isWanted(ask.topic))
      this.#refuse(out, ask, `${ask.topic} is not joined`)
    else this.#flush(out, now, ask.kind === 'refresh' ? null : ask.topic)
    return out
  }

  /** Forgets an ask, whose answer is not wanted any more. Answers whether it may have reached the server. */
  cancel(ref: Ref): boolean {
    return this.#requests.cancel(ref)
  }

  receive(payload: Payload, now: number): ClientEffect[] {
    const out: ClientEffect[] = []
    if (this.#state.kind !== 'greeting' && this.#state.kind !== 'open') return out
    this.#heardAt = now
    this.#checkUntil = Number.POSITIVE_INFINITY
    const frame = decodeServer(payload)
    if (frame.kind === 'fault') this.#close(out, CloseCode.badFrame, frame.reason)
    else this.#read(out, frame, now)
    return out
  }

  /** Time passes. */
  tick(now: number): ClientEffect[] {
    const out: ClientEffect[] = []
    this.#requests.expire(out, now)
    if (this.#state.kind !== 'open') return out
    if (now - this.#heardAt > this.#state.silentMs || now >= this.#checkUntil)
      this.#close(out, CloseCode.silent, 'nothing was heard in time')
    else {
      this.#memberships.join(out, now)
      this.#memberships.repair(out, now)
      this.#flush(out, now)
    }
    return out
  }

  /** Asks the server for a sign of life: the machine may have slept, or the network may be another. */
  check(now: number): ClientEffect[] {
    if (this.#state.kind !== 'open' || this.#checkUntil !== Number.POSITIVE_INFINITY) return []
    this.#checkUntil = now + this.#options.checkMs
    return [{ kind: 'write', payload: encodeClient({ kind: 'ping', ref: this.nextRef() }) }]
  }

  #read(out: ClientEffect[], frame: ServerFrame, now: number): void {
    const open = this.#state.kind === 'open'
    if (frame.kind === 'ping') out.push({ kind: 'write', payload: encodeClient({ kind: 'pong' }) })
    else if (frame.kind === 'closing') out.push(frame)
    else if (frame.kind === 'unknown') return
    else if (open === (frame.kind === 'welcome')) this.#close(out, CloseCode.badFrame, `${frame.kind} out of place`)
    else if (frame.kind === 'welcome') this.#welcome(out, frame, now)
    else if (frame.kind === 'ok') this.#ok(out, frame.ref, frame.result, now)
    else if (frame.kind === 'error') {
      if (!this.#memberships.error(out, frame.ref, frame.refusal, now))
        this.#requests.error(out, frame.ref, frame.refusal, now)
    } else if (!this.#memberships.hear(out, frame, now))
      this.#close(out, CloseCode.insufficientState, 'messages are missing, and recovery does not bring them')
  }

  #welcome(out: ClientEffect[], welcome: WelcomeFrame, now: number): void {
    const { pingMs, deadMs, maxMessageBytes, resume } = welcome
    this.#state = { kind: 'open', silentMs: pingMs > 0 ? pingMs + deadMs : Number.POSITIVE_INFINITY }
    if (maxMessageBytes > 0) this.#writer.maxMessageBytes = maxMessageBytes
    this.#resume = resume ?? null
    out.push({ kind: 'welcomed', welcome })
    this.#memberships.join(out, now)
    this.#flush(out, now, null)
  }

  #ok(out: ClientEffect[], ref: Ref, result: unknown, now: number): void {
    try {
      if (this.#memberships.ok(out, ref, result, now)) return
      const ask = this.#requests.ok(out, ref, result)
      if (ask?.kind === 'track' || ask?.kind === 'untrack') this.#memberships.tracked(ask)
    } catch {
      this.#close(out, CloseCode.badFrame, 'an answer that is not of the protocol')
    }
  }

  #flush(out: ClientEffect[], now: number, only?: string | null): void {
    if (this.#state.kind === 'open') this.#requests.flush(out, now, this.#memberships.isJoined, only)
  }

  #leave(out: ClientEffect[], { ref, topic }: Ask & { readonly kind: 'leave' }): void {
    // Nothing was written where the membership still waits for a connection.
    if (this.#memberships.leave(out, topic)) this.#requests.write(out, ref)
    else this.#requests.settle(out, ref, { ok: true, result: null })
  }

  #refuse(out: ClientEffect[], { kind, ref }: Ask, why: string): void {
    const code = this.#state.kind === 'ended' ? 'closed' : 'not_joined'
    this.#requests.refuse(out, ref, { code, message: `Cannot ${kind}: ${why}` })
  }

  #close(out: ClientEffect[], code: number, reason: string): void {
    out.push({ kind: 'close', code, reason })
    this.#lose(out)
  }

  #lose(out: ClientEffect[]): void {
    if (this.#state.kind === 'offline' || this.#state.kind === 'ended') return
    this.#state = OFFLINE
    this.#checkUntil = Number.POSITIVE_INFINITY
    this.#memberships.lose(out)
    this.#requests.lose(out, this.#memberships.isWanted)
  }
}
