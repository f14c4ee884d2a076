import { createServer, type IncomingHttpHeaders, request as requestOf, type Server } from 'node:http'
import { type Duplex, duplexPair } from 'node:stream'
import { type CarriedRequest, decodeCarried, toCarriedRequest, withoutHop } from './carried.ts'

/** What a carried request was answered with. */
export interface InnerAnswer {
  readonly id: string
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: Uint8Array
}

/** Has this node's own routes answer requests that other nodes have carried here: an HTTP server without a port. */
export class InnerServer {
  readonly #server: Server = createServer({ maxHeaderSize: 65_536, keepAlive: false })
  readonly #open = new Map<string, { readonly from: string; end(): void }>()

  /** `attach` puts the routes in front of a server. */
  constructor(attach: (server: Server) => unknown) {
    attach(this.#server)
  }

  /** Answers what a node has carried here. @throws Error if the bytes are no request. */
  async answer(bytes: Uint8Array, from: string): Promise<InnerAnswer> {
    const { header = {}, body } = decodeCarried(bytes) ?? {}
    const asked = toCarriedRequest(header)
    if (!asked || !body) throw new Error('Not a request that a node would carry')
    const [near, far] = duplexPair()
    // The client is where it is, whoever carries its request.
    Object.defineProperty(far, 'remoteAddress', { value: asked.address })
    Object.defineProperty(far, 'encrypted', { value: asked.secure })
    let given = false
    const end = () => {
      given = true
      near.destroy()
      far.destroy()
    }
    this.#open.set(asked.id, { from, end })
    try {
      this.#server.emit('connection', far)
      return await ask(near, asked, body)
    } catch (error) {
      // Given up by who asked: nobody hears the answer.
      if (given) return { id: asked.id, status: 503, headers: {}, body: new Uint8Array(0) }
      throw error
    } finally {
      this.#open.delete(asked.id)
      near.destroy()
    }
  }

  /** The client of a request is gone: nobody waits for its answer any more. */
  abandon(id: string): void {
    this.#open.get(id)?.end()
  }

  /** The same for all that a node has carried here. */
  abandonFrom(node: string): void {
    for (const { from, end } of [...this.#open.values()]) if (from === node) end()
  }

  close(): void {
    for (const { end } of [...this.#open.values()]) end()
  }
}

function ask(socket: Duplex, { id, method, path, headers }: CarriedRequest, body: Uint8Array): Promise<InnerAnswer> {
  return new Promise((resolve, reject) => {
    const asking = requestOf({
      createConnection: () => socket as never,
      method,
      path,
      headers: {
        ...withoutHop(headers),
        ...(method !== 'GET' && { 'content-length': body.byteLength }),
        connection: 'close',
      },
      setHost: false,
    })
    asking.on('error', reject)
    asking.on('response', (answer) => {
      const chunks: Buffer[] = []
      answer.on('data', (chunk: Buffer) => chunks.push(chunk))
      answer.on('error', reject)
      answer.on('end', () =>
        resolve({
          id,
          status: answer.statusCode ?? 500,
          headers: withoutHop(answer.headers),
          body: Buffer.concat(chunks),
        }),
      )
    })
    asking.end(body)
  })
}
