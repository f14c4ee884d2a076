import { natsLog } from '@rollcall/nats'
import { logContract } from 'rollcall/log/contract'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { missingNats, startNats, type TestNats } from '../support/nats.ts'

describe.skipIf(missingNats)('on a real nats-server', () => {
  let nats: TestNats
  let streams = 0
  beforeAll(async () => {
    nats = await startNats()
  })
  afterAll(() => nats.dispose())

  logContract(
    'NATS log',
    async ({ idempotencyWindowMs }) => {
      const open = { servers: nats.url, stream: `contract-${streams++}`, idempotencyWindowMs }
      return {
        log: await natsLog(open),
        // What has aged is for the server to say, and its clock is the real one.
        elapse: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
        reopen: () => natsLog(open),
      }
    },
    { describe, it, expect },
    { durable: true },
  )
})
