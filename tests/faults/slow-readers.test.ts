import { setInterval } from 'node:timers/promises'
import { channel, contract } from '@rollcall/core'
import { allow, rollcall } from 'rollcall'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import { z } from 'zod'
import { usedBytes } from '../support/memory.ts'
import { until } from '../support/until.ts'

// A hundred clients stop reading while messages keep coming: the server's memory stays where it is, those who read notice
// nothing, and the hundred then get everything, in order. `SLOW_SECONDS=60` for the whole minute.

const SECONDS = Number(process.env.SLOW_SECONDS ?? 8)
const SLOW = 100
const PER_SECOND = 200
const TEXT = 'x'.repeat(1_000)
const MIB = 1024 * 1024

const rules = contract({
  'room:{room}': channel({ emit: { message: z.string() }, history: { messages: 100_000 } }),
})
// Who does not read cannot answer a ping either: with the default times it would be closed as silent after half a minute,
// and recover when it comes back. Here it stays.
const app = rollcall(rules, { 'room:{room}': { join: () => allow() } }, { pingMs: 600_000 })
let url = ''

beforeAll(async () => {
  url = `${(await app.listen({ port: 0 })).url.replace('http', 'ws')}/rollcall`
})
afterAll(() => app.close())

interface Reader {
  readonly socket: WebSocket
  readonly offsets: number[]
}

async function reader(): Promise<Reader> {
  const socket = new WebSocket(url, 'rollcall.v1')
  const offsets: number[] = []
  let joined = false
  socket.on('message', (data) => {
    const frame = JSON.parse(String(data)) as [string, ...unknown[]]
    if (frame[0] === 'message') offsets.push((frame[4] as { offset: number }).offset)
    else if (frame[0] === 'ok') joined = true
    else if (frame[0] === 'ping') socket.send('["pong"]')
    else if (frame[0] !== 'welcome' && frame[0] !== 'position' && frame[0] !== 'closing')
      throw new Error(`unexpected: ${String(data).slice(0, 200)}`)
  })
  await new Promise((resolve) => socket.once('open', resolve))
  socket.send('["hello",{}]')
  socket.send('["join",1,"room:x"]')
  await until(() => joined, { what: 'a join' })
  return { socket, offsets }
}

it(`a hundred clients that do not read for ${SECONDS} s cost nobody anything, and miss nothing`, async () => {
  const slow = await Promise.all(Array.from({ length: SLOW }, reader))
  const quick = await reader()
  for (const { socket } of slow) socket.pause()

  const room = app.channel('room:x')
  let sent = 0
  // What the kernel takes comes first, about 6 MB a connection; what counts is what is held when it takes no more.
  const emit = async (ms: number) => {
    const end = performance.now() + ms
    for await (const _ of setInterval(50)) {
      for (let i = 0; i < PER_SECOND / 20; i++) {
        await room.emit('message', TEXT)
        sent++
      }
      if (performance.now() >= end) return
    }
  }
  while (app.stats().behind < SLOW) {
    for (let i = 0; i < 200; i++) {
      await room.emit('message', TEXT)
      sent++
    }
    await new Promise((resolve) => setImmediate(resolve))
  }
  const before = await usedBytes()
  const sentBefore = sent
  await emit(SECONDS * 1000)
  const grown = (await usedBytes()) - before - (sent - sentBefore) * (TEXT.length + 400)
  await until(() => quick.offsets.length === sent, { what: 'the quick one to have all' })

  for (const { socket } of slow) socket.resume()
  await until(() => slow.every(({ offsets }) => offsets.length === sent), {
    deadlineMs: 120_000,
    what: 'all to have all',
  })
  for (const { offsets } of slow)
    for (const [i, offset] of offsets.entries()) if (offset !== i + 1) expect(offset).toBe(i + 1)
  const { behind, closedAsSlow } = app.stats()
  console.log(
    `${SLOW} slow readers, ${SECONDS} s: ${sent} messages, memory beyond the log ${(grown / MIB).toFixed(1)} MiB, ` +
      `${behind} times behind, ${closedAsSlow} closed, ${slow.length * sent} deliveries complete`,
  )
  expect(closedAsSlow).toBe(0)
  expect(grown).toBeLessThan(16 * MIB)
  for (const { socket } of [...slow, quick]) socket.terminate()
}, 300_000)
