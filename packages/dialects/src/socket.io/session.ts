import {
  CloseCode,
  type Contract,
  type Effect,
  type Joined,
  type Notice,
  type Outcome,
  type Payload,
  type Random,
  type Refusal,
  type Request,
  type Session,
  type Welcome,
} from '@rollcall/core'
import { type Auth, askedOf, credentialsOf, queryAuth, splitQuery } from './auth.ts'
import type { EngineVersion } from './engine/packet.ts'
import { PacketDecoder } from './packet/decoder.ts'
import {
  encodeAck,
  encodeConnected,
  encodeDisconnect,
  encodeEvent,
  encodeRefused,
  namespacePrefix,
} from './packet/encode.ts'
import type { PacketLimits, SioPacket } from './packet/packet.ts'
import { toPresenceEvent } from './presence.ts'
import { encodePid, positionOf, staleOffset } from './recovery.ts'
import { INVALID_NAMESPACE, toError, toErrorData } from './refusal.ts'
import { Seat, Seats } from './seat.ts'
import type { Variants } from './variant.ts'

/** What the sessions of one server have in common. */
export interface SessionSettings {
  readonly contract: Contract
  readonly variants: Variants
  /** The topic of a namespace; null if there is none. */
  topicOf(nsp: string): string | null
  readonly recovery: 'log' | 'none'
  /** Events whose payload is the list of their arguments. */
  readonly spread: ReadonlySet<string>
  readonly connectTimeoutMs: number
  readonly attachmentMs: number
  readonly packets: PacketLimits
  /** Namespaces of one connection. */
  readonly maxSeats: number
}

/** Who is there. */
type Who =
  | { readonly kind: 'unknown' }
  /** It is being found out, by what the first of these says. */
  | { readonly kind: 'greeting' }
  | {
      readonly kind: 'known'
      readonly sid: string
      readonly token: string | null
      /** The token that the session was resumed by. */
      readonly resumed: string | null
    }
  | { readonly kind: 'closed' }

/** What a request of a client comes back to. */
interface Asked {
  readonly seat: Seat
  readonly event: string
  /** The ack id, where the client wants an answer. */
  readonly id: string | null
}

const NOTHING: readonly Effect[] = []
const UNKNOWN: Who = { kind: 'unknown' }
const GREETING: Who = { kind: 'greeting' }
const CLOSED: Who = { kind: 'closed' }

// Each refused connect is a question to the application, or at least an answer to write.
const MAX_REFUSED = 64
// Of those that can come back there are no more than a connection may have.
const MAX_ENTERED = 1_000
// A namespace that does not exist is told by its name, which the client has made up.
const MAX_ECHO = 256

/** One connection of Socket.IO: namespaces are channels, events are sends or calls, acknowledgements their answers. */
export class SocketIoSession implements Session {
  readonly #settings: SessionSettings
  readonly #version: EngineVersion
  readonly #random: Random
  readonly #decoder: PacketDecoder
  readonly #seats = new Seats()
  readonly #query: Auth | undefined
  #who: Who = UNKNOWN
  #waiting: Seat[] = []
  readonly #entered = new Set<string>()
  #refused = 0
  #left = false
  #connectBy: number
  #attachedBy = Number.POSITIVE_INFINITY

  constructor(settings: SessionSettings, version: EngineVersion, query: URLSearchParams, random: Random, now: number) {
    this.#settings = settings
    this.#version = version
    this.#random = random
    this.#decoder = new PacketDecoder(settings.packets)
    this.#query = version === 3 ? queryAuth(query) : undefined
    this.#connectBy = now + settings.connectTimeoutMs
  }

  /** Whether the client has left everything that it was in. */
  get deserted(): boolean {
    return this.#left && this.#seats.size === 0
  }

  // Clients of revision 3 are connected to "/" without asking.
  start(): readonly Effect[] {
    return this.#version === 3 && this.#settings.topicOf('/') !== null ? this.#connect('/', this.#query) : NOTHING
  }

