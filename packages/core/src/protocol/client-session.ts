import type { Random } from '../clock.ts'
import * as CloseCode from '../close-code.ts'
import type { Payload } from '../dialect.ts'
import type { Refusal } from '../errors.ts'
import type { Ask, ClientEffect } from './client-effects.ts'
import { decodeServer } from './decode-server.ts'
import { encodeClient } from './encode-client.ts'
import type { JoinOptions, Ref, ServerFrame, WelcomeFrame } from './frames.ts'
import { Membership, type MembershipView } from './membership.ts'
import { type RequestOptions, Requests, topicOf } from './requests.ts'
import { Writer } from './writer.ts'

/** How a client session behaves. All are required here, and have their defaults in the client. */
export interface ClientSessionOptions extends RequestOptions {
  /** How long the answer to a ping of the client may take. */
  readonly checkTimeoutMs: number
}

type State =
  | { readonly kind: 'offline' }
  /** The hello is written; the welcome is not here. */
  | { readonly kind: 'greeting' }
  | { readonly kind: 'open'; readonly silentMs: number }
  | { readonly kind: 'ended' }

/** What is written before the welcome: well below the 256 frames and 262,144 bytes that a server lets wait. */
const FIRST_FLIGHT = 131_072

/**
 * The client's half of `rollcall.v1`, over any number of connections: a machine without socket and clock. `open` and
 * `lost` tell it of the socket; `tick` wants to be called about once a second. All answer what is to be done, in order.
 */
export class RollcallClientSession {
  readonly #options: ClientSessionOptions
  readonly #writer: Writer = new Writer()
  readonly #requests: Requests
  /** The topics that the client wants to be in. */
  readonly #memberships = new Map<string, Membership>()
  #state: State = { kind: 'offline' }
  #resume: string | null = null
  #heardAt = 0
  #checkUntil = Infinity

  constructor(options: ClientSessionOptions, random: Random) {
    this.#options = options
    this.#requests = new Requests(options, this.#writer, random)
  }

  /** A ref for an `Ask`. */
  nextRef(): Ref {
    return this.#writer.nextRef()
  }

  /** Whether there is any topic to be in. */
  get wanted(): boolean {
    return this.#memberships.size > 0
  }

  membership(topic: string): MembershipView | undefined {
    return this.#memberships.get(topic)
  }

