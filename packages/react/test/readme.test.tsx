import { readFileSync } from 'node:fs'
import { connect } from '@rollcall/client'
import { renderToString } from 'react-dom/server'
import { expect, test } from 'vitest'
import { chat, Lobby } from './readme-example.tsx'

const text = readFileSync(new URL('../README.md', import.meta.url), 'utf8')

test('the example of the README runs', async () => {
  const [, example] = text.match(/```tsx\n([\s\S]*?)```/) ?? []
  expect(example).toBe(readFileSync(new URL('./readme-example.tsx', import.meta.url), 'utf8'))
  const client = connect(chat, 'http://localhost', { webSocket: () => new Promise(() => {}) })
  expect(renderToString(<Lobby client={client} />)).toContain('Say hi')
  await client.close()
})

test('the README is at most 80 lines', () => {
  expect(text.split('\n').length).toBeLessThanOrEqual(80)
})
