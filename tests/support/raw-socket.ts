import { connect, type Socket } from 'node:net'
import { CLOSE, type ServerFrame, ServerFrames } from './frames.ts'

const DEADLINE_MS = 20_000
const KEY = Buffer.from('the sample nonce').toString('base64')

export interface RawOptions {
  /** Headers beside those of the handshake, or in their place; undefined takes one away. */
  readonly headers?: Readonly<Record<string, string | undefined>>
  /** Whether what arrives is read. Default true. */
  readonly reading?: boolean
  /** Sent in the same segment, right behind the request. */
  readonly behind?: Uint8Array
}

/** The lines of a WebSocket handshake. */
export function upgradeRequest(url: URL, headers: RawOptions['headers'] = {}): string {
  const all: Record<string, string | undefined> = {
    host: url.host,
    connection: 'Upgrade',
    upgrade: 'websocket',
    'sec-websocket-version': '13',
    'sec-websocket-key': KEY,
    ...headers,
  }
  const lines = Object.entries(all).flatMap(([name, value]) => (value === undefined ? [] : `${name}: ${value}`))
  return `GET ${url.pathname}${url.search} HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n`
}

/** A TCP socket on which a test controls every byte. What comes back is kept: first an HTTP answer, then frames. */
export class RawSocket {
  readonly socket: Socket
  readonly frames: ServerFrame[] = []
  /** The answer's head, once it is there. */
  head = ''
  /** What came behind a head that opened no WebSocket. */
  body: Buffer = Buffer.alloc(0)
  /** The peer has ended its half, or the socket is gone. */
  ended = false
  /** The socket was reset. */
  reset = false
  /** What the peer sent that a server must not send. */
  fault: Error | null = null
  #unread: Buffer = Buffer.alloc(0)
  readonly #parser = new ServerFrames()
  #waiting: (() => void)[] = []

  constructor(port: number, reading = true) {
    this.socket = connect({ port, host: '127.0.0.1', noDelay: true, allowHalfOpen: true })
    this.socket.on('error', () => {
      this.reset = true
    })
    if (reading) this.read()
    this.socket.on('end', () => this.#end())
    this.socket.on('close', () => this.#end())
  }

  /** Connects and sends a request for a WebSocket; answers when the answer's head is there. */
  static async ask(url: string, options: RawOptions = {}): Promise<RawSocket> {
    const target = new URL(url.replace(/^ws/, 'http'))
    const raw = new RawSocket(Number(target.port), options.reading ?? true)
    const request = Buffer.from(upgradeRequest(target, options.headers))
    raw.write(options.behind ? Buffer.concat([request, options.behind]) : request)
    await raw.until(() => raw.head !== '' || raw.ended, 'the answer to the handshake')
    return raw
  }

  /** The same; throws unless a WebSocket was opened. */
  static async open(url: string, options: RawOptions = {}): Promise<RawSocket> {
    const raw = await RawSocket.ask(url, { ...options, reading: true })
    if (raw.status !== 101) throw new Error(`no WebSocket: ${raw.head || 'the connection was ended'}`)
    if (options.reading === false) raw.socket.pause()
    return raw
  }

  get status(): number {
    return Number(this.head.split(' ')[1] ?? 0)
  }

  header(name: string): string | undefined {
    return new RegExp(`^${name}: (.*)$`, 'im').exec(this.head)?.[1]?.trim()
  }

  /** The close code that the peer sent: null without one, undefined without a close frame. */
  get closeCode(): number | null | undefined {
    const close = this.frames.find(({ opcode }) => opcode === CLOSE)
    if (!close) return undefined
    return close.payload.length < 2 ? null : close.payload.readUInt16BE(0)
  }

  /** Begins to read. */
  read(): void {
    this.socket.on('data', (chunk) => this.#received(chunk))
  }

  write(bytes: Uint8Array | string): void {
    if (!this.socket.destroyed && this.socket.writable) this.socket.write(bytes)
  }

  /** Ends our half, if it is not ended yet, and waits until the socket is gone. */
  async gone(): Promise<void> {
    this.socket.end()
    await this.until(() => this.socket.destroyed, 'the end of the socket')
  }

  destroy(): void {
    this.socket.destroy()
  }

  /** Waits until something is so, looking whenever anything has arrived. */
  async until(ask: () => unknown, what: string, deadlineMs = DEADLINE_MS): Promise<void> {
    const giveUpAt = performance.now() + deadlineMs
    while (!ask()) {
      const left = giveUpAt - performance.now()
      if (left <= 0) throw new Error(`no sign of ${what} within ${deadlineMs} ms`)
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, Math.min(left, 50))
        this.#waiting.push(() => {
          clearTimeout(timer)
          resolve()
        })
      })
    }
  }

  #received(chunk: Buffer): void {
    if (this.status === 101) this.#parse(chunk)
    else this.#answered(chunk)
    this.#changed()
  }

  #answered(chunk: Buffer): void {
    if (this.head !== '') {
      this.body = Buffer.concat([this.body, chunk])
      return
    }
    this.#unread = Buffer.concat([this.#unread, chunk])
    const end = this.#unread.indexOf('\r\n\r\n')
    if (end < 0) return
    this.head = this.#unread.toString('latin1', 0, end)
    const rest = this.#unread.subarray(end + 4)
    if (this.status === 101) this.#parse(rest)
    else this.body = rest
  }

  #parse(chunk: Buffer): void {
    if (this.fault) return
    try {
      for (const frame of this.#parser.push(chunk)) this.frames.push(frame)
    } catch (error) {
      this.fault = error as Error
    }
  }

  #end(): void {
    this.ended = true
    this.#changed()
  }

  #changed(): void {
    const waiting = this.#waiting
    this.#waiting = []
    for (const wake of waiting) wake()
  }
}
