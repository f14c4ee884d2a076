import { type IncomingMessage, type ServerResponse, validateHeaderValue } from 'node:http'
import type { Clock, Random } from '@rollcall/core'
import type { Handshake, Route, TransportListener, UpgradeRefusal, Verdict } from 'rollcall'
import { handshakeOf } from 'rollcall/http'
import { EngineDoor } from '../engine/door.ts'
import type { EngineTransport } from '../engine/engine-transport.ts'
import { BAD_REQUEST, type FaultCode, faultAnswer, upgradeFault } from '../engine/faults.ts'
import { runChain } from './chain.ts'
import type { Report } from './emitter.ts'
import type { Engine, EngineMiddleware } from './engine.ts'
import { toQuery } from './handshake.ts'
import type { WayOptions } from './options.ts'
import { UpgradeResponse } from './upgrade-response.ts'

/** What a way in needs from its server. */
export interface WayHost {
  readonly clock: Clock
  readonly random: Random
  readonly report: Report
  readonly engine: Engine
  addressOf(request: IncomingMessage): string
  /** Whether an address may open another connection now: 0, or in how many milliseconds. */
  admit(address: string): number
  open(transport: EngineTransport, handshake: Handshake, request: IncomingMessage | null): TransportListener
  /** Answers a request for a file of the client's bundle; whether it was one. */
  serve(request: IncomingMessage, response: ServerResponse): boolean
}

/** What was found out about a request before Engine.IO reads it. */
interface Judgement {
  readonly originAllowed: boolean
  readonly allowed: boolean
}

// How long an application may take to judge a request.
const JUDGE_MS = 10_000

const SID = /^[\w-]{1,128}$/

/**
 * The way of requests to Engine.IO: through the application's middlewares, its rule on origins and its `allowRequest`, all of
 * which may take their time.
 */
export class WayIn {
  readonly #options: WayOptions
  readonly #host: WayHost
  readonly #door: EngineDoor
  readonly #judged = new WeakMap<IncomingMessage, Judgement>()
  readonly #requests = new WeakMap<Handshake, IncomingMessage>()

