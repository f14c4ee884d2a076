import { type IncomingMessage, type Server, type ServerResponse, STATUS_CODES } from 'node:http'
import type { Duplex } from 'node:stream'
import type { Undo } from '@rollcall/core'
import type { Audit } from '../audit.ts'
import type { Route, UpgradeRefusal, Verdict } from '../connection/dialect.ts'
import type { Colleagues } from '../surroundings.ts'
import type { WebSocketHost } from '../transport/websocket.ts'
import { WebSocketDoor } from '../transport/websocket-door.ts'
import { handshakeOf, pathOf, targetUrl } from './handshake.ts'

export interface FrontDoorOptions extends WebSocketHost {
  readonly routes: readonly Route[]
  originAllowed(request: IncomingMessage): boolean
  /** Where a request comes from. */
  addressOf(request: IncomingMessage): string
  /** Whether an address may open another connection: 0, or in how many milliseconds. */
  admit(address: string): number
  /** Those who serve the same app, and may have the session of a request. Default: nobody. */
  readonly colleagues?: Pick<Colleagues, 'passOn' | 'passOnUpgrade'> | null
  /** Hears who was refused. Default: nobody. */
  readonly audit?: Pick<Audit, 'note'> | null
  report(what: string, error: unknown): void
}

/** Sends each request and upgrade of an HTTP server to the route that its path belongs to. */
export class FrontDoor {
  readonly #options: FrontDoorOptions
  readonly #routes: readonly Route[]
  readonly #webSockets: WebSocketDoor

  constructor(options: FrontDoorOptions) {
    this.#options = options
    this.#webSockets = new WebSocketDoor(options)
    // The longest path first: a route below another one wins.
    this.#routes = [...options.routes].sort((a, b) => b.path.length - a.path.length)
  }

