import type { Socket } from 'node:net'
import { channel, contract } from '@rollcall/core'
import { afterEach, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { z } from 'zod'
import { allow, type Limits, rollcall } from '../../src/index.ts'

const closing: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close()
})

const FLOOD = 600

async function stage(limits: Partial<Limits>) {
  const heard: { readonly text: string; readonly refused: number; readonly joined: number }[] = []
  let joined = 0
  const app = rollcall(
    contract({ room: channel({ send: { message: z.string() } }), 'other:{n}': channel({}) }),
    {
      room: {
        join: () => allow(),
        message: (_, text) => void heard.push({ text, refused: app.stats().rateLimited, joined }),
      },
      'other:{n}': {
        join: () => {
          joined++
          return allow()
        },
      },
    },
    { limits },
  )
  const { url } = await app.listen({ port: 0 })
  closing.push(() => app.close({ timeoutMs: 200 }))
  const join = async () => {
    const socket = new WebSocket(`${url.replace('http', 'ws')}/rollcall`, ['rollcall.v1'])
    closing.push(() => socket.terminate())
    const answers: unknown[][] = []
    socket.on('message', (text) => void answers.push(JSON.parse(`${text}`)))
    await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject))
    socket.send('["hello",{}]')
    socket.send('["join",1,"room"]')
    await until(() => answers.some(([kind]) => kind === 'ok'))
    answers.length = 0
    const { _socket: tcp } = socket as unknown as { readonly _socket: Socket }
    // One write: all of it is there when the server looks.
    const say = (...frames: readonly unknown[][]) => {
      tcp.cork()
      for (const frame of frames) socket.send(JSON.stringify(frame))
      tcp.uncork()
    }
    return { socket, tcp, answers, say }
  }
  return { app, heard, join }
}

const numbers = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => from + i)
const sends = (count: number) => numbers(0, count).map((i) => ['send', i + 2, 'room', 'message', `flood ${i}`])
const refs = (answers: readonly unknown[][], kind: string) =>
  answers.filter(([name]) => name === kind).map(([, ref]) => ref)

test('who floods takes turns with everybody else, and keeps its order', async () => {
  // Nothing is forgiven meanwhile, however long it takes.
  const { heard, join } = await stage({ messagesPerSecond: 0.001, messageBurst: 200, strikes: 1_000 })
  const [flood, other] = [await join(), await join()]
  flood.say(...sends(FLOOD))
  other.say(['send', 2, 'room', 'message', 'other'])
  await until(() => flood.answers.length === FLOOD)
  await until(() => heard.length === 201)
  // What is refused is answered at once, what is accepted behind it: each kind in its order.
  expect(refs(flood.answers, 'ok')).toEqual(numbers(2, 202))
  expect(refs(flood.answers, 'error')).toEqual(numbers(202, FLOOD + 2))
  expect(heard.filter(({ text }) => text !== 'other').map(({ text }) => text)).toEqual(
    numbers(0, 200).map((i) => `flood ${i}`),
  )
  expect(heard.find(({ text }) => text === 'other')?.refused).toBeLessThan(200)
})

test('who joins a lot does so too, before anything is refused', async () => {
  const { app, heard, join } = await stage({ channelsPerConnection: 1_000 })
  const [flood, other] = [await join(), await join()]
  flood.say(...numbers(0, 240).map((i) => ['join', i + 2, `other:${i}`]))
  other.say(['send', 2, 'room', 'message', 'other'])
  await until(() => flood.answers.length === 240)
  await until(() => heard.length === 1)
  expect(refs(flood.answers, 'ok')).toEqual(numbers(2, 242))
  expect(heard[0]?.joined).toBeLessThan(128)
  expect(app.stats().rateLimited).toBe(0)
})

test('who ends its half of the socket right behind a flood gets every answer', async () => {
  const { join } = await stage({ messageBurst: 100_000, messagesPerSecond: 100_000, bytesPerSecond: 1e9 })
  for (const count of [100, 257, 1_000, 3_000]) {
    const { tcp, answers, say } = await join()
    say(...sends(count))
    tcp.end()
    await new Promise((resolve) => tcp.once('close', resolve))
    expect(answers.length, `of ${count}`).toBe(count)
  }
})

async function until(condition: () => boolean): Promise<void> {
  const end = performance.now() + 20_000
  while (!condition()) {
    if (performance.now() > end) throw new Error('not in time')
    await new Promise((resolve) => setImmediate(resolve))
  }
}
