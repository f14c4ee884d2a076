import type { Clock } from '@rollcall/core'
import { type MemoryBus, memoryBus, type Passage } from 'rollcall/broker'
import type { SeededRandom } from '../chance/seeded-random.ts'
import { DelayLine } from '../time/delay-line.ts'
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
  const lines = new Map<string, DelayLine>()
  const delay = () => conditions().delayMs + random.fraction() * conditions().jitterMs

  const lineOf = ({ from, to }: Passage): DelayLine => {
    const pair = `${from}\n${to}`
    const known = lines.get(pair)
    if (known) return known
    const line = new DelayLine(host(to), delay)
    lines.set(pair, line)
    return line
  }

  const travel = (passage: Passage) => {
    if (random.chance(conditions().reorder)) {
      faulty('busReordered')
      host(passage.to).after(delay() + random.fraction() * 4 * delay(), () => passage.arrive())
    } else lineOf(passage).add(() => passage.arrive())
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
