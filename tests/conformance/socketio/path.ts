import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'

interface Pair {
  readonly client: Socket
  readonly server: Socket
  /** Whether the client is gone, and the server is not to know. */
  halfOpen: boolean
}

/** A way to a server that can break, in each of the ways in which they do. */
export class Path {
  #target: number
  readonly #server: Server
  readonly #pairs = new Set<Pair>()
  #shut = false

  private constructor(target: number) {
    this.#target = target
    this.#server = createServer((client) => this.#join(client))
  }

  static async open(target: number): Promise<Path> {
    const path = new Path(target)
    path.#server.listen(0, '127.0.0.1')
    await once(path.#server, 'listening')
    return path
  }

  get url(): string {
    return `http://localhost:${(this.#server.address() as AddressInfo).port}`
  }

  /** New connections go to another port. */
  lead(port: number): void {
    this.#target = port
  }

  #join(client: Socket): void {
    if (this.#shut) return void client.resetAndDestroy()
    const server = connect(this.#target, '127.0.0.1')
    const pair: Pair = { client, server, halfOpen: false }
    this.#pairs.add(pair)
    const join = (from: Socket, to: Socket) => {
      from.on('error', () => {})
      from.on('data', (bytes) => {
        if (!pair.halfOpen) to.write(bytes)
      })
      from.on('close', () => {
        if (pair.halfOpen && from === client) return
        this.#pairs.delete(pair)
        to.destroy()
      })
    }
    join(client, server)
    join(server, client)
  }

  /** Both ends notice. New connections are possible at once, unless it is shut. */
  cut(): void {
    for (const { client, server } of this.#pairs) {
      client.resetAndDestroy()
      server.resetAndDestroy()
    }
  }

  /** The client notices, the server does not: what it writes is lost. New connections work. */
  halfOpen(): void {
    for (const pair of this.#pairs) {
      if (pair.halfOpen) continue
      pair.halfOpen = true
      pair.client.resetAndDestroy()
    }
  }

  /** Lets no new connections through, and again. */
  shut(): void {
    this.#shut = true
  }
  unshut(): void {
    this.#shut = false
  }

  close(): void {
    this.#shut = true
    this.#server.close()
    for (const { client, server } of this.#pairs) {
      client.destroy()
      server.destroy()
    }
  }
}
