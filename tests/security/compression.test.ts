import { constants, deflateRawSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { frame, more, TEXT, text } from '../support/frames.ts'
import { until } from '../support/until.ts'
import { afterwards, type Stage, stage } from './stage.ts'

const MIB = 1_048_576
const deflated = (payload: string | Buffer) =>
  deflateRawSync(payload, { level: 9, finishFlush: constants.Z_SYNC_FLUSH }).subarray(0, -4)

/** A compressed message, whole. */
const compressed = (payload: string | Buffer) => frame(TEXT, deflated(payload), { rsv: 4 })

const OFFER = { 'sec-websocket-protocol': 'rollcall.v1', 'sec-websocket-extensions': 'permessage-deflate' }
const WELCOMED = `["hello",{}]`

/** A native client that has negotiated compression and is welcome. */
async function welcomed({ ask }: Stage) {
  const raw = await ask('/rollcall', { headers: OFFER })
  expect(raw.header('sec-websocket-extensions')).toBe(
    'permessage-deflate; server_no_context_takeover; client_no_context_takeover',
  )
  raw.write(text(WELCOMED))
  await raw.until(() => raw.frames.length === 1, 'the welcome')
  raw.frames.length = 0
  return raw
}

describe('compression', () => {
  test('is not there unless asked for: what is compressed is a reserved bit', async () => {
    const { ask } = await stage()
    const raw = await ask('/rollcall', { headers: OFFER })
    expect([raw.status, raw.header('sec-websocket-extensions')]).toEqual([101, undefined])
    raw.write(compressed(WELCOMED))
    await raw.until(() => raw.closeCode !== undefined, 'the close')
    expect(raw.closeCode).toBe(1002)
  })

  test.each([
    'permessage-deflate; server_max_window_bits=10',
    'permessage-deflate; client_max_window_bits=77',
    'x; y="',
  ])('that cannot be had as offered (%s) is declined, and the connection opens without it', async (offer) => {
    const { ask } = await stage({ compression: {} })
    const raw = await ask('/rollcall', { headers: { ...OFFER, 'sec-websocket-extensions': offer } })
    expect([raw.status, raw.header('sec-websocket-extensions')]).toEqual([101, undefined])
  })

  test('works both ways with a client that knows nothing of us', async () => {
    const { url } = await stage({ compression: { minBytes: 1_024 } })
    const open = async (perMessageDeflate: boolean) => {
      const socket = new WebSocket(`${url.replace('http', 'ws')}/plain/room:a`, { perMessageDeflate })
      const got: string[] = []
      socket.on('message', (data) => got.push(`${data}`))
      afterwards(() => socket.terminate())
      await new Promise((resolve) => socket.once('open', resolve))
      // It is in the room when it hears itself there.
      socket.send('here')
      await until(() => got.length > 0)
      return { socket, got }
    }
    const [one, two, plain] = [await open(true), await open(true), await open(false)]
    expect([one.socket.extensions, plain.socket.extensions]).toEqual(['permessage-deflate', ''])
    // Those who came before hear it too.
    await until(() => one.got.length === 3 && two.got.length === 2)
    for (const { got } of [one, two, plain]) got.length = 0
    const long = JSON.stringify(Array.from({ length: 500 }, (_, i) => ({ id: i, text: 'again and again' })))
    const sent = ['short', long, '', '🙂'.repeat(2_000)]
    for (const message of sent) one.socket.send(message)
    await until(() => [one, two, plain].every(({ got }) => got.length === sent.length))
    for (const { got } of [one, two, plain]) expect(got).toEqual(sent)
    for (const fin of [false, false, true]) two.socket.send('fragment ', { fin })
    await until(() => one.got.length === sent.length + 1)
    expect(one.got.at(-1)).toBe('fragment fragment fragment ')
    const received = (socket: WebSocket) => (socket as unknown as { _socket: { bytesRead: number } })._socket.bytesRead
    expect(received(one.socket)).toBeLessThan(received(plain.socket) / 3)
  })

  test('a message is compressed once for all who get it', async () => {
    const server = await stage({ compression: {} })
    const raws = await Promise.all(Array.from({ length: 20 }, () => welcomed(server)))
    for (const raw of raws) raw.write(text('["join",1,"room:a"]'))
    await Promise.all(
      raws.map((raw) => raw.until(() => raw.frames.some(({ payload }) => `${payload}`.includes('"ok",1')), 'ok')),
    )
    for (const raw of raws) raw.frames.length = 0
    await server.app.channel('room:a').emit('message', 'again and again '.repeat(200))
    await Promise.all(raws.map((raw) => raw.until(() => raw.frames.length === 1, 'the message')))
    const [first] = raws[0]!.frames
    expect(first).toMatchObject({ rsv: 4, opcode: 1, fin: true })
    for (const { frames } of raws) expect(frames[0]?.payload.equals(first!.payload)).toBe(true)
  })
})

describe('a compression bomb', () => {
  test.each([
    ['10 KB for 10 MiB', 10],
    ['100 KB for 100 MiB', 100],
  ])('of %s costs its connection, and no memory', async (_, mib) => {
    const bomb = deflated(Buffer.alloc(mib * MIB, 0x20))
    const server = await stage({ compression: {}, limits: { messageBytes: 200_000 } })
    const before = process.memoryUsage().rss
    for (let i = 0; i < 20; i++) {
      const raw = await welcomed(server)
      raw.write(frame(TEXT, bomb, { rsv: 4 }))
      await raw.until(() => raw.closeCode !== undefined, 'the close')
      expect(raw.closeCode).toBe(1009)
      raw.destroy()
    }
    expect((process.memoryUsage().rss - before) / MIB).toBeLessThan(60)
    await welcomed(server)
    await until(() => server.app.stats().closes[1009] === 20)
    expect(server.app.stats().closes).toEqual({ 1009: 20 })
  })

  test('spread over fragments is the same', async () => {
    const bomb = deflated(Buffer.alloc(10 * MIB, 0x20))
    const server = await stage({ compression: {} })
    const raw = await welcomed(server)
    const size = Math.ceil(bomb.length / 50)
    for (let at = 0; at < bomb.length; at += size) {
      const options = { fin: at + size >= bomb.length }
      raw.write(
        at === 0
          ? frame(TEXT, bomb.subarray(0, size), { ...options, rsv: 4 })
          : more(bomb.subarray(at, at + size), options),
      )
    }
    await raw.until(() => raw.closeCode !== undefined, 'the close')
    expect(raw.closeCode).toBe(1009)
  })

  test('inflates to 16 KiB at most before it is known whose it is', async () => {
    const server = await stage({ compression: {} })
    const hello = (bytes: number) => compressed(`["hello",{"credentials":"${'x'.repeat(bytes - 28)}"}]`.padEnd(bytes))
    const [small, large] = [
      await server.ask('/rollcall', { headers: OFFER }),
      await server.ask('/rollcall', { headers: OFFER }),
    ]
    small.write(hello(16_384))
    await small.until(() => small.frames.length === 1, 'the welcome')
    expect(`${small.frames[0]?.payload}`).toContain('welcome')
    large.write(hello(16_385))
    await large.until(() => large.closeCode !== undefined, 'the close')
    expect(large.closeCode).toBe(1009)
    small.write(compressed(`["ping",1]${' '.repeat(60_000)}`))
    await small.until(() => small.frames.length === 2, 'the answer')
  })

  test('of many small ones in one segment does not nest', async () => {
    const server = await stage({ compression: {}, limits: { bytesPerSecond: 1e9 } })
    const raw = await welcomed(server)
    const one = compressed('["ping",1]')
    raw.write(Buffer.concat(Array.from({ length: 20_000 }, () => one)))
    await raw.until(() => raw.frames.length === 20_000, 'all answers', 30_000)
  })
})

describe('compression that is broken', () => {
  test.each<[string, Buffer, number]>([
    ['bytes that are no deflate', frame(TEXT, Buffer.from('ffffffff', 'hex'), { rsv: 4 }), 1007],
    ['text that is not UTF-8 when inflated', compressed(Buffer.from('eda080', 'hex')), 1007],
    ['a reserved bit beside', frame(TEXT, deflated('x'), { rsv: 6 }), 1002],
    ['a ping that says it is compressed', frame(9, deflated('x'), { rsv: 4 }), 1002],
    ['a continuation that says it', Buffer.concat([text('x', { fin: false }), more(deflated('x'), { rsv: 4 })]), 1002],
  ])('%s costs its connection', async (_, bytes, code) => {
    const server = await stage({ compression: {} })
    const [raw, other] = [await welcomed(server), await welcomed(server)]
    raw.write(bytes)
    await raw.until(() => raw.closeCode !== undefined, 'the close')
    expect(raw.closeCode).toBe(code)
    other.write(compressed('["ping",1]'))
    await other.until(() => other.frames.length === 1, 'an answer')
    expect(server.errors).toEqual([])
  })
})
