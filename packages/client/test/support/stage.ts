import { channel, contract, type Random, volatile } from '@rollcall/core'
import { type ManualClock, manualClock } from '@rollcall/testkit'
import { z } from 'zod'
import { type Client, type ConnectOptions, connect, type WebSocketLike } from '../../src/index.ts'

export const chat = contract({
  'room:{room}': channel({
    send: { message: z.string().min(1) },
    emit: { message: z.string(), at: z.string().transform(Number), slow: z.string().refine(async () => true) },
    call: { double: { input: z.number(), output: z.number() } },
    presence: z.object({ name: z.string() }),
    history: {},
  }),
  'private:{room}': channel({ join: z.object({ secret: z.string() }), emit: { note: z.string() } }),
  cursors: channel({ emit: { moved: volatile(z.number()) } }),
})
export type Chat = (typeof chat)['channels']

/** The server's end of a socket, played by a test. */
export class FakeSocket implements WebSocketLike {
  binaryType = 'blob'
  onopen: ((event: never) => void) | null = null
  onmessage: ((event: never) => void) | null = null
  onerror: ((event: never) => void) | null = null
  onclose: ((event: never) => void) | null = null
  readonly url: string
  readonly protocols: string[]
  readonly payloads: (string | Uint8Array)[] = []
  /** What the client closed with. */
  closed: { readonly code: number | undefined; readonly reason: string | undefined } | null = null
  #read = 0

  constructor(url: string, protocols: string[]) {
    this.url = url
    this.protocols = protocols
  }

  send(payload: string | Uint8Array): void {
    this.payloads.push(payload)
  }

  close(code?: number, reason?: string): void {
    this.closed ??= { code, reason }
  }

  opens(): void {
    this.onopen?.({} as never)
  }

  says(...frame: unknown[]): void {
    this.onmessage?.({ data: JSON.stringify(frame) } as never)
  }

  saysBytes(bytes: Uint8Array): void {
    this.onmessage?.({ data: bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength) } as never)
  }

  closes(code: number, reason = ''): void {
    this.onclose?.({ code, reason } as never)
  }

  welcomes(more: Record<string, unknown> = {}): void {
    const limits = { pingMs: 25_000, deadMs: 8_000, maxMessageBytes: 65_536 }
    this.says('welcome', { connection: 'c1', user: { id: 'tyr' }, resumed: false, ...limits, ...more })
  }

  /** The frames written since the last time. */
  frames(): unknown[] {
    const frames = this.payloads.slice(this.#read).map((each) => (typeof each === 'string' ? JSON.parse(each) : each))
    this.#read = this.payloads.length
    return frames
  }

  /** The ref of the newest frame of a kind. */
  ref(kind: string): number {
    const frame = this.payloads.map((each) => JSON.parse(each as string)).findLast((each) => each[0] === kind)
    return frame[1]
  }

  answers(kind: string, result: unknown): void {
    this.says('ok', this.ref(kind), result)
  }

  refuses(kind: string, code: string, more: object = {}): void {
    this.says('error', this.ref(kind), { code, message: `No: ${code}`, ...more })
  }
}

/** A client, its clock, and the sockets that it opened. */
export class Stage {
  readonly clock: ManualClock = manualClock({ startMs: 1_000_000 })
  readonly sockets: FakeSocket[] = []
  readonly client: Client<Chat>
  fraction = 0.5

  constructor(options: ConnectOptions = {}, url = 'http://localhost:8210') {
    let tokens = 0
    const random: Random = { fraction: () => this.fraction, token: () => `id${++tokens}` }
    this.client = connect(chat, url, {
      clock: this.clock,
      random,
      webSocket: (at, protocols) => {
        const socket = new FakeSocket(at, protocols)
        this.sockets.push(socket)
        return socket
      },
      ...options,
    })
  }

  get socket(): FakeSocket {
    return this.sockets.at(-1) as FakeSocket
  }

  /** Opens the newest socket and lets the client in. */
  async welcome(more?: Record<string, unknown>): Promise<FakeSocket> {
    await this.clock.settle()
    this.socket.opens()
    this.socket.welcomes(more)
    return this.socket
  }
}

/** A stage with a client that is in `room:lobby`. */
export async function lobby(result: Record<string, unknown> = {}, options: ConnectOptions = {}) {
  const stage = new Stage(options)
  const room = stage.client.join('room:lobby')
  const socket = await stage.welcome()
  socket.answers('join', { recovery: 'fresh', position: ['e', 5], ...result })
  socket.frames()
  return { stage, room, socket, client: stage.client, clock: stage.clock }
}
