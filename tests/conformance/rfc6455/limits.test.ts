import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import type { Socket } from 'node:net'
import { DEFAULT_LIMITS, type Limits } from 'rollcall'
import { afterEach, describe, expect, test } from 'vitest'
import { BINARY, close, fragmented, frame, more, ping, pong, TEXT, text } from '../../support/frames.ts'
import { RawSocket } from '../../support/raw-socket.ts'
import { type EchoServer, echoServer } from './echo.ts'

// Where the server is stricter than RFC 6455: each limit as it is by default, at the limit and one above.

const servers: EchoServer[] = []
const sockets: RawSocket[] = []
afterEach(async () => {
  for (const raw of sockets.splice(0)) raw.destroy()
  for (const server of servers.splice(0)) await server.close()
})

async function open(server: EchoServer) {
  const raw = await RawSocket.open(server.address())
  sockets.push(raw)
  return raw
}

async function connect(limits: Partial<Limits> = {}) {
  // Nobody here answers a close.
  const server = await echoServer({ closeMs: 200, ...limits })
  servers.push(server)
  const raw = await open(server)
  raw.write(text('ready?'))
  await raw.until(() => raw.frames.length === 1, 'the first echo')
  raw.frames.length = 0
  return { server, raw }
}

/** What came before the end, and the code it ended with. */
async function ended(raw: RawSocket) {
  await raw.until(() => raw.ended, 'the end')
  return { code: raw.closeCode, echoes: raw.frames.length - (raw.closeCode === undefined ? 0 : 1) }
}

const turn = () => new Promise((resolve) => setImmediate(resolve))

describe('a message', () => {
  const { messageBytes } = DEFAULT_LIMITS

  test.each([
    ['of text', TEXT],
    ['of bytes', BINARY],
  ])('%s may have 65,536 bytes, and one more is 1009', async (_, opcode) => {
    const { raw, server } = await connect()
    raw.write(frame(opcode, Buffer.alloc(messageBytes, 0x2a)))
    await raw.until(() => raw.frames.length === 1, 'the echo')
    expect(raw.frames[0]?.payload.length).toBe(messageBytes)
    raw.write(frame(opcode, Buffer.alloc(messageBytes + 1, 0x2a)))
    expect(await ended(raw)).toEqual({ code: 1009, echoes: 1 })
    expect(server.app.stats().closes).toEqual({ 1009: 1 })
  })

  test('is as large as its fragments together, and is refused before the last of them', async () => {
    const { raw } = await connect()
    raw.write(Buffer.concat(fragmented(BINARY, Buffer.alloc(messageBytes), 8_192)))
    await raw.until(() => raw.frames.length === 1, 'the echo')
    raw.write(Buffer.concat(fragmented(BINARY, Buffer.alloc(messageBytes), 8_192).slice(0, -1)))
    raw.write(more('x', { fin: false }))
    raw.write(more(Buffer.alloc(8_192), { fin: false }))
    expect(await ended(raw)).toEqual({ code: 1009, echoes: 1 })
  })

  test.each([
    ['one byte above the limit', 65_537n],
    ['2^53 - 1', 2n ** 53n - 1n],
    ['2^53', 2n ** 53n],
    ['2^63 - 1', 2n ** 63n - 1n],
    ['2^63 + 1', 2n ** 63n + 1n],
    ['2^64 - 1', 2n ** 64n - 1n],
  ])('that claims %s bytes is refused by its head alone', async (_, length) => {
    const { raw } = await connect()
    const before = process.memoryUsage().arrayBuffers
    raw.write(frame(BINARY, '', { length, lengthForm: 64 }))
    expect(await ended(raw)).toEqual({ code: 1009, echoes: 0 })
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(1_048_576)
  })

  test('may have 1,024 fragments, empty ones too, and one more is 1008', async () => {
    const { raw, server } = await connect()
    const flood = (count: number) =>
      Buffer.concat([text('', { fin: false }), ...Array.from({ length: count - 2 }, () => more('', { fin: false }))])
    raw.write(Buffer.concat([flood(1_024), more('end')]))
    await raw.until(() => raw.frames.length === 1, 'the echo')
    expect(`${raw.frames[0]?.payload}`).toBe('end')
    raw.write(Buffer.concat([flood(1_025), more('end')]))
    expect(await ended(raw)).toEqual({ code: 1008, echoes: 1 })
    expect(server.app.stats().closes).toEqual({ 1008: 1 })
  })

  test('must be complete in time, however much of it trickles in', async () => {
    const { raw } = await connect({ messageMs: 1_000 })
    raw.write(text('a', { fin: false }))
    const trickle = setInterval(() => raw.write(more('a', { fin: false })), 200)
    try {
      await raw.until(() => raw.ended, 'the end')
    } finally {
      clearInterval(trickle)
    }
    expect(await ended(raw)).toEqual({ code: 1008, echoes: 0 })
  })

  test('must be complete in time also if it is one frame, and pings between fragments do not help', async () => {
    const { raw: slow, server } = await connect({ messageMs: 3_000 })
    slow.write(frame(TEXT, 'a text').subarray(0, -1))
    const pinging = await open(server)
    pinging.write(text('a', { fin: false }))
    const pings = setInterval(() => pinging.write(ping()), 200)
    // One that is always in the middle of a message, but never of the same.
    const busy = await open(server)
    const [head, tail] = [text('a', { fin: false }), more('b')]
    busy.write(head)
    const messages = setInterval(() => busy.write(Buffer.concat([tail, head])), 100)
    try {
      await slow.until(() => slow.ended, 'the end of one')
      await pinging.until(() => pinging.ended, 'the end of the other')
    } finally {
      clearInterval(pings)
      clearInterval(messages)
    }
    expect([slow.closeCode, pinging.closeCode]).toEqual([1008, 1008])
    expect(busy.ended).toBe(false)
  })
})

