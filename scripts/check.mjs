// `npm run check`: format, lint, layers, types and unit tests. One line each; the output of what failed comes at the end.
import './node-version.mjs'
import { checks } from './checks.mjs'
import { install } from './install.mjs'
import { fail, runInstalled, StepFailure, seconds, step } from './step.mjs'

const start = performance.now()
await install().catch(fail)

const unit = () => runInstalled('vitest/vitest.mjs', ['run', '--project', 'unit', '--reporter', 'dot'])
/** @type {StepFailure[]} */
const failures = []
for (const [name, task] of Object.entries({ ...checks, unit })) {
  await step(name, task).catch((fault) => {
    if (!(fault instanceof StepFailure)) throw fault
    failures.push(fault)
  })
}

for (const { output, message } of failures) console.error(`\n${output.trimEnd()}\n${message}`)
console.log(`${failures.length === 0 ? 'all well' : `\n${failures.length} failed`} after ${seconds(start)}`)
if (failures.length > 0) process.exitCode = 1
