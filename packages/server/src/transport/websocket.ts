import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import type { Payload } from '@rollcall/core'
import { type WebSocket, WebSocketServer } from 'ws'
import type { Run } from '../hub/frame.ts'
import type { Transport, TransportListener } from './transport.ts'

// How long a peer may take to answer our close (RFC 6455 section 7.1.1), in milliseconds.
const CLOSE_TIMEOUT_MS = 5_000

const OPEN = 1

// The sockets' and ws's events find their transport here: shared functions, no closures for each connection.
const TRANSPORT = Symbol('transport')

interface Marked {
  [TRANSPORT]: WebSocketTransport
}

/**
 * A WebSocket. `ws` reads, answers pings and closes (RFC 6455); what we send is encoded before, once for all receivers,
 * and goes straight to the socket. Both write whole frames, so neither can cut the other's.
 */
export class WebSocketTransport implements Transport {
  readonly #socket: Duplex
  readonly #ws: WebSocket
  #listener: TransportListener | null = null
  #ended = false
  #pings = false

  constructor(ws: WebSocket, socket: Duplex) {
    this.#ws = ws
    this.#socket = socket
    ;(ws as unknown as Marked)[TRANSPORT] = this
    ;(socket as unknown as Marked)[TRANSPORT] = this
    ws.on('message', onMessage)
    ws.on('close', onClose)
    // A broken frame or a reset ends this connection; `close` follows.
    ws.on('error', onError)
    socket.on('drain', onDrain)
  }

  /** Events go to this listener from now on. */
  listen(listener: TransportListener): void {
    this.#listener = listener
  }

  get bufferedBytes(): number {
    return this.#socket.writableLength
  }

  write(run: Run): void {
    if (this.#ended || this.#ws.readyState !== OPEN) return
    this.#socket.write(bufferOf(run))
  }

  ping(): void {
    if (this.#ended) return
    // Most dialects ping with messages: only connections that need it pay for the listener.
    if (!this.#pings) this.#ws.on('pong', onPong)
    this.#pings = true
    this.#ws.ping()
  }

  close(code: number, reason: string): void {
    if (this.#ended) return
    this.#ended = true
    // 1005 is never on the wire: it stands for a close frame without a code (RFC 6455 section 7.4.1).
    if (code === 1005) this.#ws.close()
    // A close reason has room for 123 bytes (RFC 6455 section 5.5).
    else this.#ws.close(code, clipUtf8(reason, 123))
  }

  destroy(): void {
    this.#ended = true
    this.#ws.terminate()
  }

  pause(): void {
    this.#ws.pause()
  }

  resume(): void {
    this.#ws.resume()
  }

  received(payload: Payload): void {
    this.#listener?.received(payload)
  }

  alive(): void {
    this.#listener?.alive?.()
  }

  drained(): void {
    this.#listener?.drained()
  }

  closed(code: number, reason: string): void {
    this.#ended = true
    const listener = this.#listener
    this.#listener = null
    listener?.closed(code, reason)
  }
}

// Sockets take a Buffer as it is, and make one of any other bytes at each write: measured, a tenth of a delivery.
function bufferOf(run: Run): Buffer {
  if (run.native instanceof Buffer) return run.native
  const wire = run.wire()
  const buffer = Buffer.from(wire.buffer, wire.byteOffset, wire.byteLength)
  run.native = buffer
  return buffer
}

function onMessage(this: WebSocket, data: Buffer, isBinary: boolean): void {
  ;(this as unknown as Marked)[TRANSPORT].received(isBinary ? data : data.toString('utf8'))
}

function onPong(this: WebSocket): void {
  ;(this as unknown as Marked)[TRANSPORT].alive()
}

function onClose(this: WebSocket, code: number, reason: Buffer): void {
  ;(this as unknown as Marked)[TRANSPORT].closed(code, reason.toString('utf8'))
}

function onError(): void {}

function onDrain(this: Duplex): void {
  ;(this as unknown as Marked)[TRANSPORT].drained()
}

function clipUtf8(text: string, maxBytes: number): string {
  if (Buffer.byteLength(text) <= maxBytes) return text
  let end = Math.min(text.length, maxBytes)
  while (Buffer.byteLength(text.slice(0, end)) > maxBytes) end--
  // Not between the halves of a surrogate pair.
  return text.slice(0, end).replace(/[\ud800-\udbff]$/, '')
}

/** Turns HTTP upgrades into transports. One `ws` server for each message limit, since ws has the limit there. */
export class WebSocketDoor {
  readonly #servers = new Map<number, WebSocketServer>()

  /** Completes the handshake (RFC 6455 section 4.2.2), or answers 400 by itself if it is not one. */
  open(
    request: IncomingMessage,
    socket: Duplex,
    head: Buffer,
    options: {
      readonly protocol: string | null
      readonly maxMessageBytes: number
      readonly headers: Readonly<Record<string, string>>
    },
    opened: (transport: WebSocketTransport) => TransportListener,
  ): void {
    // From the first moment: a reset during the handshake must not be an uncaught error.
    socket.on('error', onError)
    // ws chooses among the offered subprotocols by a callback of its server; ours is chosen already. It would refuse offers
    // that are no token of HTTP, in which some clients put credentials.
    chosen = options.protocol
    added = Object.entries(options.headers).map((header) => header.join(': '))
    if (options.protocol === null) delete request.headers['sec-websocket-protocol']
    else request.headers['sec-websocket-protocol'] = options.protocol
    this.#server(options.maxMessageBytes).handleUpgrade(request, socket, head, (ws) => {
      const transport = new WebSocketTransport(ws, socket)
      transport.listen(opened(transport))
    })
  }

  #server(maxPayload: number): WebSocketServer {
    let server = this.#servers.get(maxPayload)
    if (!server) {
      server = new WebSocketServer({
        noServer: true,
        clientTracking: false,
        perMessageDeflate: false,
        maxPayload,
        closeTimeout: CLOSE_TIMEOUT_MS,
        handleProtocols: () => chosen ?? false,
      } as ConstructorParameters<typeof WebSocketServer>[0])
      server.on('headers', (lines) => void lines.push(...added))
      this.#servers.set(maxPayload, server)
    }
    return server
  }
}

// Set right before ws asks for them, in the same turn.
let chosen: string | null = null
let added: readonly string[] = []
