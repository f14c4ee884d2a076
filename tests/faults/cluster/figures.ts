import type { Verdict } from './world.ts'

interface Row {
  readonly [column: string]: string | number
}

const rows: Row[] = []
const distributions: Row[] = []

const whole = (ms: number) => Math.round(ms)

/** Keeps what a run of a scenario has shown. */
export function keepRun(scenario: string, { counts, convergedMs }: Verdict): void {
  const { accepted, refused, unknown, deliveries, resumed, recovered, gaps, delivering, longestOutageMs } = counts
  rows.push({
    scenario,
    accepted,
    refused,
    unknown,
    deliveries,
    resumed,
    recovered,
    gaps: Object.entries(gaps)
      .map((gap) => gap.join(' '))
      .join(', '),
    'p50 ms': whole(delivering.p50),
    'p99 ms': whole(delivering.p99),
    'max ms': whole(delivering.max),
    'none accepted for ms': whole(longestOutageMs),
    'well again ms': whole(convergedMs),
  })
}

/** Keeps how long something took, each time. */
export function keepTimes(what: string, values: readonly number[]): { readonly median: number; readonly max: number } {
  const sorted = [...values].sort((a, b) => a - b)
  const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN
  const [min, median, max] = [at(0), at(0.5), at(1)]
  distributions.push({
    what,
    times: sorted.length,
    'min ms': min.toFixed(1),
    'median ms': median.toFixed(1),
    'max ms': max.toFixed(1),
  })
  return { median, max }
}

export function printFigures(): void {
  if (rows.length > 0) console.table(rows)
  if (distributions.length > 0) console.table(distributions)
}
