import { closingCases } from './contract/closing.ts'
import { durabilityCases } from './contract/durability.ts'
import type { LogTraits, MakeLog, TestRunner } from './contract/fixture.ts'
import { followingCases } from './contract/following.ts'
import { idempotencyCases } from './contract/idempotency.ts'
import { positionCases } from './contract/positions.ts'
import { readingCases } from './contract/reading.ts'
import { retentionCases } from './contract/retention.ts'
import { suiteOf } from './contract/suite.ts'

export { contractPayloads, contractTopics } from './contract/cases.ts'
export type { BoundTrait, LogFixture, LogTraits, MakeLog, TestRunner } from './contract/fixture.ts'

/**
 * What every `Log` must do, as tests. The runner is passed in, so that it is nobody's dependency. In a test file of vitest:
 * `logContract('my log', make, { describe, it, expect })`.
 */
export function logContract(name: string, make: MakeLog, runner: TestRunner, traits: LogTraits = {}): void {
  const suite = suiteOf(name, make, runner, traits)
  positionCases(suite)
  readingCases(suite)
  retentionCases(suite)
  followingCases(suite)
  idempotencyCases(suite)
  closingCases(suite)
  durabilityCases(suite)
}
