import { backoffMs, type Random } from '@rollcall/core'
import { expect, test } from 'vitest'

const chance = (fraction: number): Random => ({ fraction: () => fraction, token: () => '' })

test.each([
  // attempt, options, least, most
  [0, {}, 500, 1_000],
  [1, {}, 500, 2_000],
  [4, {}, 500, 16_000],
  [5, {}, 500, 20_000],
  [1_000, {}, 500, 20_000],
  [Number.POSITIVE_INFINITY, {}, 500, 20_000],
  [0, { minMs: 10, maxMs: 15 }, 10, 15],
  [3, { minMs: 10, maxMs: 10 }, 10, 10],
  [3, { minMs: 10, maxMs: 5 }, 10, 10],
])('attempt %s with %o waits from %i to %i ms', (attempt, options, least, most) => {
  expect(backoffMs(attempt, chance(0), options)).toBe(least)
  expect(backoffMs(attempt, chance(0.999_999_99), options)).toBe(most)
  expect(backoffMs(attempt, chance(0.5), options)).toBe(Math.round((least + most) / 2))
})
