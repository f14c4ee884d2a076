import type { Payload, Refusal } from '@rollcall/core'
import type { DialectHost, Handshake, Route, TransportListener, Visitor } from 'rollcall'
import { type Answer, type BodyFault, type Exchange, httpExchange, LongPollTransport } from 'rollcall/long-poll'
import { type Connect, type Open, readConnect } from './connect.ts'
import { type PostFault, readPosted } from './posted.ts'

export interface LongPollOptions {
  /** How long a poll is held without anything to tell, in milliseconds. Default 10,000. */
  readonly windowMs?: number
  /** A session that is not polled for this long is over, in milliseconds. Default 1.5 times `windowMs`. */
  readonly idleMs?: number
  /** The body of one request, in bytes. Default 1 MiB. */
  readonly maxBodyBytes?: number
}

/** A client between its requests. */
interface Polled {
  readonly transport: LongPollTransport
  listener: TransportListener
  /** One body at a time is read, since each takes memory before anything is known of it. */
  posting: boolean
  /** The server has closed it: there is nothing to come back for. */
  over: boolean
}

// The status that matters is in the body; HTTP's own is 200 wherever that says something.
type Status = 200 | 204 | 400 | 403 | 408 | 410 | 413

const HEADERS = {
  'access-control-allow-origin': '*',
  'content-type': 'application/json; charset=utf-8',
  'cache-control': 'no-store',
}
const PREFLIGHT = {
  'access-control-allow-headers': 'content-type, x-phoenix-authtoken, x-phoenix-longpoll-token',
  'access-control-allow-methods': 'get, post, options',
  'access-control-max-age': '3600',
}
const CLOSE_MS = 5_000

/** The endpoint's `/longpoll`. */
export function longPollRoute(
  path: string,
  host: DialectHost,
  options: Required<LongPollOptions> & { readonly maxMessageBytes: number },
  open: Open,
): Route {
  const door = new LongPollDoor(host, options, open)
  return {
    path,
    session(url, headers) {
      const token = tokenOf(headers[TOKEN_HEADER], url)
      return token?.startsWith(TOKEN_PREFIX) ? token : null
    },
    request(request, response) {
      const exchange = httpExchange(request, response, host.clock, { headers: HEADERS })
      if (exchange.method === 'OPTIONS') return exchange.answer({ status: 200, headers: PREFLIGHT })
      if (exchange.method !== 'GET' && exchange.method !== 'POST') return tell(exchange, 400)
      if (!host.originAllowed(request)) return tell(exchange, 403)
      if (exchange.method === 'POST') door.post(exchange)
      else door.poll(exchange, host.handshake(request, 'longpoll'))
    },
  }
}

class LongPollDoor {
  readonly #host: DialectHost
  readonly #options: Required<LongPollOptions> & { readonly maxMessageBytes: number }
  readonly #open: Open
  readonly #polled = new Map<string, Polled>()

  constructor(
    host: DialectHost,
    options: Required<LongPollOptions> & { readonly maxMessageBytes: number },
    open: Open,
  ) {
    this.#host = host
    this.#options = options
    this.#open = open
  }