  constructor(options: WayOptions, host: WayHost) {
    this.#options = options
    this.#host = host
    const { clock, random, engine } = host
    this.#door = new EngineDoor(options.engine, {
      clock,
      random,
      handshake: (request, transport) => this.#handshake(request, transport),
      originAllowed: (request) => this.#judged.get(request)?.originAllowed ?? false,
      admit: host.admit,
      allowed: (handshake) => this.#allowed(handshake),
      newSid: (request) => checkedSid(engine.generateId(request)),
      refused: (req, code) => this.#tellRefused(req, code, {}),
      open: (transport, handshake) => {
        const request = this.#requests.get(handshake) ?? null
        this.#requests.delete(handshake)
        return host.open(transport, handshake, request)
      },
    })
  }

  route(): Route {
    const door = this.#door.route()
    return {
      path: door.path,
      request: (request, response) => {
        if (this.#host.serve(request, response)) return
        this.#request(request, response, () => door.request?.(request, response)).catch((error: unknown) => {
          this.#host.report('A request of Engine.IO failed', error)
          if (response.headersSent) response.destroy()
          else response.writeHead(500).end()
        })
      },
      upgrade: (_, request) => this.#upgrade(request, (handshake) => door.upgrade?.(handshake, request) as Verdict),
    }
  }

  async #request(request: IncomingMessage, response: ServerResponse, answer: () => void): Promise<void> {
    const fault = await this.#judge(request, response)
    // A middleware has answered, or nobody waits any more.
    if (response.headersSent || request.socket.destroyed) return
    if (fault !== null) return answerFault(response, fault)
    for (const [name, value] of Object.entries(this.#headersFor(request))) response.setHeader(name, value)
    answer()
  }

  #upgrade(request: IncomingMessage, answer: (handshake: Handshake) => Verdict): Promise<Verdict> {
    return new Promise((resolve, reject) => {
      const undo = this.#host.clock.after(JUDGE_MS, () => resolve({ status: 503 }))
      // A middleware that ends the response has refused.
      const response = new UpgradeResponse(() => resolve({ status: Math.max(400, response.statusCode), body: '' }))
      const verdict = async (): Promise<Verdict> => {
        const fault = await this.#judge(request, response as unknown as ServerResponse)
        if (fault !== null) return upgradeFault(fault)
        if (this.#judged.get(request)?.originAllowed !== true) return FOREIGN
        const found = answer(this.#handshake(request, 'websocket'))
        if ('status' in found) return found
        return { ...found, headers: { ...response.headers, ...this.#headersFor(request), ...found.headers } }
      }
      verdict().then(resolve, reject).finally(undo)
    })
  }

  // Answers what is wrong already; what Engine.IO itself asks for is in `#judged` then.
  async #judge(request: IncomingMessage, response: ServerResponse): Promise<FaultCode | null> {
    const query = queryOf(request)
    const { middlewares } = this.#host.engine
    // Middlewares tell by it which request is the first one; and sockets keep that.
    if (middlewares.length > 0 || !query.has('sid')) Object.assign(request, { _query: toQuery(query) })
    if (middlewares.length > 0 && !(await this.#passMiddlewares(request, response))) return BAD_REQUEST
    const originAllowed = await this.#ask('cors.origin', () => this.#options.originRule(request))
    // Only who has no session yet is asked about, and not with a preflight.
    const first = !query.has('sid') && request.method !== 'OPTIONS'
    const allowed = !first || !originAllowed || (await this.#ask('allowRequest', () => this.#allowRequest(request)))
    this.#judged.set(request, { originAllowed, allowed })
    return null
  }

  #passMiddlewares(request: IncomingMessage, response: ServerResponse): Promise<boolean> {
    const { engine, report } = this.#host
    const chain = engine.middlewares.map(
      (middleware) => (subject: IncomingMessage, next: (error?: unknown) => void) =>
        middleware(subject as Parameters<EngineMiddleware>[0], response, next),
    )
    return new Promise((resolve) => {
      runChain(chain, request, report, (verdict) => {
        if (verdict?.unexpected) report('A middleware of the engine failed', verdict.error)
        if (verdict) this.#tellRefused(request, BAD_REQUEST, { name: 'MIDDLEWARE_FAILURE', error: verdict.error })
        resolve(verdict === null)
      })
    })
  }

  #allowRequest(request: IncomingMessage): boolean | Promise<boolean> {
    const { allowRequest } = this.#options
    if (!allowRequest) return true
    return new Promise((resolve) => allowRequest(request, (error, allowed) => resolve(!error && allowed)))
  }

  // An application that fails to answer has said no.
  async #ask(what: string, question: () => boolean | Promise<boolean>): Promise<boolean> {
    try {
      return await question()
    } catch (error) {
      this.#host.report(`${what} failed`, error)
      return false
    }
  }

  #allowed(handshake: Handshake): boolean {
    const request = this.#requests.get(handshake)
    return request !== undefined && this.#judged.get(request)?.allowed === true
  }

  #handshake(request: IncomingMessage, transport: string): Handshake {
    const handshake = handshakeOf(request, transport, this.#host.addressOf(request))
    this.#requests.set(handshake, request)
    return handshake
  }

  #headersFor(request: IncomingMessage): Record<string, string> {
    const { engine } = this.#host
    const headers: Record<string, string> = {}
    const heard = engine.listenerCount('initial_headers') > 0 && !queryOf(request).has('sid')
    if (heard) engine.emit('initial_headers', headers, request)
    engine.emit('headers', headers, request)
    // As for every other answer of Node: nothing that would begin another header.
    for (const [name, value] of Object.entries(headers)) validateHeaderValue(name, String(value))
    return headers
  }

  #tellRefused(req: IncomingMessage, code: FaultCode, context: object): void {
    this.#host.engine.emit('connection_error', { req, code, message: upgradeFault(code).body, context })
  }
}

const FOREIGN: UpgradeRefusal = { status: 403, body: 'This origin may not connect' }

function queryOf({ url = '' }: IncomingMessage): URLSearchParams {
  const at = url.indexOf('?')
  return new URLSearchParams(at < 0 ? '' : url.slice(at + 1))
}

function answerFault(response: ServerResponse, code: FaultCode): void {
  const { status, headers, body } = faultAnswer(code)
  response.writeHead(status, headers)
  response.end(body)
}

function checkedSid(sid: unknown): string {
  if (typeof sid === 'string' && SID.test(sid)) return sid
  throw new TypeError('engine.generateId must answer a text of at most 128 letters, digits, - and _')
}
