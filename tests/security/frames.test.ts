import { expect, test } from 'vitest'
import { binary, ping, text } from '../support/frames.ts'
import { stage, turn } from './stage.ts'

const MIB = 1_048_576

test('a million pings from a peer that reads nothing leave memory flat', async () => {
  const { hello, app } = await stage({ limits: { controlFramesPerSecond: 1e9, controlFrameBurst: 1e9 } })
  const flood = Buffer.concat(Array.from({ length: 1_000 }, () => ping('x'.repeat(125))))
  let sent = 0
  let highest = 0
  const before = process.memoryUsage().rss
  while (sent < 1_000_000) {
    // Each is cut after its sixtieth unread pong; the next one goes on.
    const native = await hello()
    native.raw.socket.pause()
    while (!native.raw.reset && sent < 1_000_000 && native.raw.socket.writableLength < MIB) {
      native.raw.write(flood)
      sent += 1_000
      await turn()
      highest = Math.max(highest, process.memoryUsage().rss - before)
    }
    native.raw.destroy()
  }
  console.info(`a million pings: ${(highest / MIB).toFixed(0)} MiB more at most`)
  expect(highest / MIB).toBeLessThan(200)
  await hello()
  expect(app.stats().closes['4001'] ?? 0).toBe(0)
})

test('by default the first hundred of them are the last', async () => {
  const { hello } = await stage()
  const native = await hello()
  native.raw.write(Buffer.concat(Array.from({ length: 100 }, () => ping('x'))))
  expect(await native.end()).toBe(1008)
  expect(native.raw.frames.filter(({ opcode }) => opcode === 10).length).toBeLessThanOrEqual(41)
})

test('fragments that never end cost the connection, not memory', async () => {
  const { hello } = await stage()
  const before = process.memoryUsage().rss
  const flood = Buffer.concat(Array.from({ length: 10_000 }, () => text('', { fin: false }).fill(0, 0, 1)))
  for (let i = 0; i < 50; i++) {
    const native = await hello()
    native.raw.write(text('begin', { fin: false }))
    native.raw.write(flood)
    expect(await native.end()).toBe(1008)
    native.raw.destroy()
  }
  expect((process.memoryUsage().rss - before) / MIB).toBeLessThan(100)
})

test.each<[string, unknown]>([
  ['a number', 1_000],
  ['bytes', new Uint8Array(123)],
  ['a buffer', Buffer.alloc(10)],
  ['an object', { length: 100 }],
  ['null', null],
  ['a text of 10,000 characters', 'x'.repeat(10_000)],
  ['half a pair', '\ud800'],
  ['wide characters', '🙂'.repeat(100)],
  ['a NUL', '\u0000'],
])('a reason that is %s tells nothing of memory', async (_, reason) => {
  const { hello, app, errors } = await stage({ limits: { closeMs: 200 } })
  const native = await hello()
  const connection = String(native.welcome['connection'])
  expect(await app.disconnect({ connection }, reason as string)).toBe(1)
  expect(await native.end()).toBe(4403)
  const [close] = native.raw.frames.filter(({ opcode }) => opcode === 8)
  const told = close?.payload.subarray(2)
  expect(told?.length ?? 0).toBeLessThanOrEqual(123)
  // Well-formed text: what was given, or nothing. There is no way for anything else.
  const read = new TextDecoder('utf-8', { fatal: true }).decode(told)
  expect(typeof reason === 'string' ? reason.replace(/^\ud800$/, '\ufffd').startsWith(read) : read === '').toBe(true)
  expect(errors).toEqual([])
})

test('every byte of what is sent is a byte of what was meant', async () => {
  const { join } = await stage({ limits: { bytesPerSecond: 1e9 } })
  const native = await join('room:a')
  for (const size of [0, 1, 125, 126, 127, 65_000]) {
    const payload = 'é'.repeat(size / 2)
    expect(await native.outcome('send', 'room:a', 'message', payload)).toBe('ok')
    await native.raw.until(() => native.messages.includes(payload), 'the message, unchanged')
  }
  native.raw.write(binary(Buffer.from('000a5b2270696e67222c395d', 'hex')))
  await native.end()
  for (const { payload } of native.raw.frames.filter(({ opcode }) => opcode === 1)) JSON.parse(`${payload}`)
})
