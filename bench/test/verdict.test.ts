import { expect, test } from 'vitest'
import { type Aim, type Case, type Entry, limitOf, type Outcome } from '../src/contest.ts'
import type { Load } from '../src/machine/meter.ts'
import { outcomeText, tableOf, toMarkdown, verdictLine } from '../src/report/table.ts'
import { judge } from '../src/verdict.ts'

function load(server: number, generator: number): Load {
  return { server, generator, others: 0, serverSeconds: server, busiestSeconds: server, rss: 1e6 }
}

const serverBound = load(1, 0.5)
const generatorBound = load(0.5, 1)

function entry(system: string, values: number[], at: Load = serverBound): Entry {
  const measures = values.map((value) => ({
    value,
    perCore: value / at.server,
    figures: { p99: value / 10 },
    load: at,
  }))
  return { system, measures, failure: null, versions: {} }
}

function outcome(aims: Aim[], entries: Entry[]): Outcome {
  const of: Case = {
    name: 'busy',
    title: 'busy room',
    value: { name: 'deliveries', unit: 'per second' },
    better: 'more',
    rounds: 'as asked',
    columns: [{ name: 'p99', unit: 'ms' }],
    systems: [],
    aims,
    trial: () => Promise.reject(new Error('not run here')),
  }
  return { scenario: 'fanout', case: of, entries }
}

const thirty: Aim = { kind: 'ratio', of: 'rollcall', against: 'socket.io', atLeast: 30 }

test.each([
  ['server', 0.95, 0.9],
  ['both', 0.95, 0.96],
  ['generator', 0.5, 0.9],
  ['neither', 0.5, 0.5],
  ['unknown', Number.NaN, 0.9],
])('the limit is %s at %d and %d', (limit, server, generator) => {
  expect(limitOf(load(server, generator))).toBe(limit)
})

test('a ratio is the median of the rounds', () => {
  const [verdict] = judge(outcome([thirty], [entry('rollcall', [300, 310, 200]), entry('socket.io', [10, 10, 10])]))
  expect(verdict).toMatchObject({ got: { median: 30, min: 20, max: 31 }, met: true, by: 'value' })
})

test('where the generator was the limit, processor time decides, and the line says so', () => {
  const entries = [entry('rollcall', [200], generatorBound), entry('socket.io', [10])]
  const [verdict] = judge(outcome([thirty], entries))
  expect(verdict).toMatchObject({ got: { median: 40 }, met: true, by: 'perCore' })
  expect(verdict && verdictLine(verdict)).toBe(
    'met: Rollcall at least 30 × Socket.IO; got 40, by processor time: a generator was the limit',
  )
})

test('a missed aim is called so', () => {
  const entries = [entry('rollcall', [100, 110]), entry('socket.io', [10, 10])]
  const lines = judge(outcome([thirty], entries)).map(verdictLine)
  expect(lines).toEqual(['MISSED: Rollcall at least 30 × Socket.IO; got 10.5 (10 – 11)'])
})

test('an aim against somebody who failed is not measured; against somebody not asked for, it is not mentioned', () => {
  const failed: Entry = { system: 'socket.io', measures: [], failure: 'it fell over', versions: {} }
  const verdicts = judge(outcome([thirty, { ...thirty, against: 'bun' }], [entry('rollcall', [100]), failed]))
  expect(verdicts.map(verdictLine)).toEqual(['not measured: Rollcall at least 30 × Socket.IO'])
})

test.each([
  ['at most', 'p99', 9, 'MISSED'],
  ['at most', 'p99', 10, 'met'],
  ['at least', 'deliveries', 100, 'met'],
  ['at least', 'deliveries', 101, 'MISSED'],
  ['at most', 'unknown', 101, 'not measured'],
] as const)('%s: %s %d is %s', (kind, figure, bound, word) => {
  const [verdict] = judge(outcome([{ kind, of: 'rollcall', figure, bound }], [entry('rollcall', [100])]))
  expect(verdict && verdictLine(verdict)).toMatch(new RegExp(`^${word}: `))
})

test('the table compares Rollcall with each peer', () => {
  const entries = [entry('rollcall', [3_000_000]), entry('ws', [150_000])]
  expect(toMarkdown(tableOf(outcome([], entries)))).toBe(
    [
      '|  | deliveries | range | Rollcall is | per CPU second | p99 | server | generator | others | limit |',
      '| --- | --: | --: | --: | --: | --: | --: | --: | --: | --: |',
      '| Rollcall | 3 M/s | 3 M/s – 3 M/s |  | 3 M/s | 300 s | 100 % | 50 % | 0 % | server |',
      '| ws, send in a loop | 150 k/s | 150 k/s – 150 k/s | 20 × | 150 k/s | 15 s | 100 % | 50 % | 0 % | server |',
    ].join('\n'),
  )
})

test('what failed is told below the table', () => {
  const failed: Entry = { system: 'bun', measures: [], failure: 'no binary', versions: {} }
  expect(outcomeText(outcome([], [failed]))).toContain('Bun publish: no binary')
})
