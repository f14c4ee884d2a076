import type { Clock } from '@rollcall/core'
import { type MemoryBus, memoryBus, type Passage } from 'rollcall/broker'
import type { SeededRandom } from '../chance/seeded-random.ts'
import type { HostClock } from '../time/host-clock.ts'
import type { BusConditions } from './conditions.ts'

export interface BusOptions {
  readonly clock: Clock
  readonly random: SeededRandom
  readonly conditions: () => BusConditions
  readonly host: (node: string) => HostClock
  /** Whether nothing gets from one node to the other. */
  readonly severed: (from: string, to: string) => boolean
  /** Something was not delivered, or delivered twice, or late. */
  readonly faulty: (fault: 'busDropped' | 'busDuplicated' | 'busReordered') => void
}

/** Joins nodes as a message broker does, with its faults. */
export function faultyBus(options: BusOptions): MemoryBus {
  const { random, conditions, host, severed, faulty } = options
  const lastArrival = new Map<string, number>()

  const travel = (passage: Passage) => {
    const { delayMs, jitterMs, reorder } = conditions()
    const clock = host(passage.to)
    const now = clock.now()
    const arrival = now + delayMs + random.fraction() * jitterMs
    if (random.chance(reorder)) {
      faulty('busReordered')
      clock.after(arrival - now + random.fraction() * 4 * (delayMs + jitterMs), () => passage.arrive())
      return
    }
    const pair = `${passage.from}\n${passage.to}`
    const inOrder = Math.max(arrival, lastArrival.get(pair) ?? 0)
    lastArrival.set(pair, inOrder)
    clock.after(inOrder - now, () => passage.arrive())
  }

  return memoryBus({
    clock: options.clock,
    deliver: (passage) => {
      const { drop, duplicate } = conditions()
      if (severed(passage.from, passage.to) || random.chance(drop)) {
        faulty('busDropped')
        return
      }
      travel(passage)
      // Only messages: a broker never answers a question twice.
      if (passage.kind === 'message' && random.chance(duplicate)) {
        faulty('busDuplicated')
        travel(passage)
      }
    },
  })
}
