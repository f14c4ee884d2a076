import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { WebSocket } from 'ws'
import { until } from '../../support/until.ts'

/** Opens a WebSocket of protocol 2, or of the query given. */
export async function open(port: number, query = 'vsn=2.0.0', protocols: readonly string[] = []): Promise<Raw> {
  const raw = new Raw(new WebSocket(`ws://localhost:${port}/socket/websocket?${query}`, [...protocols]))
  await once(raw.socket, 'open')
  return raw
}

/** A client without any library: frames as they are. */
export class Raw {
  readonly socket: WebSocket
  /** Frames that nobody has taken yet: texts as JSON has them, bytes as hexadecimal digits. */
  readonly frames: unknown[] = []
  closed: number | null = null

  constructor(socket: WebSocket) {
    this.socket = socket
    socket.on('message', (bytes: Buffer, isBinary) =>
      this.frames.push(isBinary ? bytes.toString('hex') : JSON.parse(bytes.toString())),
    )
    socket.on('close', (code) => {
      this.closed = code
    })
    socket.on('error', () => {})
  }

  /** Sends texts as they are, bytes as they are, and all else as JSON. */
  send(...frames: readonly unknown[]): void {
    for (const frame of frames)
      this.socket.send(typeof frame === 'string' || frame instanceof Uint8Array ? frame : JSON.stringify(frame))
  }

  /** The next frames, in order. */
  async take(count = 1): Promise<unknown[]> {
    await until(() => this.frames.length >= count, { what: `${count} frames, of ${JSON.stringify(this.frames)}` })
    return this.frames.splice(0, count)
  }

  /** Sends, and takes as many frames as are expected. */
  async ask(frame: unknown, count = 1): Promise<unknown[]> {
    this.send(frame)
    return this.take(count)
  }

  /** Everything that came until the server has answered a heartbeat, which it is sent when `atLeast` frames are here. */
  async settle(atLeast = 0): Promise<unknown[]> {
    await until(() => this.frames.length >= atLeast, { what: `${atLeast} frames, of ${JSON.stringify(this.frames)}` })
    this.send(V1.test(this.socket.url) ? HEARTBEAT_V1 : HEARTBEAT)
    await until(() => this.frames.some((frame) => JSON.stringify(frame).includes('"settle"')))
    return this.frames.splice(0).filter((frame) => !JSON.stringify(frame).includes('"settle"'))
  }

  /** Joins, and forgets what it was told. */
  async join(topic: string, joinRef: string, payload: unknown = {}): Promise<unknown> {
    this.send([joinRef, joinRef, topic, 'phx_join', payload])
    const answers = (frame: unknown) => Array.isArray(frame) && frame[1] === joinRef && frame[3] === 'phx_reply'
    // A heartbeat does not wait for the decision.
    await until(() => this.frames.some(answers), { what: `the join of ${topic}` })
    return (await this.settle()).find(answers)
  }

  async end(): Promise<number> {
    await until(() => this.closed !== null, { what: 'a close' })
    return this.closed ?? 0
  }

  lose(): void {
    this.socket.terminate()
  }
}

const V1 = /vsn=1|websocket\?$/
const HEARTBEAT = [null, 'settle', 'phoenix', 'heartbeat', {}]
const HEARTBEAT_V1 = { topic: 'phoenix', event: 'heartbeat', payload: {}, ref: 'settle' }

export const hex = (digits: string): Uint8Array => new Uint8Array(Buffer.from(digits.replaceAll(' ', ''), 'hex'))

/** An upgrade by hand; answers what came until the server ended, or `enough` says so. */
export async function request(
  port: number,
  head: string,
  enough: (answer: string) => boolean = () => false,
): Promise<string> {
  const socket = connect(port, 'localhost')
  socket.on('error', () => {})
  socket.write(head.replaceAll('\n', '\r\n'))
  let answer = ''
  socket.on('data', (chunk: Buffer) => {
    answer += chunk.toString('latin1')
  })
  const ended = once(socket, 'close').then(() => true)
  await until(async () => enough(answer) || (await Promise.race([ended, tick()])), { what: 'an HTTP answer' })
  socket.destroy()
  return answer
}

function tick(): Promise<false> {
  return new Promise((resolve) => setImmediate(() => resolve(false)))
}

/** The head of an upgrade, with headers of one's own. */
export function upgrade(target: string, headers: Readonly<Record<string, string>> = {}, method = 'GET'): string {
  const all = {
    Host: 'localhost',
    Connection: 'Upgrade',
    Upgrade: 'websocket',
    'Sec-WebSocket-Version': '13',
    'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25jZQ==',
    ...headers,
  }
  return `${method} ${target} HTTP/1.1\n${Object.entries(all)
    .map(([name, value]) => `${name}: ${value}\n`)
    .join('')}\n`
}

/** A connected socket that says nothing by itself. */
export async function dial(port: number): Promise<Socket> {
  const socket = connect(port, 'localhost')
  socket.on('error', () => {})
  await once(socket, 'connect')
  return socket
}
