import { channel, contract } from '@rollcall/core'
import { allow, type Limits, rollcall } from 'rollcall'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { binary, frame, ping, TEXT, text } from '../support/frames.ts'
import { type Language, languages } from '../support/languages.ts'
import { NASTY_BYTES, NASTY_TEXTS } from '../support/nasty.ts'
import { RawSocket } from '../support/raw-socket.ts'
import { until } from '../support/until.ts'
import { afterwards } from './stage.ts'

// Several languages at one port are several doors: what holds for one must hold for each.

const chat = contract({
  'room:{room}': channel({
    send: { message: z.unknown() },
    emit: { message: z.unknown() },
    presence: z.object({ name: z.string() }),
  }),
})

const { here, missing } = await languages()
for (const reason of missing) console.info(`left out: ${reason}`)

async function serve({ dialect, path, protocol }: Language, limits: Partial<Limits> = {}) {
  const errors: string[] = []
  const app = rollcall(
    chat,
    { 'room:{room}': { join: () => allow(), message: ({ channel }, payload) => channel.emit('message', payload) } },
    {
      dialects: dialect ? [dialect] : [],
      limits: { closeMs: 200, handshakesPerSecond: 1e6, connectionsPerAddress: 1e6, ...limits },
      onError: (what, error) => void errors.push(`${what}: ${error}`),
    },
  )
  const { url } = await app.listen({ port: 0 })
  afterwards(() => app.close({ timeoutMs: 200 }))
  const headers = protocol ? { 'sec-websocket-protocol': protocol } : {}
  const ask = async (more: Record<string, string> = {}) => {
    const raw = await RawSocket.ask(`${url}${path}`, { headers: { ...headers, ...more } })
    afterwards(() => raw.destroy())
    return raw
  }
  return { app, ask, errors }
}

async function closeOf(raw: RawSocket): Promise<number | null | undefined> {
  await raw.until(() => raw.closeCode !== undefined || raw.ended, 'the close')
  return raw.closeCode
}

describe.each(here)('$name', (language) => {
  test('keeps pages of other sites out', async () => {
    const { ask } = await serve(language)
    expect((await ask({ origin: 'https://evil.example' })).status).toBe(403)
    expect((await ask()).status).toBe(101)
  })

  test.each<[string, Buffer, number[]]>([
    ['a frame without a mask', text('x', { mask: null }), [1002]],
    ['text that is not UTF-8', text(Buffer.from('eda080', 'hex')), [1007]],
    ['a reserved opcode', frame(3, 'x'), [1002]],
    ['a claim of 2^63 bytes', binary('', { length: 2n ** 63n, lengthForm: 64 }), [1009]],
    ['a hundred pings', Buffer.concat(Array.from({ length: 100 }, () => ping('x'))), [1008]],
  ])('%s costs its connection', async (_, bytes, codes) => {
    const { ask, errors } = await serve(language)
    const raw = await ask()
    raw.write(bytes)
    expect(codes).toContain(await closeOf(raw))
    expect((await ask()).status).toBe(101)
    expect(errors).toEqual([])
  })

  test('a message above the limit is 1009', async () => {
    const { ask } = await serve(language)
    const raw = await ask()
    raw.write(frame(TEXT, Buffer.alloc(2_000_000, 0x78)))
    expect(await closeOf(raw)).toBe(1009)
  })

  test('no text and no bytes do more than that', async () => {
    const { app, ask, errors } = await serve(language)
    const nasty = [...NASTY_TEXTS.map((each) => text(each)), ...NASTY_BYTES.map((each) => binary(each))]
    for (const first of ['', ...language.samples]) {
      await Promise.all(
        nasty.map(async (bytes) => {
          const raw = await ask()
          if (first !== '') raw.write(text(first))
          raw.write(bytes)
          raw.write(text(language.samples.at(-1) ?? ''))
          raw.socket.end()
          await raw.until(() => raw.ended, 'the end')
          raw.destroy()
        }),
      )
    }
    await until(() => [...app.connections()].length === 0, { what: 'no connection' })
    expect(errors).toEqual([])
    expect(app.stats().refusals['internal'] ?? 0).toBe(0)
    expect((await ask()).status).toBe(101)
  })

  test('who comes and wants nothing is closed in time', async () => {
    const { ask } = await serve(language, { helloMs: 500 })
    const raw = await ask()
    // A plain client is in its topic by its address.
    if (language.name === 'plain') return expect(raw.status).toBe(101)
    expect(await closeOf(raw)).not.toBe(1000)
    return expect(raw.ended || raw.closeCode !== undefined).toBe(true)
  })
})

test.skipIf(!here.some(({ name }) => name === 'socket.io'))(
  'Socket.IO: a packet that declares a million parts is refused before the first of them',
  async () => {
    const language = here.find(({ name }) => name === 'socket.io') as Language
    const { ask, errors } = await serve(language)
    for (const packet of ['451000000-["a",{"_placeholder":true,"num":999999}]', '4511-["a"]']) {
      const raw = await ask()
      raw.write(text('40/room:a,'))
      await raw.until(() => raw.frames.some(({ payload }) => `${payload}`.startsWith('40/room:a')), 'the namespace')
      raw.write(text(packet))
      expect(await closeOf(raw)).not.toBe(1000)
      expect(raw.closeCode !== undefined || raw.ended).toBe(true)
    }
    expect(errors).toEqual([])
  },
)
