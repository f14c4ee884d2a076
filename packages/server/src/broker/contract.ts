import { lifetimeCases } from './contract/lifetime.ts'
import { messageCases } from './contract/messages.ts'
import { questionCases } from './contract/questions.ts'
import { serviceCases } from './contract/services.ts'
import { type BrokerTestRunner, type BrokerTraits, type MakeBrokers, suiteOf } from './contract/suite.ts'

export { contractSubjects } from './contract/subjects.ts'
export type { BrokerFixture, BrokerTestRunner, BrokerTraits, MakeBrokers } from './contract/suite.ts'

/**
 * What every `Broker` must do, as tests. The runner is passed in, so that it is nobody's dependency. In a test file of
 * vitest: `brokerContract('my broker', make, { describe, it, expect })`.
 */
export function brokerContract(
  name: string,
  make: MakeBrokers,
  runner: BrokerTestRunner,
  traits: BrokerTraits = {},
): void {
  const suite = suiteOf(name, make, runner, traits)
  messageCases(suite)
  questionCases(suite)
  serviceCases(suite)
  lifetimeCases(suite)
}
