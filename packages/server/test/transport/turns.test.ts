import type { Socket } from 'node:net'
import { channel, contract } from '@rollcall/core'
import { afterEach, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { z } from 'zod'
import { allow, rollcall } from '../../src/index.ts'

const closing: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close()
})

const FLOOD = 600

test('who floods takes turns with everybody else, and keeps its order', async () => {
  const heard: { readonly text: string; readonly refused: number }[] = []
  const app = rollcall(
    contract({ room: channel({ send: { message: z.string() } }) }),
    {
      room: {
        join: () => allow(),
        message: (_, text) => void heard.push({ text, refused: app.stats().rateLimited }),
      },
    },
    // Nothing is forgiven meanwhile, however long it takes.
    { limits: { messagesPerSecond: 0.001, messageBurst: 200, strikes: 1_000 } },
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
    return { socket, answers }
  }
  const [flood, other] = [await join(), await join()]
  const { _socket: tcp } = flood.socket as unknown as { readonly _socket: Socket }
  tcp.cork()
  for (let i = 0; i < FLOOD; i++) flood.socket.send(JSON.stringify(['send', i + 2, 'room', 'message', `flood ${i}`]))
  // One write: all of it is there when the server looks.
  tcp.uncork()
  other.socket.send('["send",2,"room","message","other"]')
  await until(() => flood.answers.length === FLOOD)
  await until(() => heard.length === 201)
  // What is refused is answered at once, what is accepted behind it: each kind in its order.
  const refs = (kind: string) => flood.answers.filter(([name]) => name === kind).map(([, ref]) => ref)
  const numbers = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => from + i)
  expect(refs('ok')).toEqual(numbers(2, 202))
  expect(refs('error')).toEqual(numbers(202, FLOOD + 2))
  expect(heard.filter(({ text }) => text !== 'other').map(({ text }) => text)).toEqual(
    numbers(0, 200).map((i) => `flood ${i}`),
  )
  expect(heard.find(({ text }) => text === 'other')?.refused).toBeLessThan(200)
})

async function until(condition: () => boolean): Promise<void> {
  const end = performance.now() + 20_000
  while (!condition()) {
    if (performance.now() > end) throw new Error('not in time')
    await new Promise((resolve) => setImmediate(resolve))
  }
}
