import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { WebSocket } from 'ws'

const text = readFileSync(join(import.meta.dirname, '../README.md'), 'utf8')

test('the example of the README runs', async () => {
  const [, example] = text.match(/```ts\n([\s\S]*?)```/) ?? []
  expect(example).toBe(readFileSync(join(import.meta.dirname, 'readme-example.ts'), 'utf8'))
  const { app } = await import('./readme-example.ts')
  const { url } = await app.listen({ port: 0 })
  const socket = new WebSocket(`${url.replace('http', 'ws')}/plain/room:lobby`)
  const got = new Promise((resolve) => socket.once('message', (bytes) => resolve(String(bytes))))
  socket.once('open', () => socket.send('hi'))
  expect(await got).toBe('hi')
  socket.terminate()
  await app.close({ timeoutMs: 200 })
})

test('the README is at most 80 lines', () => {
  expect(text.split('\n').length).toBeLessThanOrEqual(80)
})
