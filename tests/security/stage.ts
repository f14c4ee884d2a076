import { bytes, channel, contract } from '@rollcall/core'
import { plain } from '@rollcall/dialects/plain'
import { type App, allow, type RollcallOptions, refuse, rollcall } from 'rollcall'
import { afterEach } from 'vitest'
import { z } from 'zod'
import { Native } from '../support/native.ts'
import { type RawOptions, RawSocket } from '../support/raw-socket.ts'

const chat = contract({
  'room:{room}': channel({
    send: { message: z.string(), thing: z.object({ n: z.number() }), file: bytes({ maxBytes: 1_000_000 }) },
    emit: { message: z.string(), thing: z.object({ n: z.number() }) },
    call: { double: { input: z.number(), output: z.number() } },
    presence: z.object({ name: z.string() }),
  }),
  'log:{room}': channel({ send: { message: z.string() }, emit: { message: z.string() }, history: { messages: 1_000 } }),
  'private:{room}': channel({ join: z.object({ key: z.string() }), emit: { note: z.string() }, history: {} }),
  'busy:{room}': channel({
    send: { message: z.string() },
    emit: { message: z.string() },
    rates: { channel: { perSecond: 100, burst: 200, costPerReceiver: true } },
  }),
})

export type Chat = (typeof chat)['channels']

const undo: (() => Promise<unknown> | void)[] = []
afterEach(async () => {
  for (const task of undo.splice(0).reverse()) await task()
})

/** Runs a task when the test is over. */
export const afterwards = (task: () => Promise<unknown> | void): void => void undo.push(task)

export interface Stage {
  readonly app: App<Chat>
  readonly url: string
  readonly port: number
  /** What was reported as unexpected. */
  readonly errors: string[]
  /** Native clients; they go when the test is over. */
  hello(hello?: object): Promise<Native>
  join(topic: string, hello?: object, options?: object): Promise<Native>
  /** Asks for a WebSocket, and takes whatever is answered. */
  ask(path: string, options?: RawOptions): Promise<RawSocket>
}

/** A listening server on a free port. */
export async function stage(options: RollcallOptions = {}): Promise<Stage> {
  const errors: string[] = []
  const app = rollcall(
    chat,
    {
      'room:{room}': {
        join: () => allow(),
        message: ({ channel }, text) => channel.emit('message', text),
        thing: ({ channel }, thing) => channel.emit('thing', thing),
        file: () => {},
        double: (_, n) => n * 2,
      },
      'log:{room}': { join: () => allow(), message: ({ channel }, text) => channel.emit('message', text) },
      'private:{room}': { join: ({ input, params }) => (input.key === params.room ? allow() : refuse('no')) },
      'busy:{room}': { join: () => allow(), message: ({ channel }, text) => channel.emit('message', text) },
    },
    {
      dialects: [plain()],
      graceMs: 50,
      onError: (what, error) => void errors.push(`${what}: ${String(error)}`),
      ...options,
    },
  )
  const { url, port } = await app.listen({ port: 0 })
  afterwards(() => app.close({ timeoutMs: 200 }))
  const keep = (native: Native): Native => {
    afterwards(() => native.raw.destroy())
    return native
  }
  return {
    app,
    url,
    port,
    errors,
    hello: async (hello) => keep(await Native.hello(url, hello)),
    join: async (topic, hello, given) => keep(await Native.join(url, topic, hello, given)),
    async ask(path, given) {
      const raw = await RawSocket.ask(`${url}${path}`, given)
      afterwards(() => raw.destroy())
      return raw
    },
  }
}

/** One turn of the event loop. */
export const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))
