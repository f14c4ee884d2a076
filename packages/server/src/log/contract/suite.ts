import { contractTopics } from './cases.ts'
import type { LogTraits, MakeLog, TestRunner } from './fixture.ts'
import { Subject } from './subject.ts'

export const WINDOW_MS = 2_000

/** What the groups of cases are written with. */
export interface Suite {
  readonly describe: (group: string, body: () => void) => void
  /** A case on a log of its own, closed afterwards; skipped unless `when`. */
  readonly withLog: (fact: string, body: (subject: Subject) => Promise<void>, when?: boolean) => void
  readonly expect: TestRunner['expect']
  readonly traits: LogTraits
  readonly topics: readonly string[]
}

export function suiteOf(name: string, make: MakeLog, runner: TestRunner, traits: LogTraits): Suite {
  return {
    describe: (group, body) => {
      runner.describe(`${name}: ${group}`, body)
    },
    withLog: (fact, body, when = true) => {
      const test = when ? runner.it : runner.it.skip
      test(fact, async () => {
        const fixture = await make({ idempotencyWindowMs: WINDOW_MS })
        const subject = new Subject(fixture)
        try {
          await body(subject)
        } finally {
          await subject.log.close()
          await fixture.dispose?.()
        }
      })
    },
    expect: runner.expect,
    traits,
    topics: traits.topics ?? contractTopics,
  }
}
