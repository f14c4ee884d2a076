import type { Clock, Random } from '@rollcall/core'
import type { DialectHost, Handshake, Route, Transport, TransportListener, Verdict } from 'rollcall'
import { type Answer, type Exchange, httpExchange } from 'rollcall/long-poll'
import { corsHeaders } from './cors.ts'
import { EngineTransport } from './engine-transport.ts'
import { type FaultCode, faultAnswer, upgradeFault } from './faults.ts'
import type { EngineOptions } from './options.ts'
import { sidOf, verify, versionOf } from './verify.ts'

/** What Engine.IO needs from the server that it is part of. */
export type EngineHost = Pick<DialectHost, 'handshake' | 'originAllowed' | 'admit'> & {
  readonly clock: Clock
  readonly random: Random
  /** A session begins: what its client sends goes to the answer. */
  open(session: EngineTransport, handshake: Handshake): TransportListener
  /** Whether a client may have a session at all; asked for handshakes alone. */
  allowed(handshake: Handshake): boolean
  /** Makes the id of a session: unguessable, of base64url's characters alone. Default: by chance. */
  newSid?(request: IncomingRequest): string
  /** Hears of every request that is refused. */
  refused?(request: IncomingRequest, code: FaultCode): void
}

export type IncomingRequest = Parameters<DialectHost['handshake']>[0]
type Response = Parameters<NonNullable<Route['request']>>[1]

// 15 bytes are 20 characters, as many as the reference has, and 120 bits of chance.
export const SID_BYTES = 15

/** The sessions of one path, and the way of each request to its own. */
export class EngineDoor {
  readonly #options: EngineOptions
  readonly #host: EngineHost
  readonly #sessions = new Map<string, EngineTransport>()

  constructor(options: EngineOptions, host: EngineHost) {
    this.#options = options
    this.#host = host
  }

  /** Sessions that requests can still reach. */
  get size(): number {
    return this.#sessions.size
  }

  route(): Route {
    return {
      path: this.#options.path,
      session: (url) => sidOf(url.searchParams),
      request: (incoming, response) => this.#request(incoming, response),
      upgrade: (handshake, incoming) => this.#upgrade(handshake, incoming),
    }
  }

  #request(incoming: IncomingRequest, response: Response): void {
    const { cors, compressBytes } = this.#options
    const originAllowed = this.#host.originAllowed(incoming)
    const headers = corsHeaders(cors, incoming.headers.origin, originAllowed)
    const exchange = httpExchange(incoming, response, this.#host.clock, { headers, compressBytes })
    if (cors && exchange.method === 'OPTIONS')
      return exchange.answer(cors.preflight(exchange.header('access-control-request-headers')))
    const query = exchange.url.searchParams
    const session = this.#find(query)
    const request = { method: exchange.method, query, upgrade: false, originAllowed }
    if (session) {
      const fault = verify(request, session, this.#options, () => true)
      if (fault === null) session.request(exchange)
      else exchange.answer(this.#refusal(incoming, fault))
      return
    }
    const handshake = this.#host.handshake(incoming, 'polling')
    const fault = verify(request, undefined, this.#options, () => this.#host.allowed(handshake))
    if (fault === null) this.#openPolling(handshake, exchange, incoming, response)
    else exchange.answer(this.#refusal(incoming, fault))
  }

  #refusal(incoming: IncomingRequest, fault: FaultCode): Answer {
    this.#host.refused?.(incoming, fault)
    return faultAnswer(fault)
  }

  #openPolling(handshake: Handshake, exchange: Exchange, incoming: IncomingRequest, response: Response): void {
    const wait = this.#host.admit(handshake.address)
    if (wait > 0) return exchange.answer({ status: 503, headers: { 'retry-after': String(Math.ceil(wait / 1000)) } })
    const session = this.#begin(this.#newSid(incoming), handshake)
    const { cookie } = this.#options
    if (cookie) response.setHeader('set-cookie', cookie(session.sid))
    session.openPolling(this.#host.open(session, handshake), exchange)
  }

  #upgrade(handshake: Handshake, incoming: IncomingRequest): Verdict {
    const query = handshake.url.searchParams
    const known = this.#find(query)
    const request = { method: 'GET', query, upgrade: true, originAllowed: true }
    const fault = verify(request, known, this.#options, () => this.#host.allowed(handshake))
    if (fault !== null) {
      this.#host.refused?.(incoming, fault)
      return upgradeFault(fault)
    }
    const { cors, cookie, maxPayload } = this.#options
    const headers = corsHeaders(cors, incoming.headers.origin, true)
    if (known) return { maxMessageBytes: maxPayload, headers, open: (socket) => known.offer(socket) }
    const sid = this.#newSid(incoming)
    return {
      maxMessageBytes: maxPayload,
      headers: { ...headers, ...(cookie && { 'set-cookie': cookie(sid) }) },
      // Not before: the WebSocket may come to nothing.
      open: (socket: Transport) => {
        const session = this.#begin(sid, handshake)
        return session.openSocket(this.#host.open(session, handshake), socket)
      },
    }
  }

  readonly #over = (session: EngineTransport): void => {
    this.#sessions.delete(session.sid)
  }

  #find(query: URLSearchParams): EngineTransport | undefined {
    const sid = sidOf(query)
    return sid === null ? undefined : this.#sessions.get(sid)
  }

  #newSid(incoming: IncomingRequest): string {
    return this.#host.newSid?.(incoming) ?? this.#host.random.token(SID_BYTES)
  }

  #begin(sid: string, handshake: Handshake): EngineTransport {
    const version = versionOf(handshake.url.searchParams)
    const session = new EngineTransport(sid, version, this.#options, this.#host.clock, this.#over)
    this.#sessions.set(sid, session)
    return session
  }
}
