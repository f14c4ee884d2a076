// The checks of one change, by name: what `npm run check` runs, and `npm test` before its suites.
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { compile } from './build.mjs'
import { root, run, runInstalled, StepFailure } from './step.mjs'

/** @param {readonly string[]} args */
const biome = (args) => runInstalled('@biomejs/biome/bin/biome', args)

/** @type {Readonly<Record<string, () => Promise<unknown>>>} */
export const checks = {
  // The order of imports belongs to the format.
  format: () => biome(['check', '--linter-enabled=false', '.']),
  lint: () => biome(['lint', '--error-on-warnings', '.']),
  layers: () => run(process.execPath, ['scripts/layers.mjs']),
  types: async () => {
    await compile()
    await runInstalled('typescript/bin/tsc', ['-p', 'tsconfig.tests.json'])
  },
}

/**
 * What a release would trip over; too slow to run all day.
 * @type {Readonly<Record<string, () => Promise<unknown>>>}
 */
export const packageChecks = {
  lock: () => run(process.execPath, ['scripts/lock.mjs']),
  knip: () => runInstalled('knip/bin/knip.js', ['--no-progress']),
  publint: async () => {
    await compile()
    const folders = readdirSync(join(root, 'packages')).map((name) => `packages/${name}`)
    const published = folders.filter((folder) => existsSync(join(root, folder, 'package.json')))
    const args = ['--strict', '--pack', 'npm']
    const runs = published.map((folder) => runInstalled('publint/src/cli.js', ['run', folder, ...args]))
    const failures = (await Promise.allSettled(runs)).filter((result) => result.status === 'rejected')
    const outputs = failures.map(({ reason }) => (reason instanceof StepFailure ? reason.output : String(reason)))
    if (outputs.length > 0) throw new StepFailure('publint found faults', outputs.join('\n'))
  },
}
