import { bytes, channel, contract } from '@rollcall/core'
import { type App, allow, refuse, rollcall } from 'rollcall'
import { expect, vi } from 'vitest'
import { z } from 'zod'
import type { Client, Fate, Subject } from './subject.ts'

const file = bytes({ maxBytes: 2_000 })
const text = z.string().max(2_000)
// Anything, but no long text.
const thing = z.unknown().refine((value) => typeof value !== 'string' || value.length <= 2_000)

const rooms = contract({
  'room:{room}': channel({
    send: { message: thing },
    emit: { message: z.unknown() },
    presence: z.object({ name: z.string().max(50) }),
  }),
  'log:{room}': channel({ send: { message: text }, emit: { message: z.unknown() }, history: { messages: 10_000 } }),
  'file:{room}': channel({ send: { message: file }, emit: { message: file } }),
})

/** The limits that the cases run into. */
export const LIMITS = { messageBytes: 4_096, messageDepth: 16, channelsPerConnection: 3, outboxBytes: 65_536 } as const

export const GRACE_MS = 150

// Conditions over sockets, on machines that have much else to do.
const PATIENCE_MS = 15_000
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 })

/** A listening server, and clients of the dialect under test. */
export class World {
  readonly app: App<(typeof rooms)['channels']>
  /** What handlers got, in order. */
  readonly handled: unknown[] = []
  /** Failures that the server would have logged. */
  readonly errors: string[] = []
  readonly #subject: Subject
  readonly #clients: Client[] = []
  #url = ''

  constructor(subject: Subject) {
    this.#subject = subject
    const message = (
      { channel, user }: { channel: { emit(event: 'message', payload: never): unknown }; user: { id: string } },
      payload: unknown,
    ) => {
      this.handled.push([user.id, payload])
      return channel.emit('message', payload as never)
    }
    this.app = rollcall(
      rooms,
      {
        'room:{room}': { join: ({ params }) => (params.room === 'closed' ? refuse('not today') : allow()), message },
        'log:{room}': { join: () => allow(), message },
        'file:{room}': { join: () => allow(), message },
      },
      {
        dialects: subject.dialects,
        limits: { ...LIMITS, messagesPerSecond: 100_000, messageBurst: 100_000 },
        graceMs: GRACE_MS,
        presence: { minIntervalMs: 10 },
        authenticate: ({ credentials }) => {
          const { user } = (credentials ?? {}) as { user?: unknown }
          return user === 'nobody' ? refuse('who are you?') : { id: String(user) }
        },
        onError: (what, error) => void this.errors.push(`${what}: ${String(error)}`),
      },
    )
  }

  async open(): Promise<void> {
    this.#url = (await this.app.listen({ port: 0 })).url
  }

  async close(): Promise<void> {
    for (const client of this.#clients) client.lose()
    await this.app.close({ timeoutMs: 500 })
  }

  /** A connection of the dialect. */
  async connect(user: string): Promise<Client> {
    const client = await this.#subject.connect(this.#url, user)
    this.#clients.push(client)
    return client
  }

  /** A client that has joined. */
  async join(user: string, topic: string, name?: string): Promise<Client> {
    const client = await this.connect(user)
    await client.join(topic, name === undefined ? {} : { name })
    return client
  }

  /** The names that the server itself has. */
  async names(topic: 'room:a'): Promise<string[]> {
    return (await this.app.channel(topic).members()).map(({ meta }) => meta.name).sort()
  }
}

/** Waits until something holds. */
export function until(condition: () => unknown, timeoutMs = PATIENCE_MS): Promise<void> {
  return vi.waitFor(() => expect(condition()).toBeTruthy(), { timeout: timeoutMs, interval: 5 })
}

/** Waits until a value is what is expected. */
export function becomes<T>(read: () => T, expected: NoInfer<T>, timeoutMs = PATIENCE_MS): Promise<void> {
  return vi.waitFor(() => expect(read()).toEqual(expected), { timeout: timeoutMs, interval: 5 })
}

/** Expects that what was tried came to this end. */
export async function meets(fate: Fate, client: Client, tried: Promise<unknown>): Promise<void> {
  if ('refused' in fate) {
    const code = typeof fate.refused === 'string' ? fate.refused : expect.stringMatching(fate.refused)
    await expect(tried).rejects.toMatchObject({ code })
    expect(client.closed).toBeNull()
  } else {
    // Where there is no acknowledgement it was only written.
    tried.catch(() => {})
    await until(() => client.closed !== null)
    expect(client.closed?.code).toBe(fate.closed)
  }
}
