import { expect, test } from 'vitest'
import { pooledRandom } from '../src/pooled-random.ts'

test.each([1, 9, 16, 33, 8_192, 8_193])('tokens of %i bytes have as many, and are never the same', (bytes) => {
  const count = bytes === 1 ? 20 : 2_000
  const tokens = Array.from({ length: bytes > 1_000 ? 5 : count }, () => pooledRandom.token(bytes))
  for (const token of tokens) {
    expect(token).toMatch(/^[\w-]+$/)
    expect(Buffer.from(token, 'base64url')).toHaveLength(bytes)
  }
  if (bytes > 1) expect(new Set(tokens).size).toBe(tokens.length)
})

test('every value of a byte comes as often as the others', () => {
  const counts = new Array<number>(256).fill(0)
  for (let i = 0; i < 4_096; i++)
    for (const byte of Buffer.from(pooledRandom.token(64), 'base64url')) counts[byte] = (counts[byte] ?? 0) + 1
  // 262,144 bytes: 1,024 of each, with a standard deviation of 32. Ten of those are never seen.
  expect(Math.min(...counts)).toBeGreaterThan(704)
  expect(Math.max(...counts)).toBeLessThan(1_344)
})
