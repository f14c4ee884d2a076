import type { Counts } from '@rollcall/testkit'
import { faultsOf } from './shrink.ts'
import { isSound, type Run, simulate } from './simulate.ts'

/** What many runs came to together. */
export interface Survey {
  readonly seeds: number
  /** One line for each run that broke a promise, with the command that repeats it. */
  readonly failures: readonly string[]
  /** How often everything happened that must happen, or nothing is shown. */
  readonly totals: Readonly<Record<string, number>>
}

/** Simulates one seed after the other. */
export async function survey(from: number, count: number): Promise<Survey> {
  const failures: string[] = []
  const totals: Record<string, number> = {}
  for (let seed = from; seed < from + count; seed++) {
    const run = await simulate(seed)
    if (!isSound(run)) failures.push(`${faultsOf(run).join('; ')}: npm run simulate -- --seed ${seed}`)
    for (const [name, number] of Object.entries(numbersOf(run))) totals[name] = (totals[name] ?? 0) + number
  }
  return { seeds: count, failures, totals }
}

const COUNTED = [
  'sends',
  'accepted',
  'refused',
  'unknown',
  'deliveries',
  'memberships',
  'resumed',
  'recovered',
] as const satisfies readonly (keyof Counts)[]

function numbersOf({ report: { counts }, network, wire, slow, scenario }: Run): Record<string, number> {
  return {
    ...Object.fromEntries(COUNTED.map((name) => [name, counts[name]])),
    ...prefixed('fault', counts.faults),
    ...prefixed('gap', counts.gaps),
    ...prefixed('network', { ...network }),
    ...prefixed('wire', { ...wire }),
    ...prefixed('slow', slow),
    ...prefixed('nodes', { [String(scenario.nodes)]: 1 }),
  }
}

function prefixed(prefix: string, numbers: Readonly<Record<string, number>>): Record<string, number> {
  return Object.fromEntries(Object.entries(numbers).map(([name, number]) => [`${prefix} ${name}`, number]))
}
