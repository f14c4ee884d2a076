import { systemRandom } from '@rollcall/core'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { ownedBy, ownerOf } from '../../src/workers/affinity.ts'

test('a session is always the same worker’s, of those that there are', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), fc.integer({ min: 1, max: 1_024 }), (session, workers) => {
      const owner = ownerOf(session, workers)
      expect([owner >= 1, owner <= workers, ownerOf(session, workers)]).toEqual([true, true, owner])
    }),
  )
})

test('a text becomes a session of the worker that asks, with few letters more', () => {
  for (const workers of [1, 2, 3, 7, 64, 1_024])
    for (const worker of [1, Math.ceil(workers / 2), workers]) {
      const text = systemRandom.token(15)
      const session = ownedBy(text, worker, workers)
      expect([session.slice(0, 20), ownerOf(session, workers)]).toEqual([text, worker])
      expect(session).toMatch(/^[\w-]{20,23}$/)
    }
})

test('sessions that clients name are spread over all', () => {
  const counts = new Map<number, number>()
  for (let i = 0; i < 8_000; i++) {
    const owner = ownerOf(`/123/session-${i}`, 8)
    counts.set(owner, (counts.get(owner) ?? 0) + 1)
  }
  expect(counts.size).toBe(8)
  for (const count of counts.values()) expect(Math.abs(count - 1_000)).toBeLessThan(150)
})