  receive(message: Payload, now: number): readonly Effect[] {
    if (this.#who.kind === 'closed') return NOTHING
    const packet = this.#decoder.take(message)
    if (packet === null) {
      if (this.#attachedBy === Number.POSITIVE_INFINITY) this.#attachedBy = now + this.#settings.attachmentMs
      return NOTHING
    }
    this.#attachedBy = Number.POSITIVE_INFINITY
    if (packet.kind === 'fault')
      return this.#close(packet.tooDeep ? CloseCode.tooDeep : CloseCode.badFrame, packet.reason)
    return this.#read(packet)
  }

  #read(packet: SioPacket): readonly Effect[] {
    if (packet.kind === 'connect') return this.#readConnect(packet.nsp, packet.auth)
    const seat = this.#seats.find(packet.nsp)
    if (!seat || (!seat.connected && packet.kind !== 'disconnect')) {
      if (this.#seats.wasEnded(packet.nsp)) return NOTHING
      return this.#close(CloseCode.badFrame, 'a packet for a namespace that is not connected')
    }
    if (packet.kind === 'disconnect') return this.#leave(seat)
    // Nothing that a channel sends asks for an answer.
    if (packet.kind === 'ack') return NOTHING
    return this.#ask(seat, packet.event, packet.args, packet.id)
  }

  // Namespaces

  #readConnect(nsp: string, auth: Auth | undefined): readonly Effect[] {
    if (this.#version === 4) return this.#connect(nsp, auth)
    const split = splitQuery(nsp)
    return this.#connect(split.nsp, queryAuth(split.query) ?? this.#query)
  }

  #connect(nsp: string, auth: Auth | undefined): readonly Effect[] {
    const known = this.#seats.find(nsp)
    if (known?.connected) return this.#close(CloseCode.badFrame, 'a namespace is connected already')
    // The answer to the first one is on its way.
    if (known) return NOTHING
    const { contract, maxSeats } = this.#settings
    const topic = this.#settings.topicOf(nsp)
    const match = topic === null ? null : contract.match(topic)
    if (topic === null || !match) return this.#refuse(nsp, INVALID_NAMESPACE, undefined)
    if (this.#waiting.length >= maxSeats) return this.#refuse(nsp, 'Too many namespaces', { code: 'too_many_channels' })
    // The topic as its own alias gives a member the id that others know its connection by. Two namespaces may mean one
    // topic, the root and that of its name: the other one has its own alias, whichever is connected first.
    const doubled = nsp !== '/' && topic === this.#settings.topicOf('/')
    const seat = new Seat(nsp, topic, doubled ? nsp : topic, match.spec, auth)
    this.#seats.add(seat)
    if (this.#who.kind === 'known') return [this.#join(seat)]
    this.#waiting.push(seat)
    return this.#who.kind === 'unknown' ? this.#greet(seat) : NOTHING
  }

  #greet({ auth, pid }: Seat): readonly Effect[] {
    this.#who = GREETING
    const request: Request = {
      kind: 'hello',
      ref: pid?.read.token ?? null,
      credentials: credentialsOf(auth),
      resume: pid?.read.token ?? null,
      token: 'same',
    }
    return [{ kind: 'request', request }]
  }

  #join(seat: Seat): Effect {
    const { variants, recovery } = this.#settings
    const { nsp, topic, alias, spec, pid } = seat
    const { input, presence, last } = askedOf(seat.auth, spec)
    const offsets = recovery === 'log' && this.#version === 4 && spec.history !== undefined
    const resumed = this.#who.kind === 'known' && this.#who.resumed !== null && pid?.read.token === this.#who.resumed
    // Once: what was left since is not come back to, but entered anew.
    const back = resumed && !this.#entered.has(nsp)
    if (this.#entered.size < MAX_ENTERED) this.#entered.add(nsp)
    const position = offsets && back && pid ? positionOf(pid.read, seat.claim('offset')) : null
    seat.returning = position !== null
    const request: Request = {
      kind: 'join',
      ref: seat,
      topic,
      alias,
      variant: variants.of({ nsp, version: this.#version, offsets }),
      input,
      presence,
      since: position ? { position } : last === null ? null : { last },
      roster: null,
    }
    return { kind: 'request', request }
  }

  #leave(seat: Seat): readonly Effect[] {
    this.#left = true
    this.#seats.delete(seat)
    const at = this.#waiting.indexOf(seat)
    if (at > 0 || (at === 0 && this.#who.kind !== 'greeting')) this.#waiting.splice(at, 1)
    if (at >= 0) return NOTHING
    return [{ kind: 'request', request: { kind: 'leave', ref: null, alias: seat.alias } }]
  }

  #refuse(nsp: string, message: string, data: unknown): readonly Effect[] {
    if (++this.#refused > MAX_REFUSED) return this.#close(CloseCode.tooFast, 'too many connects were refused')
    return [write(encodeRefused(nsp.slice(0, MAX_ECHO), this.#version, message, data))]
  }

  // Events

  #ask(seat: Seat, event: string, args: readonly unknown[], id: string | null): readonly Effect[] {
    const { alias, spec } = seat
    const ref: Asked = { seat, event, id }
    const payload = this.#settings.spread.has(event) || args.length > 1 ? args : (args[0] ?? null)
    const has = (section: object | undefined) => section !== undefined && Object.hasOwn(section, event)
    if (has(spec.call)) return [request({ kind: 'call', ref, alias, name: event, payload })]
    if (event !== 'presence' || !spec.presence || has(spec.send))
      return [request({ kind: 'send', ref, alias, event, payload, id: null })]
    const hides = payload === null || payload === false
    return [request(hides ? { kind: 'untrack', ref, alias } : { kind: 'track', ref, alias, meta: payload })]
  }

  // From the server

  answer(request: Request, outcome: Outcome): readonly Effect[] {
    if (this.#who.kind === 'closed') return NOTHING
    switch (request.kind) {
      case 'hello':
        return outcome.ok ? this.#greeted(outcome.result as Welcome, request.resume) : this.#unwelcome(outcome.refusal)
      case 'join':
        return this.#joined(request.ref as Seat, outcome)
      case 'leave':
        return NOTHING
      default:
        return this.#answered(request.ref as Asked, outcome)
    }
  }

  #greeted({ connection, resume }: Welcome, shown: string | null): readonly Effect[] {
    const resumed = resume?.resumed ? shown : null
    this.#who = { kind: 'known', sid: connection, token: resume?.token ?? null, resumed }
    const waiting = this.#waiting
    this.#waiting = []
    return waiting.filter((seat) => this.#seats.has(seat)).map((seat) => this.#join(seat))
  }

  // The others may say something better.
  #unwelcome({ message, ...refusal }: Refusal): readonly Effect[] {
    this.#who = UNKNOWN
    const [seat, ...others] = this.#waiting
    this.#waiting = others.filter((other) => this.#seats.has(other))
    const effects: Effect[] = []
    if (seat && this.#seats.has(seat)) {
      this.#seats.delete(seat)
      effects.push(...this.#refuse(seat.nsp, message, toErrorData({ message, ...refusal })))
    }
    const [next] = this.#waiting
    if (next && this.#who.kind === 'unknown') effects.push(...this.#greet(next))
    return effects
  }

  #joined(seat: Seat, outcome: Outcome): readonly Effect[] {
    // It was left before.
    if (!this.#seats.has(seat)) return NOTHING
    if (!outcome.ok) {
      this.#seats.delete(seat)
      const { refusal } = outcome
      if (refusal.code === 'unknown_topic') return this.#refuse(seat.nsp, INVALID_NAMESPACE, undefined)
      return this.#refuse(seat.nsp, refusal.message, toErrorData(refusal))
    }
    seat.connected = true
    const { roster } = outcome.result as Joined
    const effects = [write(encodeConnected(seat.nsp, this.#version, this.#about(seat, outcome.result as Joined)))]
    if (roster) effects.push(...this.#event(seat, toPresenceEvent(roster)))
    return effects
  }

  #about(seat: Seat, { recovery, position }: Joined): object {
    if (this.#who.kind !== 'known') return {}
    const { sid, token } = this.#who
    if (this.#settings.recovery === 'none' || token === null) return { sid }
    if (seat.returning && seat.pid && recovery === 'recovered') return { sid, pid: seat.pid.text }
    const pid = { token, joined: position, stale: staleOffset(seat.claim('offset')) }
    return { sid, pid: encodePid(pid, this.#random.token(3)) }
  }

  #answered({ seat, event, id }: Asked, outcome: Outcome): readonly Effect[] {
    if (!this.#seats.has(seat)) return NOTHING
    if (id === null) {
      // Nobody waits for it, but it must not be lost either.
      return outcome.ok ? NOTHING : this.#event(seat, ['error', { ...toError(outcome.refusal), event }])
    }
    const answer = outcome.ok ? (outcome.result ?? null) : { error: toError(outcome.refusal) }
    return encodeAck(namespacePrefix(seat.nsp), id, [answer], this.#version).map(write)
  }

  #event({ nsp }: Seat, args: readonly unknown[]): readonly Effect[] {
    return encodeEvent(namespacePrefix(nsp), args, this.#version).map(write)
  }

  notify(notice: Notice): readonly Effect[] {
    if (this.#who.kind === 'closed' || notice.kind === 'closing') return NOTHING
    const seat = this.#seats.byAlias(notice.alias)
    if (!seat) return NOTHING
    switch (notice.kind) {
      case 'left':
        this.#seats.end(seat)
        // A disconnect has no place for a reason.
        return [...this.#event(seat, ['left', { reason: notice.reason }]), write(encodeDisconnect(seat.nsp))]
      case 'gap':
        // The one way to tell it that clients know: back again, they are not recovered.
        return this.#close(CloseCode.insufficientState, 'messages were lost')
      case 'roster':
        return this.#event(seat, toPresenceEvent(notice.roster))
    }
  }

  /** Clients come back after every close, unless each of their namespaces is told that it is over. */
  closing(code: number): readonly Effect[] {
    return code === CloseCode.kicked ? this.#seats.connected.map(({ nsp }) => write(encodeDisconnect(nsp))) : NOTHING
  }

  tick(now: number): readonly Effect[] {
    if (this.#who.kind === 'closed') return NOTHING
    if (now >= this.#attachedBy) return this.#close(CloseCode.badFrame, 'attachments did not come')
    if (now < this.#connectBy) return NOTHING
    this.#connectBy = Number.POSITIVE_INFINITY
    return this.#seats.connected.length > 0
      ? NOTHING
      : this.#close(CloseCode.idle, 'no namespace was connected in time')
  }

  #close(code: number, reason: string): readonly Effect[] {
    this.#who = CLOSED
    return [{ kind: 'close', code, reason }]
  }
}

function write(payload: Payload): Effect {
  return { kind: 'write', payload }
}

function request(request: Request): Effect {
  return { kind: 'request', request }
}
