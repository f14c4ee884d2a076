import { connect, type Socket } from 'node:net'
import { WebSocket } from 'ws'
import { until } from '../../support/until.ts'

/** A WebSocket that keeps what it gets, texts and bytes as they are. */
export class RawSocket {
  readonly got: (string | Buffer)[] = []
  readonly headers: Promise<Record<string, string | string[] | undefined>>
  closed: { readonly code: number; readonly reason: string } | null = null
  readonly #socket: WebSocket

  constructor(target: string, options: object = {}) {
    this.#socket = new WebSocket(target.replace('http', 'ws'), options)
    this.#socket.on('message', (bytes: Buffer, isBinary) => this.got.push(isBinary ? bytes : bytes.toString()))
    this.#socket.on('close', (code, reason) => {
      this.closed = { code, reason: reason.toString() }
    })
    this.#socket.on('error', () => {})
    this.headers = new Promise((resolve) => this.#socket.on('upgrade', ({ headers }) => resolve(headers)))
  }

  send(...frames: (string | Uint8Array)[]): void {
    for (const frame of frames) this.#socket.send(frame)
  }

  close(): void {
    this.#socket.close()
  }

  cut(): void {
    this.#socket.terminate()
  }

  pause(): void {
    this.#socket.pause()
  }

  /** Answers pings from now on, at once. */
  live(): this {
    this.#socket.on('message', (bytes: Buffer, isBinary) => {
      if (!isBinary && bytes.toString() === '2') this.#socket.send('3')
    })
    return this
  }

  /** The first text that fits, from `from` on. */
  async text(what: string | RegExp, from = 0): Promise<string> {
    const fits = (frame: string | Buffer) =>
      typeof frame === 'string' && (typeof what === 'string' ? frame.startsWith(what) : what.test(frame))
    return String(await until(() => this.got.slice(from).find(fits), { what: `${what}` }))
  }

  async end(): Promise<number> {
    return (await until(() => this.closed, { what: 'the close' })).code
  }
}

/** A client of Engine.IO 4 over a WebSocket, opened. */
export async function openSocket(
  url: string,
  query = 'EIO=4&transport=websocket',
  options: object = {},
): Promise<RawSocket> {
  const socket = new RawSocket(`${url}/socket.io/?${query}`, options)
  await socket.text('0{')
  return socket
}

/** The same in a namespace. */
export async function joinSocket(url: string, nsp = '/', auth: object = {}): Promise<RawSocket> {
  const socket = await openSocket(url)
  const prefix = nsp === '/' ? '' : `${nsp},`
  socket.send(`40${prefix}${JSON.stringify(auth)}`)
  await socket.text(`40${prefix}{`)
  return socket
}

/** A client of Engine.IO over polling, by single requests. */
export class RawPolling {
  readonly sid: string
  readonly #target: string

  constructor(target: string, sid: string) {
    this.#target = `${target}&sid=${sid}`
    this.sid = sid
  }

  static async open(url: string, query = 'EIO=4&transport=polling'): Promise<RawPolling> {
    const target = `${url}/socket.io/?${query}`
    const [, json = ''] = /(\{.*?\})/.exec(await (await fetch(target)).text()) ?? []
    return new RawPolling(target, (JSON.parse(json) as { sid: string }).sid)
  }

  get(options: RequestInit = {}): Promise<Response> {
    return fetch(this.#target, options)
  }

  async poll(): Promise<string> {
    return (await this.get()).text()
  }

  /** Polls until something has come that fits; answers all that has come. */
  async until(what: RegExp): Promise<string> {
    let got = await this.poll()
    while (!what.test(got)) got += `\x1e${await this.poll()}`
    return got
  }

  post(body: string | Uint8Array, headers: Record<string, string> = {}): Promise<Response> {
    return fetch(this.#target, { method: 'POST', body: body as BodyInit, headers })
  }

  async say(body: string): Promise<void> {
    const text = await (await this.post(body)).text()
    if (text !== 'ok') throw new Error(`answered ${text}`)
  }
}

/** Bytes over TCP, and the bytes that come back. */
export class RawTcp {
  readonly socket: Socket
  got = ''
  ended = false

  constructor(port: number) {
    this.socket = connect(port, '127.0.0.1')
    this.socket.on('data', (bytes) => {
      this.got += bytes.toString('latin1')
    })
    this.socket.on('close', () => {
      this.ended = true
    })
    this.socket.on('error', () => {})
  }

  send(bytes: string | Uint8Array): this {
    this.socket.write(bytes)
    return this
  }

  async answer(): Promise<string> {
    await until(() => this.got.includes('\r\n\r\n'), { what: 'an answer' })
    return this.got
  }

  /** The other side closed. */
  async end(): Promise<string> {
    await until(() => this.ended, { what: 'the end' })
    return this.got
  }
}

const UPGRADE = [
  'Host: localhost',
  'Connection: Upgrade',
  'Upgrade: websocket',
  'Sec-WebSocket-Version: 13',
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
].join('\r\n')

/** A request for a WebSocket, as bytes. */
export const upgradeRequest = (target: string): string => `GET ${target} HTTP/1.1\r\n${UPGRADE}\r\n\r\n`
