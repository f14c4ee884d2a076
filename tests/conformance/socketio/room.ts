import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { bytes, channel, contract, volatile } from '@rollcall/core'
import { type SocketIoOptions, socketIo } from '@rollcall/dialects/socket.io'
import { type App, allow, type RollcallOptions, refuse, rollcall } from 'rollcall'
import { z } from 'zod'

const text = z.string().max(100_000)

/** A contract with a channel of each kind that clients of Socket.IO can meet. */
const rooms = contract({
  'room:{room}': channel({
    send: {
      message: text,
      anything: z.unknown(),
      draw: z.tuple([z.number(), z.number()]),
      file: z.object({ name: z.string(), content: z.instanceof(Uint8Array) }),
    },
    emit: {
      message: text,
      anything: z.unknown(),
      draw: z.tuple([z.number(), z.number()]),
      bytes: bytes({ maxBytes: 1_000_000 }),
      cursor: volatile(z.string()),
    },
    call: { twice: { input: z.number(), output: z.number() }, fail: { input: z.unknown(), output: z.unknown() } },
    presence: z.object({ name: z.string().max(40), typing: z.boolean().optional() }),
    history: { messages: 1_000 },
  }),
  'short:{room}': channel({ send: { message: text }, emit: { message: text }, history: { messages: 5 } }),
  'live:{room}': channel({ send: { message: text }, emit: { message: text, cursor: volatile(z.string()) } }),
  'bytes:{room}': channel({
    send: { message: bytes({ maxBytes: 1_000_000 }) },
    emit: { message: bytes({ maxBytes: 1_000_000 }) },
  }),
  'private:{room}': channel({ join: z.object({ invitation: z.string() }), emit: { message: text } }),
  'count:{room}': channel({ presence: z.object({ name: z.string() }), roster: 'count' }),
})

export interface Room {
  readonly app: App<(typeof rooms)['channels']>
  readonly url: string
  readonly port: number
  /** What the server would have logged. */
  readonly errors: string[]
  /** Payloads that handlers got. */
  readonly handled: unknown[]
  /** Users whose join was asked for, with their topic. */
  readonly joins: string[]
  /** How many HTTP requests have come in. */
  readonly requests: () => number
  close(): Promise<void>
}

export interface RoomOptions {
  readonly socketIo?: SocketIoOptions
  readonly server?: RollcallOptions
}

/** A listening server: `/` is `room:lobby`. */
export async function room(options: RoomOptions = {}): Promise<Room> {
  const errors: string[] = []
  const handled: unknown[] = []
  const joins: string[] = []
  const join = ({ user, topic }: { user: { id: string }; topic: string }) => {
    joins.push(`${user.id} ${topic}`)
    return allow()
  }
  const take = <T>(payload: T): T => {
    handled.push(payload)
    return payload
  }
  const app = rollcall(
    rooms,
    {
      'room:{room}': {
        join: ({ user, topic, params }) =>
          params.room === 'closed' ? refuse('not today', { details: { opens: 'tomorrow' } }) : join({ user, topic }),
        message: ({ channel }, message) => channel.emit('message', take(message)),
        anything: ({ channel }, value) => channel.emit('anything', take(value)),
        draw: ({ channel }, point) => channel.emit('draw', take(point)),
        file: async ({ channel }, { name, content }) => {
          await channel.emit('bytes', take(content))
          return { name, length: content.length }
        },
        twice: (_, number) => number * 2,
        fail: () => {
          throw new Error('secret detail')
        },
      },
      'short:{room}': { join, message: ({ channel }, message) => channel.emit('message', message) },
      'live:{room}': { join, message: ({ channel }, message) => channel.emit('message', message) },
      'bytes:{room}': { join, message: ({ channel }, message) => channel.emit('message', message) },
      'private:{room}': {
        join: ({ input, params }) =>
          input.invitation === `key of ${params.room}` ? allow() : refuse('an invitation is needed'),
      },
      'count:{room}': { join },
    },
    {
      dialects: [socketIo({ defaultTopic: 'room:lobby', spread: ['draw'], ...options.socketIo })],
      authenticate: ({ credentials, connection }) => {
        const given = (credentials ?? {}) as { user?: unknown; banned?: unknown }
        if (given.banned) return refuse('who are you?', { details: { appeal: 'never' } })
        return { id: typeof given.user === 'string' ? given.user : connection }
      },
      onError: (what, error) => void errors.push(`${what}: ${String(error)}`),
      presence: { minIntervalMs: 10 },
      graceMs: 100,
      ...options.server,
    },
  )
  const http = createServer()
  app.attach(http)
  // Not a listener of the server: one would be taken for an application that answers what is not ours.
  let requests = 0
  const count = (message: unknown) => {
    if ((message as { server: unknown }).server === http) requests++
  }
  subscribe('http.server.request.start', count)
  http.listen(0, '127.0.0.1')
  await once(http, 'listening')
  const { port } = http.address() as AddressInfo
  const close = async () => {
    unsubscribe('http.server.request.start', count)
    http.close()
    await app.close({ timeoutMs: 500 })
    http.closeAllConnections()
  }
  return { app, url: `http://localhost:${port}`, port, errors, handled, joins, requests: () => requests, close }
}
