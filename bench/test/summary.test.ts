import { expect, test } from 'vitest'
import { ratioOf, slope, summarise } from '../src/stats/summary.ts'

test.each([
  [[7], { median: 7, min: 7, max: 7 }],
  [[10, 9, 2], { median: 9, min: 2, max: 10 }],
  [[4, 1, 3, 2], { median: 2.5, min: 1, max: 4 }],
])('the summary of %j', (values, expected) => {
  expect(summarise(values)).toEqual(expected)
})

test('there is no summary of nothing', () => {
  expect(() => summarise([])).toThrow(RangeError)
})

test('a ratio pairs the rounds, since each pair met the same machine', () => {
  // The machine was half as fast in the second round: the ratio does not care.
  expect(ratioOf([100, 50, 120], [10, 5, 10])).toEqual({ median: 10, min: 10, max: 12 })
})

test('rounds that one system lacks, or in which it did nothing, are left out', () => {
  expect(ratioOf([100, 100, 100], [50, 0])).toEqual({ median: 2, min: 2, max: 2 })
  expect(ratioOf([100], [])).toBeNull()
})

test.each([
  [
    'a line',
    [
      [0, 5],
      [1, 7],
      [2, 9],
    ],
    2,
  ],
  [
    'noise around a level',
    [
      [0, 1],
      [1, -1],
      [2, -1],
      [3, 1],
    ],
    0,
  ],
  ['one point', [[3, 3]], 0],
  [
    'points above each other',
    [
      [1, 1],
      [1, 9],
    ],
    0,
  ],
] as [string, [number, number][], number][])('the slope of %s', (_, points, expected) => {
  expect(slope(points)).toBeCloseTo(expected)
})
