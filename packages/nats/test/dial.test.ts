import type { Clock, Random } from '@rollcall/core'
import { describe, expect, it } from 'vitest'
import { ReconnectPace } from '../src/dial.ts'

/** How long after each loss or failed attempt the next attempt is made, where chance is always `fraction`. */
function waits(fraction: number, failures: number): number[] {
  let now = 1_000_000
  const clock: Clock = { now: () => now, after: () => () => {}, soon: () => () => {} }
  const random: Random = { fraction: () => fraction, token: () => '' }
  const pace = new ReconnectPace({ clock, random, reconnect: { minMs: 100, maxMs: 5000 } })
  let lastAttemptAt = now
  now += 3_600_000
  pace.hear('disconnect')
  const waited: number[] = []
  for (let i = 0; i < failures; i++) {
    // As the library has it: not before the delay has passed since its last attempt.
    const at = Math.max(now, lastAttemptAt + pace.delayMs())
    waited.push(at - now)
    now = at
    lastAttemptAt = at
    pace.hear('reconnecting')
  }
  pace.hear('reconnect')
  now += 1000
  pace.hear('disconnect')
  waited.push(lastAttemptAt + pace.delayMs() - now)
  return waited
}

describe('the pace of reconnecting', () => {
  it.each([
    [0, [100, 100, 100, 100, 100, 100, 100, 100]],
    [0.5, [150, 250, 450, 850, 1650, 2550, 2550, 150]],
    [0.999, [200, 400, 799, 1599, 3197, 4995, 4995, 200]],
  ])('is jittered in full from the first attempt on: with chance at %d it waits %j ms', (fraction, expected) => {
    expect(waits(fraction, 7)).toEqual(expected)
  })
})
