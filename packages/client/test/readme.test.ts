import { readFileSync } from 'node:fs'
import { channel, contract } from '@rollcall/core'
import { allow, rollcall } from 'rollcall'
import { expect, test, vi } from 'vitest'
import { z } from 'zod'
import { greet } from './readme-example.ts'

const text = readFileSync(new URL('../README.md', import.meta.url), 'utf8')

test('the example of the README runs', async () => {
  const [, example] = text.match(/```ts\n([\s\S]*?)```/) ?? []
  expect(example).toBe(readFileSync(new URL('./readme-example.ts', import.meta.url), 'utf8'))
  const chat = contract({
    'room:{room}': channel({
      send: { message: z.string() },
      emit: { message: z.string() },
      presence: z.object({ name: z.string() }),
      history: {},
    }),
  })
  const app = rollcall(chat, {
    'room:{room}': { join: () => allow(), message: ({ channel }, text) => channel.emit('message', text) },
  })
  const { url } = await app.listen({ port: 0 })
  const log = vi.spyOn(console, 'log').mockImplementation(() => {})
  await greet(url)
  const said = log.mock.calls
  log.mockRestore()
  await app.close({ timeoutMs: 200 })
  expect(said).toContainEqual([['Tyr']])
  expect(said).toContainEqual([expect.any(Date), 'Tyr', 'hi, this is Tyr'])
})

test('the README is at most 80 lines', () => {
  expect(text.split('\n').length).toBeLessThanOrEqual(80)
})
