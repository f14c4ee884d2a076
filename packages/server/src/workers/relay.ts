import { rmdirSync, rmSync } from 'node:fs'
import { createServer, type IncomingMessage, request as requestOf, type Server, type ServerResponse } from 'node:http'
import { connect, type Socket } from 'node:net'
import { join } from 'node:path'
import type { Duplex } from 'node:stream'
import type { App } from '../app.ts'
import { ownedBy, ownerOf } from './affinity.ts'

export interface RelayOptions {
  /** Where the workers meet: a folder that nobody else can enter. */
  readonly folder: string
  /** This worker's number and its id as a node. */
  readonly number: number
  readonly node: string
  /** How many workers there are. */
  readonly workers: number
  /** The ids of the others; the newest last. */
  peers(): readonly string[]
}

/** Where a request came from. Whatever a client says under this name is let go. */
const ADDRESS = 'x-rollcall-address'
/** Headers of one connection, not of what is passed on. */
const HOP = ['connection', 'keep-alive', 'proxy-connection', 'transfer-encoding', 'upgrade', ADDRESS]
/** Linux takes 107, macOS 103. */
const MAX_PATH_BYTES = 103
const UNAVAILABLE =
  'HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\nRetry-After: 1\r\nContent-Length: 0\r\n\r\n'

/**
 * Passes requests on to the worker that has their session. A client that polls opens a connection whenever it likes, and each
 * may be another worker's; who has a session follows from its name.
 */
export class Relay {
  readonly #options: RelayOptions
  readonly #server: Server = createServer()
  readonly #passed = new WeakSet<object>()
  #open = false

  constructor(options: RelayOptions) {
    this.#options = options
  }

  /** Begins to take what the others pass on. Rejects if the folder's path is too long for the system. */
  async open(app: App): Promise<void> {
    const path = this.#pathOf(this.#options.node)
    // Longer ones are cut by the system, and would be the same for all.
    if (Buffer.byteLength(path) > MAX_PATH_BYTES) throw new RangeError(`${path} is too long for a socket`)
    const server = this.#server
    app.attach(server)
    // In front of the app: who asks is not the worker that passes it on.
    server.prependListener('request', restoreAddress)
    server.prependListener('upgrade', restoreAddress)
    server.on('connection', (socket) => this.#passed.add(socket))
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject)
      // Not shared with the other workers, as a port would be.
      server.listen({ path, exclusive: true }, resolve)
    })
    this.#open = true
  }

  /** Leaves nothing behind; the last one takes the folder along. For the end of the process. */
  cleanUp(): void {
    const { folder, node } = this.#options
    rmSync(this.#pathOf(node), { force: true })
    try {
      rmdirSync(folder)
    } catch {
      // Others are there yet, or the primary was faster.
    }
  }

  /** A session's id that leads its requests here. */
  sessionId(text: string): string {
    return ownedBy(text, this.#options.number, this.#options.workers)
  }

  /** Has the worker answer that has the session. Answers whether it is another one. */
  passOn(session: string, request: IncomingMessage, response: ServerResponse): boolean {
    const to = this.#elsewhere(session, request)
    if (to === null) return false
    const unavailable = () => {
      if (response.headersSent) response.destroy()
      else response.writeHead(503, { 'retry-after': '1' }).end()
    }
    if (to === '') {
      unavailable()
      return true
    }
    // Not `close`: Node writes once more behind a body, and that fails if the other end was fast and has closed.
    const own = { connection: 'keep-alive', [ADDRESS]: request.socket.remoteAddress ?? '' }
    const headers = { ...withoutHop(request.headers), ...own }
    const passing = requestOf({
      socketPath: to,
      method: request.method ?? '',
      path: request.url ?? '',
      headers,
      agent: false,
    })
    passing.on('error', unavailable)
    passing.on('response', (answer) => {
      response.writeHead(answer.statusCode ?? 502, withoutHop(answer.headers))
      answer.on('error', unavailable)
      answer.pipe(response)
    })
    response.on('close', () => passing.destroy())
    request.pipe(passing)
    return true
  }

  /** The same for a request that wants the connection to become a WebSocket. */
  passOnUpgrade(session: string, request: IncomingMessage, socket: Duplex, head: Buffer): boolean {
    const to = this.#elsewhere(session, request)
    if (to === null) return false
    if (to === '') {
      socket.end(UNAVAILABLE)
      return true
    }
    const far = connect(to)
    far.write(headOf(request))
    far.write(head)
    far.pipe(socket)
    socket.pipe(far)
    for (const [one, other] of [
      [far, socket],
      [socket, far],
    ] as const) {
      one.on('error', () => other.destroy())
      one.on('close', () => other.destroy())
    }
    return true
  }

  /** Where to pass a request on to: null if it is ours, an empty text if its worker is away. */
  #elsewhere(session: string, request: IncomingMessage): string | null {
    const { number, workers, peers } = this.#options
    const owner = ownerOf(session, workers)
    // What was passed on stays: two workers that disagree must not throw it to and fro.
    if (!this.#open || owner === number || this.#passed.has(request.socket)) return null
    const node = peers().findLast((peer) => peer.startsWith(`w${owner}-`))
    return node === undefined ? '' : this.#pathOf(node)
  }

  #pathOf(node: string): string {
    return join(this.#options.folder, node)
  }
}

function restoreAddress({ headers, socket }: IncomingMessage): void {
  const address = headers[ADDRESS]
  delete headers[ADDRESS]
  if (typeof address === 'string') Object.defineProperty(socket as Socket, 'remoteAddress', { value: address })
}

function withoutHop(headers: IncomingMessage['headers']): IncomingMessage['headers'] {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !HOP.includes(name)))
}

function headOf({ method, url, rawHeaders, socket }: IncomingMessage): string {
  const lines = [`${method} ${url} HTTP/1.1`]
  for (let i = 0; i < rawHeaders.length; i += 2)
    if (rawHeaders[i]?.toLowerCase() !== ADDRESS) lines.push(`${rawHeaders[i]}: ${rawHeaders[i + 1]}`)
  lines.push(`${ADDRESS}: ${socket.remoteAddress ?? ''}`)
  return `${lines.join('\r\n')}\r\n\r\n`
}
