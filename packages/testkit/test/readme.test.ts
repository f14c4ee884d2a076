import { readFileSync } from 'node:fs'
import { expect, test, vi } from 'vitest'

const text = readFileSync(new URL('../README.md', import.meta.url), 'utf8')

test('the example of the README runs', async () => {
  const [, example] = text.match(/```ts\n([\s\S]*?)```/) ?? []
  expect(example).toBe(readFileSync(new URL('./readme-example.ts', import.meta.url), 'utf8'))
  const log = vi.spyOn(console, 'log').mockImplementation(() => {})
  await import('./readme-example.ts')
  expect(log.mock.calls).toEqual([['hello']])
  log.mockRestore()
})

test('the README is at most 80 lines', () => {
  expect(text.split('\n').length).toBeLessThanOrEqual(80)
})
