import { natsBroker } from '@rollcall/nats'
import { brokerContract } from 'rollcall/broker/contract'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { missingNats, startNats, type TestNats } from '../support/nats.ts'

describe.skipIf(missingNats)('on a real nats-server', () => {
  let nats: TestNats
  let clusters = 0
  beforeAll(async () => {
    nats = await startNats()
  })
  afterAll(() => nats.dispose())

  brokerContract(
    'NATS broker',
    () => {
      const prefix = `test.contract-${clusters++}`
      return { broker: (node) => natsBroker({ node, prefix, servers: nats.url }) }
    },
    { describe, it, expect },
  )
})
