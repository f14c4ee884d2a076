// `npm test`: everything. `npm test -- unit` or another name of the list below runs that part, and a path, or any
// other word that vitest understands, the test files that match it.
import './node-version.mjs'
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { build } from './build.mjs'
import { checks, packageChecks } from './checks.mjs'
import { install } from './install.mjs'
import { provide } from './provide.mjs'
import { fail, root, runInstalled, StepFailure, seconds, step } from './step.mjs'

/** Suites over real processes, ports and browsers, run one file at a time. Their folders are in tests/, and bench/test. */
const heavy = ['e2e', 'conformance', 'faults', 'fuzz', 'security', 'deploy', 'bench']
const allChecks = { ...checks, ...packageChecks }
const reports = join(root, 'node_modules/.cache/rollcall')

const start = performance.now()
const words = process.argv.slice(2)
const names = [...Object.keys(allChecks), 'unit', 'simulation', ...heavy]
const chosen = words.length > 0 ? words.filter((word) => names.includes(word)) : names
const filters = words.filter((word) => !names.includes(word))
const suites = filters.length > 0 && chosen.length === 0 ? ['unit', 'simulation', ...heavy] : chosen

/** @type {string[]} */
const failed = []
const counts = { passed: 0, failed: 0, skipped: 0 }

/**
 * Lets vitest run some suites, its output going through, and adds up its verdicts.
 *
 * @param {string} label
 * @param {readonly string[]} projects
 * @param {readonly string[]} more
 */
async function vitest(label, projects, more = []) {
  if (projects.length === 0) return
  const report = join(reports, `${label}.json`)
  rmSync(report, { force: true })
  const args = ['run', ...projects.flatMap((name) => ['--project', name]), ...more, ...filters]
  const reporters = ['--reporter', 'dot', '--reporter', 'json', '--outputFile.json', report]
  await runInstalled('vitest/vitest.mjs', [...args, ...reporters], { output: 'through' }).catch((fault) => {
    if (!(fault instanceof StepFailure)) throw fault
    failed.push(projects.join(', '))
  })
  if (!existsSync(report)) return
  const { numPassedTests, numFailedTests, numPendingTests, numTodoTests } = JSON.parse(readFileSync(report, 'utf8'))
  counts.passed += numPassedTests
  counts.failed += numFailedTests
  counts.skipped += numPendingTests + numTodoTests
}

await install().catch(fail)
mkdirSync(reports, { recursive: true })
const missing = await provide(suites)

for (const [name, task] of Object.entries(allChecks)) {
  if (!chosen.includes(name)) continue
  await step(name, task).catch((fault) => {
    if (!(fault instanceof StepFailure)) throw fault
    failed.push(name)
    console.error(`\n${fault.output.trimEnd()}\n${fault.message}\n`)
  })
}

if (suites.includes('unit')) await vitest('unit', ['unit'])
if (suites.includes('simulation')) await vitest('simulation', ['simulation'])

const heavyChosen = heavy.filter((name) => suites.includes(name))
if (heavyChosen.length > 0) {
  try {
    await step('build', build)
    await vitest('heavy', heavyChosen, ['--no-file-parallelism'])
  } catch (fault) {
    if (!(fault instanceof StepFailure)) throw fault
    failed.push('build')
    console.error(`\n${fault.output.trimEnd()}\n${fault.message}\n`)
  }
}

for (const { suites: without, reason } of missing) console.log(`skipped in ${without.join(', ')}: ${reason}`)
if (failed.length > 0) console.log(`failed: ${failed.join('; ')}`)
console.log(`done after ${seconds(start)}`)
console.log(
  `${counts.passed} passed, ${counts.failed} failed${counts.skipped > 0 ? `, ${counts.skipped} skipped` : ''}`,
)
if (failed.length > 0) process.exitCode = 1
