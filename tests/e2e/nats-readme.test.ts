import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { natsLog } from '@rollcall/nats'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { missingNats, startNats, type TestNats } from '../support/nats.ts'

describe('the README of @rollcall/nats', () => {
  const text = readFileSync(join(import.meta.dirname, '../../packages/nats/README.md'), 'utf8')
  let nats: TestNats | undefined

  afterEach(async () => {
    vi.unstubAllEnvs()
    await nats?.dispose()
  })

  it.skipIf(missingNats)('has an example that runs', async () => {
    const [, example] = text.match(/```ts\n([\s\S]*?)```/) ?? []
    expect(example).toBe(readFileSync(join(import.meta.dirname, 'nats-readme-example.ts'), 'utf8'))
    nats = await startNats()
    vi.stubEnv('NATS_URL', nats.url)
    await import('./nats-readme-example.ts')
    const log = await natsLog({ servers: nats.url })
    const { messages } = await log.readAfter('room:lobby', 0, 10)
    await log.close()
    expect(messages.map(({ payload }) => payload)).toEqual([
      expect.stringMatching(/^from a node at http:\/\/[\w.]+:\d+$/),
    ])
  })

  it('has at most 80 lines', () => {
    expect(text.trimEnd().split('\n').length).toBeLessThanOrEqual(80)
  })
})
