import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { DEFAULT_LIMITS } from '../../src/connection/limits.ts'
import { Pace } from '../../src/connection/pace.ts'

const PER_SECOND = 1_000
/** What a message is counted beside its bytes. */
const COST = 128

interface Message {
  /** As it came, and as it is once it is inflated. */
  readonly onWire: number
  readonly inMemory: number
}

const alike = (bytes: number): Message => ({ onWire: bytes, inMemory: bytes })

/**
 * Sends as fast as it is read from, in reads of so many messages; a read is over before anybody can stop it. Answers how long
 * it took until more could be read.
 */
function flood(reads: readonly (readonly Message[])[]): number {
  const pace = new Pace({ ...DEFAULT_LIMITS, bytesPerSecond: PER_SECOND })
  let [now, bytesRead] = [0, 0]
  for (const messages of reads) {
    for (const { onWire } of messages) bytesRead += onWire
    let wait = 0
    for (const { inMemory } of messages) {
      // As a connection does: the first one that is too much stops the reading, for as long as it says.
      const said = pace.weigh(inMemory, bytesRead, now)
      if (wait === 0) wait = said
    }
    now += wait
  }
  return now
}

describe('bytes above the limit', () => {
  it('are waited for, however they are cut into reads, as long as the limit says and no longer', () => {
    const message = fc.nat(2_000).map(alike)
    const reads = fc.array(fc.array(message, { minLength: 1, maxLength: 4 }), {
      minLength: 1,
      maxLength: 40,
      size: 'max',
    })
    fc.assert(
      fc.property(reads, (given) => {
        const ms = flood(given)
        const taken = given.flat().reduce((sum, { onWire }) => sum + onWire + COST, 0)
        const read = 4 * (2_000 + COST)
        // Two seconds' worth is there at first; what is owed for one read is waited for before the one after the next.
        expect(taken).toBeLessThanOrEqual(PER_SECOND * (2 + ms / 1_000) + 2 * read)
        expect(ms).toBeLessThanOrEqual(Math.max(0, (taken / PER_SECOND - 2) * 1_000) + given.length)
      }),
    )
  })

  it.each([
    ['plain', { onWire: 872, inMemory: 872 }],
    ['all heads of frames', { onWire: 872, inMemory: 0 }],
    ['compressed', { onWire: 20, inMemory: 872 }],
  ])('cost that time in the long run where they are %s', (_, message) => {
    const ms = flood(Array.from({ length: 200 }, () => [message, message, message]))
    // 600 messages of 1,000, two of which were there at first.
    expect(ms).toBeGreaterThan(590_000)
    expect(ms).toBeLessThanOrEqual(598_200)
  })
})
