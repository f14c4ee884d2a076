import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import type { Socket } from 'node:net'
import { bytes, channel, contract } from '@rollcall/core'
import { type PhoenixOptions, phoenix } from '@rollcall/dialects/phoenix'
import { type App, allow, Refuse, type RollcallOptions, refuse, rollcall } from 'rollcall'
import { z } from 'zod'

const text = z.string().max(30_000)
const anything = z.unknown()

/** A contract with a channel of each kind that clients of Phoenix can meet. */
const rooms = contract({
  'room:{room}': channel({
    send: { message: text, echo: anything, crash: anything, refused: anything },
    emit: { message: text, echo: anything },
    call: { double: { input: z.number(), output: z.number() }, ask: { input: anything, output: anything } },
    presence: z.object({ name: z.string().max(100), away: z.boolean().optional() }),
    history: { messages: 1_000 },
  }),
  'bytes:{room}': channel({
    send: { file: bytes({ maxBytes: 30_000 }) },
    emit: { file: bytes({ maxBytes: 30_000 }) },
    call: { reverse: { input: bytes({ maxBytes: 30_000 }), output: bytes({ maxBytes: 30_000 }) } },
  }),
  'private:{room}': channel({ join: z.object({ invitation: z.string() }), emit: { message: text } }),
  'count:{room}': channel({ presence: z.object({ name: z.string() }), roster: 'count' }),
  'broken:{room}': channel({ emit: { message: text } }),
  'slow:{room}': channel({ send: { message: text }, emit: { message: text } }),
  lobby: channel({ send: { message: text }, emit: { message: text } }),
})

export interface Room {
  readonly app: App<(typeof rooms)['channels']>
  readonly url: string
  readonly port: number
  /** What the server would have logged. */
  readonly errors: string[]
  /** What `authenticate` was asked with. */
  readonly credentials: unknown[]
  /** How many HTTP requests have come in. */
  readonly requests: () => number
  /** Lets the joins of `slow:` go on. */
  release(): void
  close(): Promise<void>
}

/** A listening server. */
export async function room(options: PhoenixOptions = {}, server: RollcallOptions = {}): Promise<Room> {
  const errors: string[] = []
  const credentials: unknown[] = []
  let release = () => {}
  const held = new Promise<void>((resolve) => {
    release = resolve
  })
  const say = ({ channel }: { channel: { emit(event: 'message', payload: string): unknown } }, payload: string) =>
    channel.emit('message', payload)
  const app = rollcall(
    rooms,
    {
      'room:{room}': {
        join: ({ params }) =>
          params.room === 'closed' ? refuse('not today', { details: { opens: 'tomorrow' } }) : allow(),
        message: say,
        echo: ({ channel }, payload) => channel.emit('echo', payload),
        crash: () => {
          throw new Error('secret detail')
        },
        refused: () => {
          throw new Refuse('mind your language', { word: 'x' })
        },
        double: (_, n) => n * 2,
        ask: (_, input) => input ?? null,
      },
      'bytes:{room}': {
        join: () => allow(),
        file: ({ channel }, payload) => channel.emit('file', payload),
        reverse: (_, payload) => payload.slice().reverse(),
      },
      'private:{room}': {
        join: ({ input }) =>
          input.invitation === 'please' ? allow({ reply: { welcome: true } }) : refuse('an invitation is needed'),
      },
      'count:{room}': { join: () => allow() },
      'broken:{room}': {
        join: () => {
          throw new Error('secret detail')
        },
      },
      'slow:{room}': { join: () => held.then(() => allow()), message: say },
      lobby: { join: () => allow(), message: say },
    },
    {
      dialects: [phoenix(options)],
      authenticate: ({ credentials: shown, connection }) => {
        credentials.push(shown)
        const { user, name, busy, fail } = shown as Record<string, string | undefined>
        if (user === 'nobody') return refuse('who are you?')
        if (busy) return refuse('later', { retryAfterMs: 3_000 })
        if (fail) throw new Error('secret detail')
        return { id: user ?? connection, ...(name !== undefined && { name }) }
      },
      onError: (what, error) => void errors.push(`${what}: ${String(error)}`),
      graceMs: 100,
      ...server,
    },
  )
  const { url, port } = await app.listen({ port: 0 })
  // Not a listener of the server: one would be taken for an application that answers what is not ours.
  let requests = 0
  const count = (message: unknown) => {
    if ((message as { socket: Socket }).socket.localPort === port) requests++
  }
  subscribe('http.server.request.start', count)
  const close = async () => {
    unsubscribe('http.server.request.start', count)
    await app.close({ timeoutMs: 500 })
  }
  return { app, url, port, errors, credentials, requests: () => requests, release, close }
}
