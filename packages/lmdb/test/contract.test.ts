import { logContract } from 'rollcall/log/contract'
import { describe, expect, it } from 'vitest'
import { lmdbLog } from '../src/open.ts'
import { HalfClock, namedRandom } from './half-clock.ts'
import { temporary } from './temporary.ts'

for (const accepted of ['memory', 'written', 'synced'] as const) {
  logContract(
    `lmdb log, ${accepted}`,
    async ({ idempotencyWindowMs }) => {
      const clock = new HalfClock()
      const folder = temporary()
      const open = () => lmdbLog({ folder, accepted, clock, random: namedRandom('e'), idempotencyWindowMs })
      return { log: await open(), elapse: (ms) => clock.advance(ms), reopen: open }
    },
    { describe, it, expect },
    { durable: true },
  )
}
