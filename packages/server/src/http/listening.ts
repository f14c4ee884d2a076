import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Clock, Undo } from '@rollcall/core'
import type { ListenOptions } from '../app.ts'
import type { Audit } from '../audit.ts'
import type { Limits } from '../connection/limits.ts'
import type { FrontDoor } from './front-door.ts'
import { guardedServer } from './guarded-server.ts'
import { boundHalfOpen } from './half-open.ts'

/** Where a server can be reached. */
export interface Address {
  readonly port: number
  readonly host: string
  readonly url: string
}

/** The HTTP servers that a node answers on: its own, and those of others. */
export class Listening {
  readonly #door: FrontDoor
  readonly #limits: Limits
  readonly #audit: Audit | null
  readonly #own = new Set<Server>()
  readonly #attached = new Set<Undo>()

  constructor(door: FrontDoor, limits: Limits, audit: Audit | null) {
    this.#door = door
    this.#limits = limits
    this.#audit = audit
  }

  /** Listens with a server of our own. Rejects if that cannot be. */
  async listen({ port = 8210, host = '127.0.0.1', backlog = 4_096, tls }: ListenOptions): Promise<Address> {
    const server = guardedServer(this.#limits, tls)
    const detach = this.attach(server, 'ours')
    boundHalfOpen(server, {
      perAddress: this.#limits.halfOpenPerAddress,
      total: this.#limits.halfOpen,
      cut: (address) => this.#audit?.note('half_open_cut', {}, address),
    })
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject)
      server.listen({ port, host, backlog }, () => {
        server.off('error', reject)
        resolve()
      })
    }).catch((error: unknown) => {
      detach()
      throw error
    })
    this.#own.add(server)
    const bound = (server.address() as AddressInfo).port
    const named = host === '127.0.0.1' || host === '0.0.0.0' || host === '::' ? 'localhost' : host
    return { port: bound, host, url: `http${tls ? 's' : ''}://${named.includes(':') ? `[${named}]` : named}:${bound}` }
  }

  attach(server: Server, whose: 'ours' | 'shared'): Undo {
    const detach = this.#door.attach(server, whose)
    const undo = () => {
      if (this.#attached.delete(undo)) detach()
    }
    this.#attached.add(undo)
    return undo
  }

  /** Takes no more connections. Resolves when those that there are have ended. */
  async stop(): Promise<void> {
    await Promise.all([...this.#own].map((server) => new Promise<void>((resolve) => server.close(() => resolve()))))
  }

  /** Cuts what is left, after at most `ms` of waiting for `stopped`, and leaves the servers of others. */
  async end(stopped: Promise<void>, clock: Clock, ms: number): Promise<void> {
    let cut: Undo = () => {}
    const timeout = new Promise<void>((resolve) => {
      cut = clock.after(ms, resolve)
    })
    await Promise.race([stopped, timeout])
    cut()
    for (const server of this.#own) server.closeAllConnections()
    for (const undo of [...this.#attached]) undo()
  }
}
