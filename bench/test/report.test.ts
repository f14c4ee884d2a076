import { expect, test } from 'vitest'
import type { Case, Outcome } from '../src/contest.ts'
import { barPlot } from '../src/report/bars.ts'
import { format } from '../src/report/format.ts'
import { replaceResults } from '../src/report/page.ts'
import { percentilePlot } from '../src/report/percentiles.ts'
import { newestOutcomes, type Results } from '../src/report/results.ts'
import { scenarios } from '../src/scenarios/index.ts'
import { Histogram } from '../src/stats/histogram.ts'

test.each([
  [2_345_678, 'per second', '2.35 M/s'],
  [999, 'per second', '999/s'],
  [8192, 'bytes', '8 KiB'],
  [-2048, 'bytes', '-2 KiB'],
  [0.4567, 'ms', '0.46 ms'],
  [1234, 'ms', '1.23 s'],
  [30.06, 'ratio', '30.1 ×'],
  [97.96, 'percent', '98 %'],
  [1234.5, 'number', '1,235'],
  [Number.NaN, 'number', '–'],
] as const)('%d as %s is "%s"', (value, unit, text) => {
  expect(format(value, unit)).toBe(text)
})

test('only what stands between the marks is replaced', () => {
  const begin = '<!-- results: written by `npm run bench -- report` -->'
  const end = '<!-- end of results -->'
  expect(replaceResults(`# A\n${begin}\nold $& \n${end}\nB\n`, 'new $1')).toBe(`# A\n${begin}\n\nnew $1\n\n${end}\nB\n`)
  expect(() => replaceResults('# A\n', 'new')).toThrow(/needs the lines/)
})

function run(at: string, value: number): Results {
  const load = { server: 1, generator: 0.5, others: 0, serverSeconds: 1, busiestSeconds: 1, rss: 1 }
  const machine = {
    cpu: 'a <fast> & small one',
    cores: 2,
    memoryBytes: 1,
    system: 'Linux',
    node: '20',
    pinned: true,
    commit: 'c0ffee',
    changed: false,
  }
  const latency = new Histogram()
  latency.record(1500, 99)
  latency.record(90_000)
  const measures = [{ value, figures: {}, load, latency: latency.toJSON() }]
  const entries = [{ system: 'rollcall', measures, failure: null, versions: {} }]
  const scale = { size: 'full', seconds: 1, soakSeconds: 1 } as const
  return { at, machine, rounds: 1, scale, cases: [{ scenario: 'call', case: 'call', entries }] }
}

test('the newest run of each case counts', () => {
  const dated = newestOutcomes([run('2030-01-01', 1), run('2030-01-02', 2)], scenarios)
  expect(dated.map(({ run: { at }, outcome }) => [at, outcome.case.name])).toEqual([['2030-01-02', 'call']])
})

test('plots are whole XML with a bar or line for each system, nasty names escaped', () => {
  const [dated] = newestOutcomes([run('2030-01-01', 1)], scenarios)
  const outcome = dated?.outcome as Outcome
  const nasty: Outcome = { ...outcome, case: { ...outcome.case, title: '<script>&"' } as Case }
  for (const plot of [barPlot(nasty), percentilePlot(nasty) ?? '']) {
    expect(plot).toContain('&lt;script&gt;&amp;&quot;')
    expect(plot).not.toMatch(/NaN|Infinity|undefined|<script/)
    expect(plot.match(/Rollcall</g)).toHaveLength(1)
  }
})

test('a plot of nothing is still a plot', () => {
  const [dated] = newestOutcomes([run('2030-01-01', 1)], scenarios)
  const nothing: Outcome = { ...(dated?.outcome as Outcome), entries: [] }
  expect(barPlot(nothing)).not.toMatch(/NaN|Infinity/)
  expect(percentilePlot(nothing)).toBeNull()
})
