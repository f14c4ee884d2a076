import { connect, type Socket } from 'node:net'
import { deflateRawSync } from 'node:zlib'
import type { SeededRandom } from '@rollcall/testkit'
import { close, frame, ping, pong } from '../support/frames.ts'
import type { Language } from '../support/languages.ts'
import { upgradeRequest } from '../support/raw-socket.ts'
import { headerValue, message } from './inputs.ts'

const VALUES: Readonly<Record<string, readonly string[]>> = {
  'sec-websocket-key': ['dGhlIHNhbXBsZSBub25jZQ==', 'c2hvcnQ=', ''],
  'sec-websocket-version': ['13', '8', '777', '13, 13'],
  'sec-websocket-extensions': [
    'permessage-deflate',
    'permessage-deflate; client_max_window_bits',
    'permessage-deflate; server_max_window_bits=9',
    'constructor; __proto__="x',
  ],
  'sec-websocket-protocol': [
    'rollcall.v1',
    'rollcall.v9',
    '__proto__, rollcall.v1',
    'phoenix, base64url.bearer.phx.dG9rZW4',
  ],
  origin: ['https://evil.example', 'null', 'http://localhost'],
  connection: ['Upgrade', 'keep-alive, Upgrade', 'close'],
  upgrade: ['websocket', 'h2c', 'WebSocket', ''],
  host: ['localhost', '', 'a:b:c'],
  'content-length': ['0', '5', '-1', '99999999999999999999'],
  cookie: ['session=x', '=;=;='],
}

/** How many inputs a connection gave, and how it was begun. */
export interface Given {
  readonly inputs: number
  readonly opened: boolean
}

/**
 * One connection: a handshake, now and then a broken one, then frames, most of them of messages that the language knows and
 * some broken at every level, cut at random, and an end of some kind. Resolves when the socket is gone.
 */
export async function connection(
  port: number,
  random: SeededRandom,
  { path, protocol, samples }: Language,
): Promise<Given> {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true, allowHalfOpen: random.chance(0.3) })
  const gone = new Promise<void>((resolve) => socket.once('close', () => resolve()))
  let opened = false
  socket.on('error', () => {})
  const answered = new Promise<void>((resolve) => {
    socket.once('data', (chunk) => {
      opened = chunk.toString('latin1', 0, 12) === 'HTTP/1.1 101'
      resolve()
    })
    socket.once('close', () => resolve())
    // A body that is announced and does not come.
    setTimeout(resolve, 200).unref()
  })
  await new Promise<void>((resolve) => socket.once('connect', resolve).once('close', () => resolve()))
  let inputs = 1
  await write(socket, random, Buffer.from(handshake(port, random, path, protocol)))
  // Most wait for the answer, some send at once what they have.
  if (random.chance(0.8)) await answered
  if (random.chance(0.1)) socket.pause()
  const compressed = random.chance(0.3)
  for (let left = random.int(0, 40); left > 0 && !socket.destroyed; left--) {
    inputs++
    await write(socket, random, wireInput(random, samples, compressed))
  }
  await end(socket, random)
  await gone
  return { inputs, opened }
}

function handshake(port: number, random: SeededRandom, path: string, protocol: string | undefined): string {
  const headers: Record<string, string | undefined> = {
    ...(protocol && { 'sec-websocket-protocol': protocol }),
    ...(random.chance(0.5) && { 'sec-websocket-extensions': 'permessage-deflate; client_max_window_bits' }),
  }
  let target = path
  if (random.chance(0.25))
    for (let i = random.int(1, 3); i > 0; i--) {
      const name = random.pick(Object.keys(VALUES))
      headers[name] = random.chance(0.2) ? undefined : headerValue(random, VALUES[name] ?? [''])
    }
  if (random.chance(0.1))
    target = `/${headerValue(random, [path, 'plain/', 'socket/websocket?vsn=9']).replace(/[\s#?]/g, '')}`
  const request = upgradeRequest(new URL(`http://127.0.0.1:${port}/`), headers)
  return request.replace('GET / ', () => `GET ${target} `)
}

/** A frame, or bytes that are none. */
function wireInput(random: SeededRandom, samples: readonly string[], compressed: boolean): Buffer {
  const kind = random.int(0, 24)
  if (kind === 0) return Buffer.from(Array.from({ length: random.int(1, 40) }, () => random.int(0, 255)))
  if (kind === 1) return ping('x'.repeat(random.int(0, 130)))
  if (kind === 2) return pong('x'.repeat(random.int(0, 130)))
  if (kind === 3) return close(random.pick([undefined, 1000, 1001, 1005, 1015, 3000, 4000, 5000]), 'bye')
  const payload = message(random, samples)
  const body = typeof payload === 'string' ? Buffer.from(payload) : payload
  const opcode = typeof payload === 'string' ? 1 : 2
  if (kind === 4) return frame(random.int(0, 15), body, { rsv: random.int(0, 7), fin: random.chance(0.5) })
  if (kind === 5) return frame(opcode, body, { mask: null })
  if (kind === 6)
    return frame(opcode, body, { length: BigInt(random.pick([body.length + 1, 65_536, 2 ** 40])), lengthForm: 64 })
  if (kind === 7) return frame(opcode, body, { lengthForm: random.pick([16, 64]) })
  if (kind === 8) return Buffer.concat([frame(opcode, body.subarray(0, 3), { fin: false }), frame(0, body.subarray(3))])
  if (kind === 9) return frame(opcode, body, { mask: Uint8Array.from({ length: 4 }, () => random.int(0, 255)) })
  if (!compressed) return frame(opcode, body)
  const deflated = deflateRawSync(body, { finishFlush: 2 }).subarray(0, -4)
  if (random.chance(0.1)) deflated[random.int(0, deflated.length - 1)]! ^= 1 << random.int(0, 7)
  return frame(opcode, deflated, { rsv: 4 })
}

async function write(socket: Socket, random: SeededRandom, bytes: Buffer): Promise<void> {
  if (socket.destroyed || !socket.writable) return
  if (random.chance(0.8)) {
    socket.write(bytes)
    return
  }
  const at = random.int(0, bytes.length)
  socket.write(bytes.subarray(0, at))
  await new Promise((resolve) => setImmediate(resolve))
  if (!socket.destroyed && socket.writable) socket.write(bytes.subarray(at))
}

async function end(socket: Socket, random: SeededRandom): Promise<void> {
  const how = random.int(0, 3)
  if (how === 0) socket.resetAndDestroy()
  else if (how === 1) socket.end()
  else if (how === 2) socket.end(close(1000))
  // It has a few turns to be answered.
  for (let i = random.int(0, 20); i > 0 && !socket.destroyed; i--) await new Promise((resolve) => setImmediate(resolve))
  socket.destroy()
}