  /**
   * Takes over our paths of a server, in front of whoever listens to it already; all other requests go on to those. With
   * nobody else there, they get 404. Of a server of our own, `whose` says that nobody else will answer an upgrade either,
   * whoever listens to it.
   */
  attach(server: Server, whose: 'ours' | 'shared' = 'shared'): Undo {
    const others = server.listeners('request') as ((request: IncomingMessage, response: ServerResponse) => void)[]
    server.removeAllListeners('request')
    const request = (incoming: IncomingMessage, response: ServerResponse) => {
      if (this.#request(incoming, response)) return
      // Somebody may have come to listen since then.
      const alone = whose === 'ours' || server.listenerCount('request') === 1
      if (others.length === 0 && alone) respond(response, { status: 404 })
      for (const other of others) other.call(server, incoming, response)
    }
    const upgrade = (incoming: IncomingMessage, socket: Duplex, head: Buffer) => {
      socket.on('error', ignore)
      if (this.#upgrade(incoming, socket, head)) return
      if (whose === 'ours' || server.listenerCount('upgrade') === 1) refuse(socket, { status: 404 })
    }
    server.on('request', request)
    server.on('upgrade', upgrade)
    return () => {
      server.off('request', request)
      server.off('upgrade', upgrade)
      for (const other of others) server.on('request', other)
    }
  }

  #find(target: string | undefined, can: (route: Route) => boolean): Route | undefined {
    const pathname = pathOf(target ?? '/')
    return this.#routes.find((route) => can(route) && covers(route.path, pathname))
  }

  #request(incoming: IncomingMessage, response: ServerResponse): boolean {
    const route = this.#find(incoming.url, ({ request }) => request !== undefined)
    if (route && this.#tooManyHeaders(incoming)) {
      this.#tell(incoming, { status: 431 })
      respond(response, { status: 431, headers: { connection: 'close' } })
      return true
    }
    if (!route?.request) {
      // A plain request to a WebSocket path: say what is missing instead of 404.
      if (!this.#find(incoming.url, ({ upgrade }) => upgrade !== undefined)) return false
      respond(response, { status: 426, headers: { upgrade: 'websocket' }, body: 'This is a WebSocket endpoint' })
      return true
    }
    try {
      const session = this.#sessionElsewhere(route, incoming)
      if (session !== null && this.#options.colleagues?.passOn(session, incoming, response)) return true
      route.request(incoming, response)
    } catch (error) {
      this.#options.report(`The route ${route.path} failed`, error)
      if (!response.headersSent) respond(response, { status: 500 })
      else response.destroy()
    }
    return true
  }

  // Null where nobody else could have it.
  #sessionElsewhere(route: Route, { url, headers }: IncomingMessage): string | null {
    if (!this.#options.colleagues || !route.session) return null
    return route.session(targetUrl(url ?? '/'), headers)
  }

  #upgrade(incoming: IncomingMessage, socket: Duplex, head: Buffer): boolean {
    const route = this.#find(incoming.url, ({ upgrade }) => upgrade !== undefined)
    if (!route?.upgrade) return false
    const address = this.#options.addressOf(incoming)
    const refusal = this.#judge(incoming, address)
    if (refusal) {
      // Those who are at the wrong place, or too many, are told of where that is found.
      if (refusal.status !== 403 && refusal.status !== 503) this.#tell(incoming, refusal)
      refuse(socket, refusal)
      return true
    }
    const failed = (error: unknown) => {
      this.#options.report(`The upgrade at ${route.path} failed`, error)
      refuse(socket, { status: 500 })
    }
    try {
      const session = this.#sessionElsewhere(route, incoming)
      if (session !== null && this.#options.colleagues?.passOnUpgrade(session, incoming, socket, head)) return true
      const verdict = route.upgrade(handshakeOf(incoming, 'websocket', address), incoming)
      if (verdict instanceof Promise) verdict.then((later) => this.#answer(later, incoming, socket, head)).catch(failed)
      else this.#answer(verdict, incoming, socket, head)
    } catch (error) {
      failed(error)
    }
    return true
  }

  #answer(verdict: Verdict, incoming: IncomingMessage, socket: Duplex, head: Buffer): void {
    if ('status' in verdict) {
      this.#tell(incoming, verdict)
      return refuse(socket, verdict)
    }
    const offered = (incoming.headers['sec-websocket-protocol'] ?? '').split(',').map((name) => name.trim())
    const protocol = verdict.protocols?.find((name) => offered.includes(name)) ?? null
    const maxMessageBytes = verdict.maxMessageBytes ?? this.#options.limits.messageBytes
    const { headers = {} } = verdict
    this.#webSockets.open(incoming, socket, head, { protocol, maxMessageBytes, headers }, verdict.open)
  }

  #judge(incoming: IncomingMessage, address: string): UpgradeRefusal | null {
    const { headers } = incoming
    if (this.#tooManyHeaders(incoming)) return { status: 431 }
    // Before anything is believed: an older version has its Origin in another header.
    if (headers['sec-websocket-version'] !== '13') return { status: 426, headers: { 'sec-websocket-version': '13' } }
    // A body on an upgrade is an attempt to smuggle something past a proxy.
    if (headers['transfer-encoding'] !== undefined || (headers['content-length'] ?? '0') !== '0') return { status: 400 }
    if (!this.#options.originAllowed(incoming)) return { status: 403, body: 'This origin may not connect' }
    const wait = this.#options.admit(address)
    if (wait > 0) return { status: 503, headers: { 'retry-after': String(Math.ceil(wait / 1000)) } }
    return null
  }

  #tell(incoming: IncomingMessage, { status, body }: UpgradeRefusal): void {
    const path = pathOf(incoming.url ?? '/')
    const reason = body || STATUS_CODES[status]
    this.#options.audit?.note('handshake_refused', { status, path, reason }, this.#options.addressOf(incoming))
  }

  // Node drops what is beyond its own count in silence: an Origin, say.
  #tooManyHeaders({ rawHeaders }: IncomingMessage): boolean {
    return rawHeaders.length > this.#options.limits.headers * 2
  }
}

function covers(path: string, pathname: string): boolean {
  return pathname === path || pathname.startsWith(path.endsWith('/') ? path : `${path}/`)
}

/** Answers an upgrade with a status, and ends the socket: what was sent behind the request is dropped. */
function refuse(socket: Duplex, { status, body = STATUS_CODES[status] ?? '', headers = {} }: UpgradeRefusal): void {
  const lines = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}`,
    'Connection: close',
    `Content-Length: ${Buffer.byteLength(body)}`,
    ...Object.entries({ 'content-type': 'text/plain; charset=utf-8', ...headers }).map((header) => header.join(': ')),
  ]
  socket.once('finish', () => socket.destroy())
  socket.end(`${lines.join('\r\n')}\r\n\r\n${body}`)
}

function respond(
  response: ServerResponse,
  { status, body = STATUS_CODES[status] ?? '', headers = {} }: UpgradeRefusal,
): void {
  response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8', ...headers })
  response.end(body)
}

function ignore(): void {}
