import { createServer, type Server as HttpServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { Http2SecureServer, Http2Server } from 'node:http2'
import type { Server as HttpsServer } from 'node:https'
import type { Undo } from '@rollcall/core'
import { DEFAULT_LIMITS } from 'rollcall'
import { addressReader, boundHalfOpen, FrontDoor } from 'rollcall/http'
import { corsHeaders } from '../engine/cors.ts'
import { type Bundle, findBundle } from './bundle.ts'
import type { Engine } from './engine.ts'
import type { Hall } from './hall.ts'
import type { WayOptions } from './options.ts'
import { WayIn } from './way-in.ts'

/** Servers of Node that one can be attached to. */
export type AnyHttpServer = HttpServer | HttpsServer | Http2SecureServer | Http2Server

/** Whether the client's bundle is served: `if-there` where its package is installed. */
export type Serving = 'always' | 'if-there' | 'never'

const NO_BUNDLE = 'The client is not here: install the package socket.io-client, or load it from elsewhere'

// Connections that a closed server still has are looked through this often.
const IDLE_MS = 100
const CLOSE_MS = 5_000

/** The HTTP servers that one server is attached to. */
export class Front {
  readonly #hall: Hall
  readonly #engine: Engine
  readonly #attached: { readonly server: AnyHttpServer; readonly detach: Undo }[] = []
  #serving: Serving = 'never'
  #bundle: Bundle | null = null

  constructor(hall: Hall, engine: Engine) {
    this.#hall = hall
    this.#engine = engine
  }

  get serving(): Serving {
    return this.#serving
  }

  /** @throws Error if the bundle is to be served, and is not installed. */
  serve(serving: Serving): void {
    this.#bundle = serving === 'never' ? null : findBundle()
    if (serving === 'always' && !this.#bundle)
      throw new Error('serveClient: install the package socket.io-client, from which the bundle is served')
    this.#serving = serving
  }

  /** Opens a server of our own. It reports by itself where its port is taken. */
  listen(port: number, way: WayOptions): HttpServer {
    const server = createServer({ maxHeaderSize: 16_384, headersTimeout: 10_000, requestTimeout: 60_000 })
    this.#attach(server, way, 'ours')
    boundHalfOpen(server, { perAddress: DEFAULT_LIMITS.halfOpenPerAddress, total: DEFAULT_LIMITS.halfOpen })
    server.listen({ port, backlog: 4_096 })
    return server
  }

  /** Takes over our path of a server. */
  attach(server: AnyHttpServer, way: WayOptions): void {
    this.#attach(server, way, 'shared')
  }

  #attach(server: AnyHttpServer, way: WayOptions, whose: 'ours' | 'shared'): void {
    const { clock, random, report, admit } = this.#hall
    const addressOf = addressReader(way.trustedProxy)
    const wayIn = new WayIn(way, {
      clock,
      random,
      report,
      engine: this.#engine,
      addressOf,
      admit,
      open: (transport, handshake, request) => {
        const connection = this.#hall.open(transport, handshake, request)
        if (this.#engine.listenerCount('connection') > 0) this.#engine.emit('connection', connection.client.conn)
        connection.start()
        return connection
      },
      serve: (request, response) => this.#serveFile(request, response, way),
    })
    const door = new FrontDoor({
      routes: [wayIn.route()],
      clock,
      limits: { ...DEFAULT_LIMITS, messageBytes: way.engine.maxPayload },
      compression: way.compression,
      // The way in asks itself, since the application may take its time.
      originAllowed: () => true,
      addressOf,
      admit,
      report,
    })
    this.#attached.push({ server, detach: door.attach(server as HttpServer, whose) })
  }

  #serveFile(request: IncomingMessage, response: ServerResponse, way: WayOptions): boolean {
    if (this.#serving === 'never') return false
    const path = way.engine.path.replace(/\/?$/, '/')
    // It is the same for everybody, and no secret.
    const headers = corsHeaders(way.engine.cors, request.headers.origin, true)
    if (this.#bundle) return this.#bundle.serve(request, response, { path, clock: this.#hall.clock, headers })
    if (!request.url?.startsWith(`${path}socket.io.`)) return false
    response.writeHead(404, { 'content-type': 'text/plain; charset=utf-8' })
    response.end(NO_BUNDLE)
    return true
  }

  /** Ends all connections, and the servers with them; answers what the last of those says of it. */
  async close(): Promise<Error | undefined> {
    this.#hall.stop()
    const closing = this.#attached.splice(0)
    const errors = await Promise.all(closing.map(({ server }) => this.#close(server)))
    for (const { detach } of closing) detach()
    this.#hall.destroy()
    await this.#hall.close()
    return errors.find((error) => error !== undefined)
  }

  #close(server: AnyHttpServer): Promise<Error | undefined> {
    const { clock } = this.#hall
    return new Promise((resolve) => {
      // Kept alive by their clients, idle connections would hold the server open.
      const look = () => {
        if ('closeIdleConnections' in server) server.closeIdleConnections()
        undo = clock.after(IDLE_MS, look)
      }
      let undo = clock.after(IDLE_MS, look)
      const cut = clock.after(CLOSE_MS, () => this.#hall.destroy())
      server.close((error) => {
        undo()
        cut()
        resolve(error)
      })
    })
  }
}
