import { defineConfig } from 'vitest/config'

// Packages are read from their sources, so no suite of this kind needs a build.
const conditions = ['@rollcall/source', 'module', 'node', 'import', 'default']

const project = (name: string, include: string[], test: Record<string, unknown> = {}) => ({
  resolve: { conditions },
  ssr: { resolve: { conditions, externalConditions: conditions } },
  test: { name, include, environment: 'node', ...test },
})

// Limits of time are for what hangs. What is slow on a busy machine, as a test that starts processes is, must not fail there.
const patient = { testTimeout: 30_000, hookTimeout: 30_000 }

// Suites over real processes: one file at a time, and patient, also with a machine that is five times slower.
const heavy = { fileParallelism: false, testTimeout: 180_000, hookTimeout: 120_000 }

export default defineConfig({
  test: {
    passWithNoTests: true,
    projects: [
      project(
        'unit',
        [
          'packages/*/test/**/*.test.{ts,tsx}',
          'apps/*/test/**/*.test.{ts,tsx}',
          'scripts/test/**/*.test.ts',
          'bench/test/!(smoke).test.ts',
        ],
        patient,
      ),
      project('simulation', ['tests/simulation/**/*.test.ts'], { testTimeout: 60_000 }),
      project('e2e', ['tests/e2e/**/*.test.ts'], heavy),
      project('conformance', ['tests/conformance/**/*.test.ts'], heavy),
      project('faults', ['tests/faults/**/*.test.ts'], heavy),
      project('fuzz', ['tests/fuzz/**/*.test.ts'], heavy),
      project('security', ['tests/security/**/*.test.ts'], heavy),
      project('deploy', ['tests/deploy/**/*.test.ts'], heavy),
      project('bench', ['bench/test/smoke.test.ts'], heavy),
    ],
  },
})
