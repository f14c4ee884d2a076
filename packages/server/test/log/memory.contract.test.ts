import { describe, expect, it } from 'vitest'
import { logContract } from '../../src/log/contract.ts'
import { memoryLog } from '../../src/log/memory.ts'
import { HandClock, seededRandom } from './hand-clock.ts'

logContract(
  'memory log',
  ({ idempotencyWindowMs }) => {
    const clock = new HandClock()
    const log = memoryLog({ clock, random: seededRandom(), idempotencyWindowMs })
    return { log, elapse: (ms) => clock.advance(ms) }
  },
  { describe, it, expect },
)
