import { bytes, channel, contract, volatile } from '@rollcall/core'
import { afterEach } from 'vitest'
import { WebSocket } from 'ws'
import { z } from 'zod'
import { type ApiOptions, type App, allow, type RollcallOptions, rollcall } from '../../src/index.ts'

export const TOKEN = 'a-token_of.the~backend+1='
export const READ_TOKEN = 'of-the-dashboard'

const rooms = contract({
  'room:{room}': channel({
    send: { message: z.string() },
    emit: { message: z.string().min(1).max(50), cursor: volatile(z.number()) },
    presence: z.object({ name: z.string() }),
  }),
  'log:{room}': channel({
    emit: { message: z.string(), thing: z.unknown(), file: bytes({ maxBytes: 100 }) },
    history: { messages: 200 },
  }),
})

const running = new Set<() => Promise<unknown>>()

afterEach(async () => {
  const closing = [...running].map((close) => close())
  running.clear()
  await Promise.all(closing)
})

/** Runs a task when the test is over. */
export function afterwards(task: () => Promise<unknown>): void {
  running.add(task)
}

export interface Served {
  readonly app: App<(typeof rooms)['channels']>
  readonly url: string
  readonly errors: string[]
  /** Asks the API, with the token unless told otherwise. */
  ask(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<Answer>
  /** A native client that has joined. */
  join(topic: string, user: string, presence?: object): Promise<Native>
}

export interface Answer {
  readonly status: number
  readonly headers: Headers
  readonly text: string
  // biome-ignore lint/suspicious/noExplicitAny: what a test expects of it, it says
  readonly json: any
}

/** A listening server with the API on. */
export async function serve(
  api: ApiOptions | false | undefined = { token: TOKEN, readToken: READ_TOKEN },
  options: Omit<RollcallOptions, 'api'> = {},
): Promise<Served> {
  const errors: string[] = []
  const app = rollcall(
    rooms,
    {
      'room:{room}': { join: () => allow(), message: ({ channel }, text) => channel.emit('message', text) },
      'log:{room}': { join: () => allow() },
    },
    {
      ...(api !== undefined && { api }),
      authenticate: ({ credentials }) => ({ id: String(credentials) }),
      onError: (what, error) => void errors.push(`${what}: ${String(error)}`),
      ...options,
    },
  )
  const { url } = await app.listen({ port: 0 })
  running.add(() => app.close({ timeoutMs: 200 }))
  return {
    app,
    url,
    errors,
    ask: (method, path, body, headers = { authorization: `Bearer ${TOKEN}` }) =>
      ask(`${url}/api/v1${path}`, method, body, headers),
    join: (topic, user, presence) => Native.join(url, topic, user, presence),
  }
}

export async function ask(
  url: string,
  method: string,
  body: unknown,
  headers: Record<string, string>,
): Promise<Answer> {
  const raw = typeof body === 'string' || body instanceof Uint8Array
  const json: Record<string, string> = body === undefined || raw ? {} : { 'content-type': 'application/json' }
  const response = await fetch(url, {
    method,
    headers: { ...json, ...headers },
    ...(body !== undefined && { body: raw ? (body as string) : JSON.stringify(body) }),
  })
  const text = await response.text()
  const isJson = /json/.test(response.headers.get('content-type') ?? '')
  return { status: response.status, headers: response.headers, text, json: isJson ? JSON.parse(text) : undefined }
}

/** A native client by hand. */
class Native {
  readonly socket: WebSocket
  readonly frames: (readonly unknown[])[] = []
  closed: { readonly code: number; readonly reason: string } | null = null

  constructor(socket: WebSocket) {
    this.socket = socket
    socket.on('message', (payload, isBinary) =>
      this.frames.push(isBinary ? ['bytes', payload] : JSON.parse(`${payload}`)),
    )
    socket.on('close', (code, reason) => {
      this.closed = { code, reason: reason.toString() }
    })
  }

  static async join(url: string, topic: string, user: string, presence?: object): Promise<Native> {
    const socket = new WebSocket(`${url.replace('http', 'ws')}/rollcall`, ['rollcall.v1'])
    const native = new Native(socket)
    await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject))
    socket.send(JSON.stringify(['hello', { credentials: user }]))
    socket.send(JSON.stringify(['join', 1, topic, { presence }]))
    running.add(async () => socket.terminate())
    await native.until(() => native.of('ok').length + native.of('error').length > 0)
    return native
  }

  of(kind: string): (readonly unknown[])[] {
    return this.frames.filter(([name]) => name === kind)
  }

  async until(condition: () => boolean): Promise<void> {
    const end = performance.now() + 20_000
    while (!condition()) {
      if (performance.now() > end) throw new Error(`not in time; got ${JSON.stringify(this.frames)}`)
      await new Promise((resolve) => setImmediate(resolve))
    }
  }
}
