import { parseArgs } from 'node:util'
import { isOwn, systemOf } from './catalogue.ts'
import type { Case, Scenario } from './contest.ts'
import type { Scale } from './trial.ts'

/** What a run of the benchmark was asked to do. */
export interface Options {
  readonly task: 'run' | 'list' | 'help' | 'report'
  /** Names of scenarios or cases; none means all. */
  readonly names: readonly string[]
  /** Peers instead of each case's own; null keeps those. */
  readonly vs: readonly string[] | null
  readonly rounds: number
  readonly scale: Scale
  /** Further file for the results. */
  readonly json: string | null
  /** Whether results go to bench/results. */
  readonly keep: 'results' | 'nothing'
  /** Where processor profiles of Rollcall go; null for none. */
  readonly profile: string | null
}

export const usage = `npm run bench -- [scenario or case …] [options]
npm run bench -- report [results.json …]    writes docs/performance.md's tables and plots

  --vs a,b        measure Rollcall beside these systems
  --rounds n      trials of each system, in turn A B A B (3)
  --seconds n     measuring time of a trial (3)
  --minutes n     length of the soak (30 if it is asked for by name, else 2)
  --quick         small and short, to see that it works; results are not kept
  --json file     write the results there, too
  --profile dir   write processor profiles of Rollcall there
  --list          scenarios, cases and systems
`

/** @throws RangeError or TypeError on what cannot be done, in words for the one who typed it. */
export function parseOptions(args: readonly string[]): Options {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      vs: { type: 'string' },
      rounds: { type: 'string' },
      seconds: { type: 'string' },
      minutes: { type: 'string' },
      quick: { type: 'boolean', default: false },
      json: { type: 'string' },
      profile: { type: 'string' },
      list: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  })
  const { quick } = values
  const vs = values.vs === undefined ? null : values.vs.split(',').filter((name) => name !== '')
  for (const name of vs ?? []) systemOf(name)
  const [first, ...rest] = positionals
  const reports = first === 'report'
  return {
    task: values.help ? 'help' : values.list ? 'list' : reports ? 'report' : 'run',
    names: reports ? rest : positionals,
    vs,
    rounds: positive('--rounds', values.rounds, quick ? 1 : 3),
    scale: {
      size: quick ? 'quick' : 'full',
      seconds: positive('--seconds', values.seconds, quick ? 0.5 : 3),
      soakSeconds: positive('--minutes', values.minutes, quick ? 0.1 : positionals.includes('soak') ? 30 : 2) * 60,
    },
    json: values.json ?? null,
    keep: quick ? 'nothing' : 'results',
    profile: values.profile ?? null,
  }
}

function positive(name: string, given: string | undefined, fallback: number): number {
  if (given === undefined) return fallback
  const number = Number(given)
  if (!(number > 0)) throw new RangeError(`${name} must be a number above 0, not "${given}"`)
  return number
}

/** The cases that names mean: a scenario's name means all of its cases. @throws RangeError on a name unknown. */
export function chooseCases(scenarios: readonly Scenario[], names: readonly string[]): (readonly [Scenario, Case])[] {
  const all = scenarios.flatMap((scenario) => scenario.cases.map((each) => [scenario, each] as const))
  for (const name of names)
    if (!all.some(([scenario, each]) => scenario.name === name || each.name === name))
      throw new RangeError(`There is no scenario "${name}": use some of ${scenarios.map((s) => s.name).join(', ')}`)
  if (names.length === 0) return all
  return all.filter(([scenario, each]) => names.includes(scenario.name) || names.includes(each.name))
}

/** Who takes part in a case. */
export function chooseSystems(of: Case, vs: readonly string[] | null): readonly string[] {
  if (vs === null) return of.systems
  return [...of.systems.filter(isOwn), ...vs.filter((name) => !of.systems.includes(name) || !isOwn(name))]
}
