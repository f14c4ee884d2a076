import { type PlainOptions, plain } from '@rollcall/dialects/plain'
import { WebSocket } from 'ws'
import type { Client, Subject } from '../contract/subject.ts'

/** A plain WebSocket: one connection is one membership. */
export function plainSubject(options: PlainOptions = {}): Subject {
  const json = options.format === 'json'
  return {
    dialects: [plain(options)],
    lacks: ['acknowledgement', 'presence', 'update', 'channels', 'return', ...(json ? [] : (['depth'] as const))],
    fates: {
      unauthorized: { closed: 4402 },
      joinRefused: { closed: 4403 },
      unknownTopic: { closed: 4407 },
      invalid: { closed: 4408 },
      tooBig: { closed: 1009 },
      tooDeep: { closed: 4404 },
      tooManyChannels: { closed: undefined },
      kicked: { closed: 4403 },
      disconnected: { closed: 4403 },
      tooSlow: { closed: 4001 },
      goingAway: { closed: 4100 },
    },
    connect: async (url, user) => new PlainClient(url, user, json),
  }
}

class PlainClient implements Client {
  closed: { code: number; reason: string } | null = null
  readonly #url: string
  readonly #user: string
  readonly #json: boolean
  readonly #messages: unknown[] = []
  #socket: WebSocket | null = null

  constructor(url: string, user: string, json: boolean) {
    this.#url = url.replace('http', 'ws')
    this.#user = user
    this.#json = json
  }

  async join(topic: string, { name }: { readonly name?: string } = {}): Promise<void> {
    const query = new URLSearchParams({ user: this.#user, ...(name !== undefined && { name }) })
    const socket = new WebSocket(`${this.#url}/plain/${encodeURIComponent(topic)}?${query}`)
    this.#socket = socket
    socket.on('message', (bytes: Buffer, isBinary) => {
      this.#messages.push(isBinary ? bytes : this.#json ? JSON.parse(bytes.toString()) : bytes.toString())
    })
    socket.on('close', (code, reason) => {
      this.closed = { code, reason: reason.toString() }
    })
    socket.on('error', () => {})
    await new Promise<void>((resolve, reject) => {
      socket.on('open', resolve)
      socket.on('close', () => reject(new Error('closed')))
    })
    // Nothing says that it has joined: a ping is answered behind what was asked before.
    await this.#roundTrip(socket)
  }

  // The server answers pings at once, and a join in the same turn unless the application takes its time.
  async #roundTrip(socket: WebSocket): Promise<void> {
    for (let i = 0; i < 2; i++) {
      await new Promise<void>((resolve) => {
        socket.once('pong', () => resolve())
        socket.once('close', () => resolve())
        if (socket.readyState === WebSocket.OPEN) socket.ping()
        else resolve()
      })
    }
  }

  leave(): Promise<void> {
    return this.close()
  }

  async send(_topic: string, payload: unknown): Promise<void> {
    this.#socket?.send(payload instanceof Uint8Array ? payload : this.#json ? JSON.stringify(payload) : String(payload))
  }

  messages(): readonly unknown[] {
    return this.#messages
  }

  members(): readonly string[] {
    return []
  }

  ended(): string | null {
    return this.closed?.reason ?? null
  }

  raw(payload: string | Uint8Array): void {
    this.#socket?.send(payload)
  }

  pause(): void {
    this.#socket?.pause()
  }

  resume(): void {
    this.#socket?.resume()
  }

  close(): Promise<void> {
    return new Promise((resolve) => {
      if (this.closed || !this.#socket) return resolve()
      this.#socket.once('close', () => resolve())
      this.#socket.close(1000)
    })
  }

  lose(): void {
    this.#socket?.terminate()
  }
}
