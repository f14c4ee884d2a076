import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Histogram } from '../src/stats/histogram.ts'

function of(...values: number[]): Histogram {
  const histogram = new Histogram()
  for (const value of values) histogram.record(value)
  return histogram
}

describe('a histogram', () => {
  test('is exact below 128', () => {
    const histogram = of(...Array.from({ length: 128 }, (_, i) => i))
    expect([0.25, 0.5, 0.75, 1].map((q) => histogram.quantile(q))).toEqual([31, 63, 95, 127])
  })

  test('is off by at most 1.6 % above', () => {
    for (let value = 128; value < 2 ** 31; value = Math.ceil(value * 1.37)) {
      const error = Math.abs(of(value, 2 ** 31 - 1).quantile(0.5) - value) / value
      expect(error, String(value)).toBeLessThan(0.016)
    }
  })

  test('answers nothing of nothing', () => {
    expect([of().quantile(0.5), of().max, of().count]).toEqual([0, 0, 0])
  })

  test('takes what is out of range to its ends', () => {
    const histogram = of(-5, 2 ** 40, Number.NaN)
    expect([histogram.quantile(0.01), histogram.max, histogram.count]).toEqual([0, 2 ** 31 - 1, 3])
  })

  test('never answers more than the largest record', () => {
    expect(of(1_000_001).quantile(0.5)).toBe(1_000_001)
  })

  test('counts a record of many times so many times', () => {
    const histogram = new Histogram()
    histogram.record(10, 99)
    histogram.record(1000)
    expect([histogram.count, histogram.quantile(0.99), histogram.quantile(0.995)]).toEqual([100, 10, 1000])
  })

  test('comes back from JSON as it was', () => {
    const histogram = of(1, 200, 200, 3_000_000)
    const back = Histogram.from(JSON.parse(JSON.stringify(histogram)))
    expect([0.1, 0.5, 0.75, 1].map((q) => back.quantile(q))).toEqual(
      [0.1, 0.5, 0.75, 1].map((q) => histogram.quantile(q)),
    )
    expect([back.count, back.max]).toEqual([4, 3_000_000])
  })

  test('is empty after clear', () => {
    const histogram = of(1, 2, 3)
    histogram.clear()
    expect(histogram.toJSON()).toEqual({ max: 0, counts: [] })
  })

  test('two added are one of both', () => {
    const values = fc.array(fc.nat(5_000_000), { minLength: 1 })
    fc.assert(
      fc.property(values, values, fc.double({ min: 0.01, max: 1, noNaN: true }), (a, b, q) => {
        const sum = of(...a)
        sum.add(of(...b))
        expect(sum.toJSON()).toEqual(of(...a, ...b).toJSON())
        const sorted = [...a, ...b].sort((x, y) => x - y)
        const exact = sorted[Math.max(1, Math.ceil(q * sorted.length)) - 1] as number
        expect(Math.abs(sum.quantile(q) - exact)).toBeLessThanOrEqual(exact * 0.016)
      }),
    )
  })
})
