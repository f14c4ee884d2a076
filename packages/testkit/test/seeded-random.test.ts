import { expect, it } from 'vitest'
import { seededRandom } from '../src/index.ts'

const draw = (seed: number) =>
  Array.from({ length: 5 }, (_, i, random = seededRandom(seed + i * 0)) => random.fraction())

it('the same seed gives the same numbers, another one others', () => {
  const numbers = (seed: number) => {
    const random = seededRandom(seed)
    return [random.fraction(), random.int(0, 1_000_000), random.token(), random.chance(0.5)]
  }
  expect(numbers(7)).toEqual(numbers(7))
  expect(numbers(7)).not.toEqual(numbers(8))
  // Neighbours do not begin alike.
  const first = Array.from({ length: 1_000 }, (_, seed) => draw(seed)[0] ?? 0)
  expect(new Set(first).size).toBe(1_000)
  expect(first.reduce((sum, each) => sum + each, 0) / 1_000).toBeCloseTo(0.5, 1)
})

it('is the same on every machine', () => {
  const random = seededRandom(1)
  expect([random.int(1, 100), random.int(1, 100), random.int(1, 100), random.token(6)]).toMatchInlineSnapshot(`
    [
      64,
      64,
      42,
      "BYNK9nQM",
    ]
  `)
})

it('every number of a range comes about as often, and none outside of it', () => {
  const random = seededRandom(3)
  const counts = new Map<number, number>()
  for (let i = 0; i < 60_000; i++) {
    const n = random.int(-2, 3)
    counts.set(n, (counts.get(n) ?? 0) + 1)
  }
  expect([...counts.keys()].sort((a, b) => a - b)).toEqual([-2, -1, 0, 1, 2, 3])
  for (const count of counts.values()) expect(Math.abs(count - 10_000)).toBeLessThan(500)
})

it('what one part draws changes nothing for a fork', () => {
  const random = seededRandom(5)
  const before = random.fork('a').token()
  for (let i = 0; i < 100; i++) random.fraction()
  expect(random.fork('a').token()).toBe(before)
  expect(random.fork('b').token()).not.toBe(before)
  expect(random.fork('a').fork('b').token()).not.toBe(random.fork('b').fork('a').token())
})

it('tokens are base64url of the length that so many bytes have', () => {
  const random = seededRandom(9)
  expect(random.token()).toMatch(/^[\w-]{22}$/)
  expect(random.token(6)).toMatch(/^[\w-]{8}$/)
  expect(new Set(Array.from({ length: 10_000 }, () => random.token(9))).size).toBe(10_000)
})

it('picks by weight', () => {
  const random = seededRandom(2)
  const counts = { never: 0, seldom: 0, often: 0 }
  for (let i = 0; i < 10_000; i++) counts[random.weighted({ never: 0, seldom: 1, often: 9 })]++
  expect(counts.never).toBe(0)
  expect(Math.abs(counts.seldom - 1_000)).toBeLessThan(150)
})

it('refuses what cannot be', () => {
  expect(() => seededRandom(1.5)).toThrow(RangeError)
  expect(() => seededRandom(Number.NaN)).toThrow(RangeError)
  expect(() => seededRandom(1).pick([])).toThrow('nothing to pick from')
})
