// The command: measures what was asked for, prints tables, keeps results.
import { join } from 'node:path'
import { systemNames } from './catalogue.ts'
import { limitOf, type Outcome } from './contest.ts'
import { describeMachine } from './machine/machine.ts'
import { hasProc } from './machine/proc.ts'
import { chooseCases, chooseSystems, type Options, parseOptions, usage } from './options.ts'
import { Progress } from './progress.ts'
import { writePage } from './report/page.ts'
import { newestOutcomes, readResults, resultFiles, resultsOf, resultsPath, writeResults } from './report/results.ts'
import { outcomeText } from './report/table.ts'
import { roundsOf, runCase } from './run.ts'
import { scenarios } from './scenarios/index.ts'

// This file runs bundled, as bench/dist/main.js.
const bench = join(import.meta.dirname, '..')
const root = join(bench, '..')

async function run(options: Options): Promise<void> {
  const at = new Date().toISOString()
  const machine = describeMachine(root)
  const chosen = chooseCases(scenarios, options.names)
  const contests = chosen.map(([scenario, of]) => ({ scenario, of, systems: chooseSystems(of, options.vs) }))
  const trials = contests.reduce((sum, { of, systems }) => sum + systems.length * roundsOf(of, options.rounds), 0)
  const progress = new Progress(trials)
  const outcomes: Outcome[] = []
  for (const { scenario, of, systems } of contests) {
    const entries = await runCase(of, systems, {
      bench,
      ...options,
      install: 'when-missing',
      onTrial: (round, title) =>
        progress.trial(`${of.title} · round ${round} of ${roundsOf(of, options.rounds)} · ${title}`),
    })
    const outcome: Outcome = { scenario: scenario.name, case: of, entries }
    progress.clear()
    console.log(`${outcomeText(outcome)}\n`)
    outcomes.push(outcome)
  }
  const results = resultsOf(outcomes, { at, machine, rounds: options.rounds, scale: options.scale })
  if (options.json !== null) writeResults(options.json, results)
  if (options.keep === 'results') {
    const path = resultsPath(join(bench, 'results'), results)
    writeResults(path, results)
    console.log(`results: ${path}`)
  }
  if (options.scale.size === 'quick') console.log('note: a quick run shows that everything works, not how fast it is')
  for (const warning of warningsOf(outcomes, machine.pinned)) console.log(`note: ${warning}`)
  const failed = outcomes.some(({ entries }) => entries.some((entry) => entry.failure && entry.system === 'rollcall'))
  if (failed) process.exitCode = 1
}

/** What makes the figures worse than they look. */
function warningsOf(outcomes: readonly Outcome[], pinned: boolean): string[] {
  const warnings: string[] = []
  const loads = outcomes.flatMap(({ entries }) => entries.flatMap(({ measures }) => measures.map(({ load }) => load)))
  const others = Math.max(0, ...loads.map((load) => load.others))
  if (others > 0.1)
    warnings.push(`other processes used up to ${Math.round(others * 100)} % of a core: measure again in quiet`)
  if (loads.some((load) => limitOf(load) === 'generator'))
    warnings.push('where the limit is "generator", the system could do more: compare by processor time')
  if (!pinned) warnings.push('without taskset or a second core, server and generator disturbed each other')
  if (!hasProc()) warnings.push('this system has no /proc: processor times and memory are missing')
  return warnings
}

function report(names: readonly string[]): void {
  const files = names.length > 0 ? names : resultFiles(join(bench, 'results'))
  const dated = newestOutcomes(files.map(readResults), scenarios)
  for (const file of writePage(join(root, 'docs'), dated)) console.log(file)
}

function list(): void {
  for (const { name, about, cases } of scenarios) {
    console.log(`${name}: ${about}`)
    for (const each of cases) console.log(`    ${each.name}: ${each.title}`)
  }
  console.log(`systems: ${systemNames.join(', ')}`)
}

try {
  const options = parseOptions(process.argv.slice(2))
  if (options.task === 'help') console.log(usage)
  else if (options.task === 'list') list()
  else if (options.task === 'report') report(options.names)
  else await run(options)
} catch (error) {
  if (!(error instanceof RangeError || error instanceof TypeError)) throw error
  console.error(error.message)
  process.exitCode = 2
}
