import type { IncomingMessage, ServerResponse } from 'node:http'
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
  serve(request: IncomingMessage, response: ServerResponse, originAllowed: boolean): boolean
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
        this.#pass(request, response, (passed) => {
          if (passed !== true) {
            if (!response.headersSent) answerFault(response, passed)
          } else if (!request.socket.destroyed) this.#answer(request, response, () => door.request?.(request, response))
        })
      },
      upgrade: (_, request) => this.#upgrade(request, (handshake) => door.upgrade?.(handshake, request) as Verdict),
    }
  }

  #answer(request: IncomingMessage, response: ServerResponse, answer: () => void): void {
    const { originAllowed } = this.#judged.get(request) as Judgement
    if (this.#host.serve(request, response, originAllowed)) return
    for (const [name, value] of Object.entries(this.#headersFor(request))) response.setHeader(name, value)
    answer()
  }

  #upgrade(request: IncomingMessage, answer: (handshake: Handshake) => Verdict): Promise<Verdict> {
    return new Promise((resolve) => {
      const undo = this.#host.clock.after(JUDGE_MS, () => resolve({ status: 503 }))
      const settle = (verdict: Verdict) => {
        undo()
        resolve(verdict)
      }
      // A middleware that ends the response has refused.
      const response = new UpgradeResponse(() => settle({ status: Math.max(400, response.statusCode), body: '' }))
      this.#pass(request, response as unknown as ServerResponse, (passed) => {
        if (passed !== true) return settle(upgradeFault(passed))
        if (this.#judged.get(request)?.originAllowed !== true) return settle(FOREIGN)
        const verdict = answer(this.#handshake(request, 'websocket'))
        if ('status' in verdict) return settle(verdict)
        const headers = { ...response.headers, ...this.#headersFor(request), ...verdict.headers }
        settle({ ...verdict, headers })
      })
    })
  }

  // Calls `done` at once where nothing takes its time.
  #pass(request: IncomingMessage, response: ServerResponse, done: (passed: true | FaultCode) => void): void {
    const { middlewares } = this.#host.engine
    // Middlewares tell by it which request is the first one.
    Object.assign(request, { _query: toQuery(queryOf(request)) })
    const chain = middlewares.map(
      (middleware) => (subject: IncomingMessage, next: (error?: unknown) => void) =>
        middleware(subject as Parameters<EngineMiddleware>[0], response, next),
    )
    runChain(chain, request, this.#host.report, (verdict) => {
      if (!verdict) return this.#judge(request, () => done(true))
      if (verdict.unexpected) this.#host.report('A middleware of the engine failed', verdict.error)
      this.#tellRefused(request, BAD_REQUEST, { name: 'MIDDLEWARE_FAILURE', error: verdict.error })
      done(BAD_REQUEST)
    })
  }

  #judge(request: IncomingMessage, done: () => void): void {
    const settle = (originAllowed: boolean) => {
      const first = !queryOf(request).has('sid')
      this.#ask(first && originAllowed ? request : null, (allowed) => {
        this.#judged.set(request, { originAllowed, allowed })
        done()
      })
    }
    try {
      const allowed = this.#options.originRule(request)
      if (typeof allowed === 'boolean') settle(allowed)
      else allowed.then(settle, (error) => this.#failed('cors.origin', error, () => settle(false)))
    } catch (error) {
      this.#failed('cors.origin', error, () => settle(false))
    }
  }

  // Only who has no session yet is asked about.
  #ask(request: IncomingMessage | null, done: (allowed: boolean) => void): void {
    const { allowRequest } = this.#options
    if (!allowRequest || !request) return done(true)
    let asked = true
    const answer = (allowed: boolean) => {
      if (asked) done(allowed)
      asked = false
    }
    try {
      allowRequest(request, (error, allowed) => answer(!error && allowed))
    } catch (error) {
      this.#failed('allowRequest', error, () => answer(false))
    }
  }

  #failed(what: string, error: unknown, then: () => void): void {
    this.#host.report(`${what} failed`, error)
    then()
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
    if (!queryOf(request).has('sid')) engine.emit('initial_headers', headers, request)
    engine.emit('headers', headers, request)
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