describe('a frame', () => {
  test('may come in 4,096 pieces, and one more is 1008', async () => {
    const trickle = async (pieces: number) => {
      let end: Socket | undefined
      const found = (message: unknown) => {
        end = (message as { socket: Socket }).socket
      }
      subscribe('net.server.socket', found)
      const { raw } = await connect()
      unsubscribe('net.server.socket', found)
      const before = end?.bytesRead ?? Number.NaN
      const bytes = frame(BINARY, Buffer.alloc(8_000))
      for (let at = 0; at < pieces - 1; at++) {
        raw.write(bytes.subarray(at, at + 1))
        // Read before the next one comes: two might be one.
        while (!raw.ended && (end?.bytesRead ?? 0) <= before + at) await turn()
      }
      raw.write(bytes.subarray(pieces - 1))
      await raw.until(() => raw.frames.length === 1 || raw.ended, 'the echo, or the end')
      const outcome = raw.closeCode ?? raw.frames[0]?.payload.length
      return outcome
    }
    // The six bytes of the head, four of the length and four of the mask are not kept.
    expect(await trickle(4_096)).toBe(8_000)
    expect(await trickle(4_096 + 32)).toBe(1008)
  })

  test('may say its length in more bytes than it needs', async () => {
    const { raw } = await connect()
    raw.write(frame(TEXT, 'five!', { lengthForm: 16 }))
    raw.write(frame(TEXT, 'x'.repeat(200), { lengthForm: 64 }))
    await raw.until(() => raw.frames.length === 2, 'the echoes')
    expect(raw.frames.map(({ payload }) => payload.length)).toEqual([5, 200])
  })

  test('without a mask fails the connection', async () => {
    const { raw } = await connect()
    raw.write(frame(TEXT, 'not masked', { mask: null }))
    expect(await ended(raw)).toEqual({ code: 1002, echoes: 0 })
  })
})

describe('pings and pongs', () => {
  test.each([
    ['pings', ping, 40],
    ['pongs', pong, 0],
  ])('40 %s may come at once, and one more is 1008', async (_, make, answers) => {
    const { raw, server } = await connect({ controlFramesPerSecond: 0.001 })
    raw.write(Buffer.concat([...Array.from({ length: 40 }, (_, i) => make(`${i}`)), text('still there?')]))
    await raw.until(() => raw.frames.length === answers + 1, 'the answers')
    raw.write(make('one too many'))
    await raw.until(() => raw.ended, 'the end')
    expect(raw.closeCode).toBe(1008)
    expect(server.app.stats().closes).toEqual({ 1008: 1 })
  })

  test('20 a second are fine', async () => {
    const { raw } = await connect()
    let count = 0
    const pings = setInterval(() => raw.write(ping(`${count++}`)), 50)
    await raw.until(() => raw.frames.length >= 60, 'sixty answers', 20_000)
    clearInterval(pings)
    expect(raw.ended).toBe(false)
  })

  test('a peer that reads no answer is cut after 60 of them', async () => {
    const { raw, server } = await connect({ controlFramesPerSecond: 1e9, controlFrameBurst: 1e9 })
    raw.socket.pause()
    const flood = Buffer.concat(Array.from({ length: 1_000 }, () => ping(Buffer.alloc(125))))
    await raw.until(
      () => {
        for (let i = 0; i < 100; i++) raw.write(flood)
        return raw.reset || [...server.app.connections()].length === 0
      },
      'the end',
      20_000,
    )
  })
})

describe('a close', () => {
  test('of ours that is not answered ends in time all the same', async () => {
    const { raw, server } = await connect({ closeMs: 300 })
    const [connection] = server.app.connections()
    await server.app.disconnect({ connection: connection?.id ?? '' }, 'x'.repeat(300))
    await raw.until(() => raw.closeCode === 4403, 'the close')
    expect(raw.frames.at(-1)?.payload.length).toBe(125)
    await raw.until(() => raw.ended, 'the end')
  })

  test.each([1000, undefined])('of the peer, %s, is answered although it ends its half at once', async (code) => {
    const { raw } = await connect()
    raw.write(close(code))
    raw.socket.end()
    await raw.until(() => raw.ended, 'the end')
    expect(raw.closeCode).toBe(code ?? null)
  })

  test('is no close without its frame: the application sees a connection that was lost', async () => {
    const { raw, server } = await connect()
    const reasons: unknown[] = []
    server.app.observe((event) => event.kind === 'disconnected' && reasons.push((event as { reason?: string }).reason))
    raw.socket.end()
    await raw.until(() => reasons.length === 1, 'the news')
    expect([reasons, raw.frames.length]).toEqual([['lost'], 0])
  })

  test('of a peer that ends its half and reads nothing that waits for it ends in time', async () => {
    const { raw, server } = await connect({ closeMs: 500, outboxBytes: 64 * 1024 * 1024 })
    raw.socket.pause()
    // More than the kernel keeps for it: the rest waits in the process.
    const topic = server.app.channel('echo:1') as unknown as { emit(event: string, payload: unknown): Promise<unknown> }
    for (let i = 0; i < 20; i++) {
      await topic.emit('message', 'x'.repeat(1_000_000))
      await turn()
    }
    const alive = () => [...server.app.connections()].length
    expect(alive()).toBe(1)
    raw.socket.end()
    await raw.until(() => alive() === 0, 'the end')
  })
})