  poll(exchange: Exchange, handshake: Handshake): void {
    const polled = this.#find(exchange)
    // The client asks again because it has given the poll before up, whatever its connection looks like from here.
    if (polled?.transport.held) polled.transport.release()
    if (polled?.transport.poll(exchange) === 'taken') return
    this.#begin(exchange, handshake).catch((error: unknown) => {
      this.#host.report('A long poll could not be opened', error)
      exchange.answer({ status: 500, body: '{"status":500}' })
    })
  }

  #find(exchange: Exchange): Polled | undefined {
    const token = tokenOf(exchange.header(TOKEN_HEADER), exchange.url)
    return token === undefined ? undefined : this.#polled.get(token)
  }

  async #begin(exchange: Exchange, handshake: Handshake): Promise<void> {
    const wait = this.#host.admit(handshake.address)
    if (wait > 0) return later(exchange, wait)
    const connect = readConnect(ownPairs(exchange.url), exchange.header('x-phoenix-authtoken') ?? null)
    if (!connect) return tell(exchange, 403)
    let gone = false
    exchange.onGone(() => {
      gone = true
    })
    const visitor = await this.#host.identify(connect.credentials, handshake)
    if (gone) return
    if ('refusal' in visitor) return refuse(exchange, visitor.refusal)
    const token = this.#admit(connect, handshake, visitor)
    answer(exchange, { messages: [], status: 410, token })
  }

  #admit(connect: Connect, handshake: Handshake, visitor: Visitor): string {
    const token = this.#host.sessionId(`${TOKEN_PREFIX}${this.#host.random.token(24)}`)
    const { windowMs, idleMs } = this.#options
    const transport = new LongPollTransport(
      {
        answer: (payloads) => pollAnswer(payloads, polled.over, token),
        goodbye: () => {
          polled.over = true
          return []
        },
        holdMs: windowMs,
        idleMs,
        closeMs: CLOSE_MS,
      },
      this.#host.clock,
    )
    const polled: Polled = { transport, listener: SILENT, posting: false, over: false }
    const listener = this.#open(connect, transport, handshake, visitor)
    this.#polled.set(token, polled)
    polled.listener = listener
    transport.listen({
      received: (payload) => listener.received(payload),
      drained: () => listener.drained(),
      closed: (code, reason) => {
        polled.over = true
        this.#polled.delete(token)
        listener.closed(code, reason)
      },
    })
    return token
  }

  post(exchange: Exchange): void {
    const polled = this.#find(exchange)
    if (!polled || polled.over) return tell(exchange, 410)
    if (polled.posting) return tell(exchange, 408)
    polled.posting = true
    const { windowMs, maxBodyBytes } = this.#options
    polled.transport.whenReading(() => {
      exchange.readBody({ maxBytes: maxBodyBytes, withinMs: windowMs }, (body) => {
        polled.posting = false
        this.#take(polled, exchange, body)
      })
    })
  }

  #take(polled: Polled, exchange: Exchange, body: Uint8Array | BodyFault): void {
    if (body === 'gone') return
    if (body === 'too_slow') return tell(exchange, 408)
    if (body === 'too_big')
      return fault(exchange, { status: 413, reason: `a request is above ${this.#options.maxBodyBytes} bytes` })
    const payloads = readPosted(body, exchange.header('content-type'), this.#options.maxMessageBytes)
    if ('status' in payloads) return fault(exchange, payloads)
    for (const payload of payloads) {
      if (polled.over) break
      polled.listener.received(payload)
    }
    tell(exchange, polled.over ? 410 : 200)
  }
}

const SILENT: TransportListener = { received() {}, drained() {}, closed() {} }

// Told from a parameter of the client's own that has the same name.
const TOKEN_PREFIX = 'poll.'

const TOKEN_HEADER = 'x-phoenix-longpoll-token'

function tokenOf(header: string | string[] | undefined, url: URL): string | undefined {
  const token = header ?? url.searchParams.getAll('token').at(-1)
  return typeof token === 'string' ? token : undefined
}

function* ownPairs(url: URL): Iterable<readonly [string, string]> {
  for (const pair of url.searchParams) if (pair[0] !== 'token' || !pair[1].startsWith(TOKEN_PREFIX)) yield pair
}

function pollAnswer(payloads: readonly Payload[], over: boolean, token: string): Answer {
  if (payloads.length > 0) return { status: 200, body: JSON.stringify({ messages: payloads, status: 200, token }) }
  if (!over) return { status: 200, body: JSON.stringify({ messages: [], status: 204, token }) }
  // A server that stops waits for its connections: this one has nothing more to carry.
  return { status: 200, headers: { connection: 'close' }, body: JSON.stringify({ messages: [], status: 410, token }) }
}

function answer(exchange: Exchange, body: object): void {
  exchange.answer({ status: 200, body: JSON.stringify(body) })
}

function tell(exchange: Exchange, status: Status): void {
  // A method that there is not has no status of the protocol.
  exchange.answer({ status: status === 400 ? 400 : 200, body: JSON.stringify({ status }) })
}

function fault(exchange: Exchange, { status, reason }: PostFault): void {
  exchange.answer({ status, body: JSON.stringify({ status, reason }) })
}

function refuse(exchange: Exchange, { code, retryAfterMs }: Refusal): void {
  if (code === 'unavailable' || code === 'internal') return later(exchange, retryAfterMs ?? 1_000)
  tell(exchange, 403)
}

function later(exchange: Exchange, waitMs: number): void {
  const headers = { 'retry-after': String(Math.ceil(waitMs / 1000)) }
  // The official client looks at the body alone, throws at a status that it does not know, and is dead: 500 it tries again.
  exchange.answer({ status: 503, headers, body: '{"status":500}' })
}
