import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Entry, Outcome, Scenario } from '../contest.ts'
import type { Machine } from '../machine/machine.ts'
import type { Scale } from '../trial.ts'

interface StoredCase {
  readonly scenario: string
  readonly case: string
  readonly entries: readonly Entry[]
}

/** One run of the benchmark, as its file holds it. */
export interface Results {
  /** When it began; ISO 8601. */
  readonly at: string
  readonly machine: Machine
  readonly rounds: number
  readonly scale: Scale
  readonly cases: readonly StoredCase[]
}

export function resultsOf(outcomes: readonly Outcome[], run: Omit<Results, 'cases'>): Results {
  const cases = outcomes.map(({ scenario, case: of, entries }) => ({ scenario, case: of.name, entries }))
  return { ...run, cases }
}

/** A file for each run, by its time and commit. */
export function resultsPath(folder: string, { at, machine }: Results): string {
  const time = at.slice(0, 16).replaceAll(':', '')
  return join(folder, `${time}-${machine.commit}.json`)
}

export function writeResults(path: string, results: Results): void {
  mkdirSync(join(path, '..'), { recursive: true })
  writeFileSync(path, `${JSON.stringify(results)}\n`)
}

/** @throws RangeError if there is no such file, SyntaxError if it is not JSON. */
export function readResults(path: string): Results {
  if (!existsSync(path)) throw new RangeError(`There are no results in ${path}`)
  return JSON.parse(readFileSync(path, 'utf8')) as Results
}

/** The files of a folder, oldest first. */
export function resultFiles(folder: string): string[] {
  if (!existsSync(folder)) return []
  return readdirSync(folder)
    .filter((name) => name.endsWith('.json'))
    .sort()
    .map((name) => join(folder, name))
}

/** An outcome with the run that it is of. */
export interface Dated {
  readonly outcome: Outcome
  readonly run: Results
}

/** The newest outcome of every case, in the order of the scenarios. */
export function newestOutcomes(runs: readonly Results[], scenarios: readonly Scenario[]): Dated[] {
  return scenarios.flatMap((scenario) =>
    scenario.cases.flatMap((of) => {
      const found = runs.flatMap((run) => {
        const stored = run.cases.find((each) => each.scenario === scenario.name && each.case === of.name)
        return stored ? [{ run, outcome: { scenario: scenario.name, case: of, entries: stored.entries } }] : []
      })
      return found.slice(-1)
    }),
  )
}
