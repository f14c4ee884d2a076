import { describe, expect, it } from 'vitest'
import { logContract } from '../../src/log/contract.ts'
import { memoryLog } from '../../src/log/memory.ts'
import { HandClock, seededRandom } from '../log/hand-clock.ts'
import { openOffice } from './office.ts'

logContract(
  'the log of workers',
  ({ idempotencyWindowMs }) => {
    const clock = new HandClock()
    const office = openOffice({ log: memoryLog({ clock, random: seededRandom(), idempotencyWindowMs }) })
    const elapse = async (ms: number) => {
      clock.advance(ms)
      await new Promise((resolve) => setImmediate(resolve))
    }
    return { log: office.worker('a').log, elapse }
  },
  { describe, it, expect },
)