  /** A socket is open. @throws TypeError on credentials that JSON cannot carry. */
  open(credentials: unknown, now: number): ClientEffect[] {
    if (this.#state.kind === 'offline') {
      // Whatever its size: the server's word on that is final, and ends the attempts.
      const payload = encodeClient({ kind: 'hello', credentials, resume: this.#resume })
      this.#state = { kind: 'greeting' }
      this.#heardAt = now
      this.#writer.tell({ kind: 'write', payload })
      this.#pursue(now, FIRST_FLIGHT)
    }
    return this.#writer.take()
  }

  /** The socket is gone, or is as good as gone. */
  lost(): ClientEffect[] {
    this.#lose()
    return this.#writer.take()
  }

  /** No connection will follow: all that waits ends with this refusal. */
  end(refusal: Refusal): ClientEffect[] {
    this.#state = { kind: 'ended' }
    this.#requests.abandon(refusal)
    for (const topic of this.#memberships.keys()) this.#end(topic, refusal)
    return this.#writer.take()
  }

  /**
   * Becomes a member of a topic that it is no member of, and stays it over reconnects.
   * @throws TypeError on options that JSON cannot carry.
   */
  join(topic: string, options: JoinOptions, now: number): ClientEffect[] {
    // A copy: what is joined with later must be what was given now.
    const copy = JSON.parse(JSON.stringify(options))
    this.#memberships.set(topic, new Membership(topic, copy, this.#writer, this.#requests))
    return this.#finish(now)
  }

  /**
   * Asks something of a topic that it is a member of; it is written when the topic is joined.
   * @throws TypeError or RangeError on a payload that cannot be sent.
   */
  ask(ask: Ask, now: number): ClientEffect[] {
    const { kind, ref } = ask
    const topic = topicOf(ask)
    const membership = topic === null ? undefined : this.#memberships.get(topic)
    if (kind === 'leave') this.#forget(ask.topic, { code: 'closed', message: `${topic} was left` })
    this.#requests.add(ask)
    if (kind === 'leave' && (membership?.joined || membership?.joining)) this.#requests.write(ref)
    else if (this.#state.kind === 'ended' || kind === 'leave' || (topic !== null && !membership))
      this.#requests.refuse(ref, 'not_joined', `Cannot ${kind}: ${topic} is not joined`)
    return this.#finish(now)
  }

  /** Forgets an ask, whose answer is not wanted any more. Answers whether it may have reached the server. */
  cancel(ref: Ref): boolean {
    return this.#requests.cancel(ref)
  }

  receive(payload: Payload, now: number): ClientEffect[] {
    if (this.#state.kind === 'greeting' || this.#state.kind === 'open') {
      this.#heardAt = now
      this.#checkUntil = Infinity
      try {
        this.#read(decodeServer(payload), now)
      } catch {
        // A result that is not of the protocol.
        this.#close(CloseCode.badFrame)
      }
    }
    return this.#finish(now)
  }

  /** Time passes. */
  tick(now: number): ClientEffect[] {
    if (this.#state.kind === 'open') {
      if (now - this.#heardAt > this.#state.silentMs || now >= this.#checkUntil) this.#close(CloseCode.silent)
    }
    return this.#finish(now)
  }

  /** Asks the server for a sign of life: the machine may have slept, or the network may be another. */
  check(now: number): ClientEffect[] {
    if (this.#state.kind === 'open' && this.#checkUntil === Infinity) {
      this.#checkUntil = now + this.#options.checkTimeoutMs
      this.#writer.write({ kind: 'ping', ref: this.nextRef() })
    }
    return this.#writer.take()
  }

  #read(frame: ReturnType<typeof decodeServer>, now: number): void {
    const { kind } = frame
    if (kind === 'ping') this.#writer.write({ kind: 'pong' })
    else if (kind === 'closing') this.#writer.tell(frame)
    else if (kind === 'unknown') return
    // A welcome comes first, and once.
    else if (kind === 'fault' || (this.#state.kind === 'open') === (kind === 'welcome')) this.#close(CloseCode.badFrame)
    else if (kind === 'welcome') this.#welcome(frame)
    else if (kind === 'ok') this.#ok(frame.ref, frame.result, now)
    else if (kind === 'error') {
      const membership = this.#asker(frame.ref)
      if (!membership) this.#requests.error(frame.ref, frame.refusal, now)
      else if (membership.error(frame.ref, frame.refusal, now)) this.#end(membership.topic, frame.refusal)
    } else this.#hear(frame, now)
  }

  #welcome(welcome: WelcomeFrame): void {
    const { pingMs, deadMs, maxMessageBytes, resume = null } = welcome
    this.#state = { kind: 'open', silentMs: pingMs > 0 ? pingMs + deadMs : Infinity }
    if (maxMessageBytes > 0) this.#writer.maxMessageBytes = maxMessageBytes
    this.#resume = resume
    this.#writer.tell({ kind: 'welcomed', welcome })
  }

  #ok(ref: Ref, result: unknown, now: number): void {
    const membership = this.#asker(ref)
    if (membership) {
      membership.ok(ref, result, now)
      return
    }
    const ask = this.#requests.ok(ref, result)
    if (ask?.kind === 'track' || ask?.kind === 'untrack') this.#memberships.get(ask.topic)?.tracked(ask)
    // The session goes on under a token of its new credentials.
    if (ask?.kind === 'refresh') this.#resume = (result as Partial<WelcomeFrame> | null)?.resume ?? this.#resume
  }

  /** A frame about a topic. One that is not joined is not listened to: it was left, or its join has no answer yet. */
  #hear(frame: Extract<ServerFrame, { readonly topic: string }>, now: number): void {
    const { topic } = frame
    const membership = this.#memberships.get(topic)
    if (!membership?.joined) return
    if (frame.kind !== 'left') {
      if (!membership.hear(frame, now)) this.#close(CloseCode.insufficientState)
      return
    }
    // A repair on its way would join again.
    if (membership.joining) this.#writer.write({ kind: 'leave', ref: this.nextRef(), topic })
    this.#end(topic, { code: 'refused', message: `Removed from ${topic}: ${frame.reason}` })
  }

  /** The membership that made a request of its own. */
  #asker(ref: Ref): Membership | undefined {
    for (const membership of this.#memberships.values()) if (membership.asked(ref)) return membership
    return undefined
  }

  #forget(topic: string, refusal: Refusal): void {
    this.#memberships.delete(topic)
    this.#requests.abandon(refusal, topic)
  }

  #end(topic: string, refusal: Refusal): void {
    this.#forget(topic, refusal)
    this.#writer.tell({ kind: 'ended', topic, refusal })
  }

  /** Writes what has become due, and answers all that is to be done. */
  #finish(now: number): ClientEffect[] {
    if (this.#state.kind === 'open') {
      this.#pursue(now)
      this.#requests.flush(now, (topic) => this.#memberships.get(topic)?.joined === true)
    }
    return this.#writer.take()
  }

  /** Asks for what is due, of each topic, as long as not more than `load` waits to be written. */
  #pursue(now: number, load: number = Infinity): void {
    for (const membership of this.#memberships.values()) {
      if (this.#writer.load > load) return
      const refusal = membership.pursue(now)
      if (refusal) this.#end(membership.topic, refusal)
    }
  }

  #close(code: number): void {
    this.#writer.tell({ kind: 'close', code })
    this.#lose()
  }

  #lose(): void {
    if (this.#state.kind === 'ended') return
    this.#state = { kind: 'offline' }
    this.#checkUntil = Infinity
    for (const membership of this.#memberships.values()) membership.interrupt()
    this.#requests.lose((topic) => this.#memberships.has(topic))
  }
}
