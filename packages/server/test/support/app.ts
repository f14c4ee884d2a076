import { channel, contract, volatile } from '@rollcall/core'
import { z } from 'zod'
import { type App, allow, type RollcallOptions, refuse, rollcall } from '../../src/index.ts'
import { steadyClock } from './steady-clock.ts'

/** A contract with one channel of each kind. */
const rooms = contract({
  'room:{room}': channel({
    send: { message: z.string().max(1000) },
    emit: {
      message: z.string(),
      cursor: volatile(z.object({ id: z.string(), x: z.number() }), { key: ({ id }) => id }),
    },
    call: {
      twice: { input: z.number(), output: z.number() },
      broken: { input: z.number(), output: z.number() },
      unencodable: { input: z.null(), output: z.any() },
    },
    presence: z.object({ name: z.string().max(100) }),
  }),
  'log:{room}': channel({
    send: { message: z.string().max(20_000), slowly: z.string() },
    emit: { message: z.string() },
    presence: z.object({ name: z.string() }),
    history: { messages: 1_000 },
  }),
  'short:{room}': channel({ send: { message: z.string() }, emit: { message: z.string() }, history: { messages: 5 } }),
  'private:{room}': channel({ join: z.object({ invite: z.string() }), emit: { message: z.string() } }),
  'count:{room}': channel({ presence: z.object({ name: z.string() }), roster: 'count' }),
})

export type RoomsApp = App<(typeof rooms)['channels']>

/** Things that happened, for tests that ask. */
export interface Happened {
  readonly joins: string[]
  readonly leaves: string[]
  readonly errors: string[]
}

export function roomsApp(options: RollcallOptions = {}): { app: RoomsApp; happened: Happened } {
  const happened: Happened = { joins: [], leaves: [], errors: [] }
  const app = rollcall(
    rooms,
    {
      'room:{room}': {
        join: ({ user, topic }) => {
          happened.joins.push(`${user.id} ${topic}`)
          return allow()
        },
        leave: ({ user, reason }) => void happened.leaves.push(`${user.id} ${reason}`),
        message: ({ channel }, text) => channel.emit('message', text),
        twice: (_, n) => n * 2,
        unencodable: () => ({ big: 1n }),
        broken: () => {
          throw new Error('secret detail')
        },
      },
      'log:{room}': {
        join: ({ user, topic }) => {
          happened.joins.push(`${user.id} ${topic}`)
          return allow({ reply: { at: topic } })
        },
        message: ({ channel }, text) => channel.emit('message', text),
        slowly: async ({ channel }, text) => {
          await Promise.resolve()
          await new Promise((resolve) => setImmediate(resolve))
          return channel.emit('message', text)
        },
      },
      'short:{room}': { join: () => allow(), message: ({ channel }, text) => channel.emit('message', text) },
      'private:{room}': {
        join: ({ input, params }) =>
          input.invite === `key of ${params.room}` ? allow() : refuse('an invitation is needed'),
        leave: ({ user, reason, channel }) => void channel.emit('message', `${user.id} ${reason}`),
      },
      'count:{room}': { join: () => allow() },
    },
    {
      authenticate: ({ credentials, connection }) => {
        const given = credentials as { user?: string; refuse?: boolean; fail?: boolean } | undefined
        if (given?.refuse) return refuse('who are you?')
        if (given?.fail) throw new Error('secret detail')
        return { id: given?.user ?? connection }
      },
      onError: (what) => void happened.errors.push(what),
      graceMs: 50,
      clock: steadyClock,
      ...options,
    },
  )
  return { app, happened }
}
