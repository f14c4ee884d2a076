import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { WebSocketServer } from 'ws'
import { acceptDeflate } from './deflate/offer.ts'
import { PeerSocket } from './peer-socket.ts'
import type { TransportListener } from './transport.ts'
import { type WebSocketHost, WebSocketTransport } from './websocket.ts'

/** Turns HTTP upgrades into transports. One `ws` server for each message limit, since ws has the limit there. */
export class WebSocketDoor {
  readonly #host: WebSocketHost
  readonly #servers = new Map<number, WebSocketServer>()

  constructor(host: WebSocketHost) {
    this.#host = host
  }

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
    socket.on('error', ignore)
    // ws chooses among the offered subprotocols by a callback of its server; ours is chosen already. It would refuse offers
    // that are no token of HTTP, in which some clients put credentials.
    chosen = options.protocol
    added = Object.entries(options.headers).map((header) => header.join(': '))
    const { compression = null } = this.#host
    const deflate = compression && acceptDeflate(request.headers['sec-websocket-extensions'])
    if (deflate) added.push(`Sec-WebSocket-Extensions: ${deflate}`)
    if (options.protocol === null) delete request.headers['sec-websocket-protocol']
    else request.headers['sec-websocket-protocol'] = options.protocol
    this.#server(options.maxMessageBytes).handleUpgrade(request, socket, head, (ws) => {
      const transport = new WebSocketTransport(ws as PeerSocket, socket, this.#host)
      if (deflate) transport.compress(compression.minBytes, options.maxMessageBytes)
      transport.listen(opened(transport))
    })
  }

  #server(maxPayload: number): WebSocketServer {
    let server = this.#servers.get(maxPayload)
    if (!server) {
      const { messageFragments, framePieces, pendingPongs, closeMs } = this.#host.limits
      server = new WebSocketServer({
        noServer: true,
        clientTracking: false,
        // What we take in its place is above.
        perMessageDeflate: false,
        maxPayload,
        maxFragments: messageFragments,
        maxBufferedChunks: framePieces,
        maxPendingAutoPongs: pendingPongs,
        closeTimeout: closeMs,
        handleProtocols: () => chosen ?? false,
        WebSocket: PeerSocket,
      } as ConstructorParameters<typeof WebSocketServer>[0])
      server.on('headers', (lines) => void lines.push(...added))
      this.#servers.set(maxPayload, server)
    }
    return server
  }
}

// Set right before ws asks for them, in the same turn.
let chosen: string | null = null
let added: string[] = []

function ignore(): void {}
