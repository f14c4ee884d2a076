import { once } from 'node:events'
import type { Server as HttpServer } from 'node:http'
import type { AddressInfo, Socket as TcpSocket } from 'node:net'
import { Server, type ServerOptions } from '@rollcall/dialects/socket.io/server'
import { Server as Original } from 'socket.io'
import { io as connectTo, type ManagerOptions, type Socket, type SocketOptions } from 'socket.io-client'
import { afterEach, expect, vi } from 'vitest'
import { WebSocketServer } from 'ws'

/** The servers that must behave alike. */
export type Which = 'the original' | 'ours'

// Over sockets, on machines that have much else to do.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 })

const closing: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
  expect(reported.splice(0)).toEqual([])
})

/** Runs after the test, the last one first. */
export function afterwards(task: () => unknown): void {
  closing.push(task)
}

/** What our servers reported; a test that expects something takes it out. */
export const reported: string[] = []

export type Client = Socket

export interface Stage {
  readonly io: Server
  readonly port: number
  readonly url: string
  /** Opens a client; it is connected or not when the answer comes, at once. */
  open(path?: string, options?: Partial<ManagerOptions & SocketOptions>): Client
  /** Opens a client, and waits until it is connected. */
  join(path?: string, options?: Partial<ManagerOptions & SocketOptions>): Promise<Client>
}

/** Starts one of the servers; clients take `transport`. */
export async function start(
  which: Which,
  transport: 'websocket' | 'polling' = 'websocket',
  options: Partial<ServerOptions> = {},
  prepare: (io: Server) => void = () => {},
): Promise<Stage> {
  const io =
    which === 'ours'
      ? new Server({ onError: (what, error) => void reported.push(`${what}: ${String(error)}`), ...options })
      : // Vitest's conditions hide the name by which it would find this.
        (new Original({ wsEngine: WebSocketServer, ...options } as object) as unknown as Server)
  prepare(io)
  return listen(io, transport)
}

export async function listen(io: Server, transport: 'websocket' | 'polling' = 'websocket'): Promise<Stage> {
  io.listen(0)
  afterwards(() => io.close())
  const server = io.httpServer as HttpServer
  if (!server.listening) await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const url = `http://localhost:${port}`
  const open: Stage['open'] = (path = '/', more = {}) => {
    const client = connectTo(`${url}${path}`, {
      transports: [transport],
      forceNew: true,
      reconnectionDelay: 10,
      reconnectionDelayMax: 20,
      ...more,
    })
    // In each of its namespaces: a client that is in another goes on trying, at a port that somebody else may get.
    afterwards(() => {
      for (const each of Object.values((client.io as unknown as { nsps: Record<string, Client> }).nsps))
        each.disconnect()
    })
    return client
  }
  const join: Stage['join'] = async (path, more) => {
    const client = open(path, more)
    await told(client, 'connect')
    return client
  }
  return { io, port, url, open, join }
}

/** The arguments of the next event of a name, on anything that has `once`. */
export function told(
  emitter: { once(event: string, listener: (...args: unknown[]) => void): unknown },
  event: string,
): Promise<unknown[]> {
  return new Promise((resolve) => void emitter.once(event, (...args) => resolve(args)))
}

/** Waits until expectations hold. */
export function becomes<T>(ask: () => T | Promise<T>): Promise<T> {
  return vi.waitFor(ask, { timeout: 15_000, interval: 5 })
}

/** Collects what comes with events of a name. */
export function collect(
  emitter: { on(event: string, listener: (...args: unknown[]) => void): unknown },
  event: string,
) {
  const got: unknown[] = []
  emitter.on(event, (...args) => void got.push(args.length === 1 ? args[0] : args))
  return got
}

/** The TCP socket of a client over a WebSocket. */
export function tcpOf(client: Client): TcpSocket {
  return (client.io.engine.transport as unknown as { ws: { _socket: TcpSocket } }).ws._socket
}

/** The path of a client is dead from now on: nothing arrives, nothing is answered, nobody knows. */
export function deaden(client: Client): void {
  const silent = () => {}
  Object.assign(client.io.engine.transport, { send: silent, onData: silent })
}

/** What a client sent before has been read when this settles, and what the server sent before has arrived. */
export async function settled(...clients: Client[]): Promise<void> {
  await Promise.all(
    clients.map((client) =>
      client
        .timeout(10_000)
        .emitWithAck('settled')
        .catch(() => {}),
    ),
  )
}

/** Every server answers this, so that tests can wait for the end of what they did. */
export function answering(io: Server): void {
  io.on('connection', (socket) => socket.on('settled', (answer: () => void) => answer()))
}
