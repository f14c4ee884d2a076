import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { type Random, systemRandom, type Undo } from '@rollcall/core'
import { Proxied, type ProxiedConnection } from './proxied.ts'

export interface FaultProxyOptions {
  /** Where connections go; asked for each. */
  readonly target: () => { readonly port: number; readonly host?: string }
  /** Default: a free one. */
  readonly port?: number
  /** How long each piece is held, in milliseconds. Default 0. */
  readonly delayMs?: number
  /** Up to so much longer, by chance. Default 0. */
  readonly jitterMs?: number
  /** The largest piece that is passed on at once, in bytes. Default: as they come. */
  readonly pieceBytes?: number
  /** Default: real chance. */
  readonly random?: Random
}

/** A TCP proxy on the loopback interface that breaks what goes through it, for tests over real processes. */
export interface FaultProxy {
  readonly port: number
  /** Connections that at least one side still holds, oldest first. */
  connections(): readonly ProxiedConnection[]
  /** New connections are reset at once until undone. */
  refuse(): Undo
  /** Ends everything. */
  close(): Promise<void>
}

/** Opens a proxy in front of a server. */
export async function faultProxy(options: FaultProxyOptions): Promise<FaultProxy> {
  const { target, port = 0, delayMs = 0, jitterMs = 0, random = systemRandom } = options
  const { pieceBytes = Number.POSITIVE_INFINITY } = options
  if (!(pieceBytes > 0)) throw new RangeError('faultProxy: pieceBytes must be above 0')
  const passing = { pieceBytes, delayMs: () => delayMs + random.fraction() * jitterMs }
  const held = new Set<Proxied>()
  const opening = new Set<Socket>()
  let refusing = 0

  const open = (client: Socket) => {
    client.on('error', () => {})
    if (refusing > 0) {
      client.resetAndDestroy()
      return
    }
    const { port, host = '127.0.0.1' } = target()
    const server = connect({ port, host, allowHalfOpen: true })
    // A server that cannot be reached resets, as it would without a proxy.
    server.once('error', () => client.resetAndDestroy())
    client.once('close', () => server.connecting && server.destroy())
    opening.add(client)
    client.once('close', () => opening.delete(client))
    server.once('connect', () => {
      opening.delete(client)
      const proxied = new Proxied(client, server, passing, () => held.delete(proxied))
      held.add(proxied)
    })
  }

  const listening = createServer({ allowHalfOpen: true }, open)
  await new Promise<void>((resolve, reject) => {
    listening.once('error', reject)
    listening.listen(port, '127.0.0.1', 4_096, resolve)
  })
  return {
    port: (listening.address() as AddressInfo).port,
    connections: () => [...held],
    refuse: () => {
      refusing++
      let refuses = true
      return () => {
        if (refuses) refusing--
        refuses = false
      }
    },
    close: () =>
      new Promise((resolve) => {
        listening.close(() => resolve())
        for (const client of opening) client.destroy()
        for (const proxied of held) proxied.cut()
      }),
  }
}
