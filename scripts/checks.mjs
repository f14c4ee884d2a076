// The checks of one change, by name: what `npm run check` runs, and `npm test` before its suites.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
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
  knip: () => runInstalled('knip/bin/knip.js', ['--no-progress']),
  publint: async () => {
    /** @type {string[]} */
    const faults = []
    for (const name of readdirSync(join(root, 'packages'))) {
      const folder = `packages/${name}`
      if (!existsSync(join(root, folder, 'package.json'))) continue
      if (JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8')).private) continue
      await runInstalled('publint/src/cli.js', ['run', folder, '--strict', '--pack', 'npm']).catch((fault) => {
        if (!(fault instanceof StepFailure)) throw fault
        faults.push(fault.output)
      })
    }
    if (faults.length > 0) throw new StepFailure('publint found faults', faults.join('\n'))
  },
}
