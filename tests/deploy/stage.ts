import { mkdtempSync, rmSync } from 'node:fs'
import { Agent } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Client, connect } from '@rollcall/client'
import { channel, contract } from '@rollcall/core'
import { socketIo } from '@rollcall/dialects/socket.io'
import { type App, allow, rollcall } from 'rollcall'
import { io, type Socket } from 'socket.io-client'
import { afterEach } from 'vitest'
import { type ClientOptions, WebSocket } from 'ws'
import { z } from 'zod'
import { freePorts } from '../support/ports.ts'
import { until } from '../support/until.ts'
import { type Certificate, makeCertificate } from './certificate.ts'
import { type Kind, type RunningProxy, startProxy } from './proxy.ts'

const chat = contract({
  'room:{room}': channel({
    send: { message: z.string() },
    emit: { message: z.string() },
    call: { whence: { input: z.null(), output: z.string() } },
    presence: z.object({ name: z.string() }),
    history: { messages: 10_000 },
  }),
})
type Chat = (typeof chat)['channels']

const undo: (() => Promise<unknown> | void)[] = []
afterEach(async () => {
  for (const task of undo.splice(0).reverse()) await task()
})

/** Runs a task when the test is over. */
export const afterwards = (task: () => Promise<unknown> | void): void => void undo.push(task)

/** A folder that is removed when the test is over. Workers of a proxy may enter it. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'rollcall-deploy-'))
  afterwards(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** How native clients and those of Socket.IO are pinged, instead of every 25 s. */
export interface StageOptions {
  readonly pingMs?: number
  readonly silence?: string
  readonly nodes?: number
}

/** Which address of this machine a client comes from, and what it claims. */
export interface Coming {
  readonly from?: string
  readonly headers?: Readonly<Record<string, string>>
}

/** What passed on a native client's WebSockets. */
export interface Wire {
  readonly client: Client<Chat>
  /** WebSockets opened so far. */
  opened: number
  pings: number
}

export interface Stage {
  readonly proxy: RunningProxy
  readonly apps: readonly App<Chat>[]
  readonly certificate: Certificate
  native(options?: Coming): Wire
  /** A client of Socket.IO that begins with polls, and moves on if it may. */
  socketIo(way: 'polling' | 'upgraded', options?: Coming): Promise<Socket>
}

/** Nodes that know nothing of each other, behind a proxy. All of it ends with the test. */
export async function stage(kind: Kind, { pingMs = 25_000, silence, nodes = 1 }: StageOptions = {}): Promise<Stage> {
  const folder = temporaryFolder()
  const certificate = makeCertificate(folder)
  const apps = Array.from({ length: nodes }, () => node(pingMs))
  const listening = await Promise.all(apps.map((app) => app.listen({ port: 0 })))
  for (const app of apps) afterwards(() => app.close({ timeoutMs: 200, drainMs: 0 }))
  const [httpPort = 0, httpsPort = 0, adminPort = 0] = await freePorts(3)
  const ports = { httpPort, httpsPort, adminPort, nodes: listening.map(({ port }) => port) }
  const proxy = await startProxy(kind, { folder, certificate, ...ports, ...(silence && { silence }) })
  afterwards(() => proxy.stop())
  return {
    proxy,
    apps,
    certificate,
    native: (options) => native(proxy.url, certificate, options),
    socketIo: (way, options) => polling(proxy.url, certificate, way, options),
  }
}

function node(pingMs: number): App<Chat> {
  return rollcall(
    chat,
    {
      'room:{room}': {
        join: () => allow(),
        message: ({ channel }, text) => channel.emit('message', text),
        whence: ({ connection }) => connection.handshake.address,
      },
    },
    {
      // As the guide says.
      trustedProxy: { header: 'x-forwarded-for' },
      dialects: [socketIo({ defaultTopic: 'room:lobby', pingInterval: pingMs })],
      pingMs,
    },
  )
}

/** A native client over TLS that is sure whom it talks to. */
export function native(url: string, { cert }: { readonly cert: string }, { from, headers }: Coming = {}): Wire {
  const options: ClientOptions = {
    ca: cert,
    family: 4,
    ...(from && { localAddress: from }),
    ...(headers && { headers }),
  }
  const client = connect(chat, url, {
    backoff: { minMs: 50, maxMs: 200 },
    webSocket: (at, protocols) => {
      const socket = new WebSocket(at, protocols, options)
      wire.opened++
      socket.on('message', (frame) => {
        if (String(frame).startsWith('["ping"')) wire.pings++
      })
      return socket as never
    },
  })
  const wire: Wire = { client, opened: 0, pings: 0 }
  afterwards(() => client.close())
  return wire
}

async function polling(
  url: string,
  { cert }: Certificate,
  way: 'polling' | 'upgraded',
  { from, headers }: Coming = {},
): Promise<Socket> {
  // Not kept alive: where a reused connection is cut, this client's XMLHttpRequest for Node begins a second request that it
  // never ends. A browser does end it.
  const agent = new Agent({ ca: cert, keepAlive: false, family: 4, ...(from && { localAddress: from }) })
  const socket = io(url, {
    forceNew: true,
    transports: way === 'polling' ? ['polling'] : ['polling', 'websocket'],
    agent: agent as never,
    ca: cert,
    ...(headers && { extraHeaders: headers }),
  })
  afterwards(() => {
    socket.disconnect()
    agent.destroy()
  })
  await until(() => socket.connected, { what: 'Socket.IO' })
  if (way === 'upgraded') await until(() => socket.io.engine.transport.name === 'websocket', { what: 'the upgrade' })
  return socket
}
