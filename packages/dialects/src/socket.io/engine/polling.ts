import { type Clock, fromUtf8, type Payload } from '@rollcall/core'
import { type Answer, type BodyFault, type Exchange, LongPollTransport } from 'rollcall/long-poll'
import { BAD_REQUEST, faultAnswer } from './faults.ts'
import { jsonpAnswer, jsonpBody, jsonpIndex } from './jsonp.ts'
import { CLOSE, type EngineVersion, NOOP } from './packet.ts'
import { decodePayload, encodePayload } from './payload.ts'

export interface PollingOptions {
  /** A body, in bytes; above it 413. */
  readonly maxPayload: number
  readonly maxPacketsPerPayload: number
  /** How long a body may take, in milliseconds. */
  readonly bodyMs: number
  /** A session without a poll for this long is lost, in milliseconds. */
  readonly idleMs: number
  readonly jsonp: boolean
}

/** A session, as what is posted reaches it. */
export interface Posted {
  readonly version: EngineVersion
  /** Takes one packet. Answers whether it takes more. */
  receive(packet: Payload): boolean
  /** The client broke the protocol. */
  fail(reason: string): void
}

const BAD: Answer = { status: 400 }
const OK: Answer = {
  status: 200,
  // text/html: some old browsers offer text/plain for download.
  headers: { 'content-type': 'text/html', 'cache-control': 'no-store' },
  body: 'ok',
}

/** Engine.IO over HTTP requests: a GET that is held for what goes out, a POST for what comes in; one of each at a time. */
export class Polling {
  readonly transport: LongPollTransport
  readonly #session: Posted
  readonly #options: PollingOptions
  #posting = false
  #left = false

  constructor(session: Posted, options: PollingOptions, clock: Clock) {
    this.#session = session
    this.#options = options
    this.transport = new LongPollTransport(
      {
        answer: (payloads, exchange) => this.#answer(payloads.length > 0 ? payloads : [NOOP], exchange),
        goodbye: () => [CLOSE],
        idleMs: options.idleMs,
      },
      clock,
    )
  }

  take(exchange: Exchange): void {
    if (exchange.method === 'GET') this.#poll(exchange)
    else if (exchange.method === 'POST') this.#post(exchange)
    else exchange.answer({ status: 500 })
  }

  /** The session has moved to a WebSocket: a POST that is still being read comes too late. */
  leave(): void {
    this.#left = true
  }

  #poll(exchange: Exchange): void {
    if (this.transport.poll(exchange) === 'taken') return
    this.#session.fail('two polls at once')
    exchange.answer(BAD)
  }

  #answer(payloads: readonly Payload[], exchange: Exchange): Answer {
    const { version } = this.#session
    const query = exchange.url.searchParams
    const index = this.#jsonp(exchange)
    const body = encodePayload(payloads, { version, binary: index === null && !query.has('b64') })
    if (index !== null && typeof body === 'string') return jsonpAnswer(index, body)
    const type = typeof body === 'string' ? 'text/plain; charset=UTF-8' : 'application/octet-stream'
    return { status: 200, headers: { 'content-type': type, 'cache-control': 'no-store' }, body }
  }

  #jsonp(exchange: Exchange): string | null {
    return this.#options.jsonp ? jsonpIndex(exchange.url.searchParams) : null
  }

  #post(exchange: Exchange): void {
    if (this.#posting) return this.#refuse(exchange, 'two posts at once')
    const binary = exchange.header('content-type') === 'application/octet-stream'
    if (binary && this.#session.version === 4) return this.#refuse(exchange, 'bytes in a body')
    this.#posting = true
    const { maxPayload: maxBytes, bodyMs: withinMs } = this.#options
    this.transport.whenReading(() =>
      exchange.readBody({ maxBytes, withinMs }, (body) => {
        this.#posting = false
        this.#read(exchange, binary, body)
      }),
    )
  }

  #refuse(exchange: Exchange, reason: string): void {
    this.#session.fail(reason)
    exchange.answer(BAD)
  }

  #read(exchange: Exchange, binary: boolean, body: Uint8Array | BodyFault): void {
    if (this.#left) return exchange.answer(faultAnswer(BAD_REQUEST))
    if (body === 'too_big') return exchange.answer({ status: 413 })
    if (body === 'too_slow' || body === 'gone') {
      this.#session.fail('a post did not end')
      return exchange.answer({ status: 408 })
    }
    const content = binary ? body : this.#text(exchange, body)
    const packets =
      content === null ? 'broken' : decodePayload(content, this.#session.version, this.#options.maxPacketsPerPayload)
    if (packets === 'too_many') return this.#refuse(exchange, 'too many packets in one post')
    if (packets === 'broken') this.#session.fail('a body that cannot be read')
    else for (const packet of packets) if (!this.#session.receive(packet)) break
    exchange.answer(OK)
  }

  #text(exchange: Exchange, body: Uint8Array): string | null {
    const text = fromUtf8(body)
    return text !== null && this.#jsonp(exchange) !== null ? jsonpBody(text) : text
  }
}
