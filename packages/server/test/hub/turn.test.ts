import { describe, expect, it } from 'vitest'
import { Turn } from '../../src/hub/turn.ts'
import { TurnClock } from './support.ts'

/** A turn in which writing takes `ms`, for a group in which `messages` were published. */
function write(clock: TurnClock, turn: Turn, ms: number, messages: number): void {
  turn.addGroup({ length: messages, clear() {} })
  turn.add({
    flush() {
      clock.time += ms
    },
    flushEarly() {},
  })
  clock.end()
}

/** In how many milliseconds what is added now is written; 0 at the end of the turn. */
function wait(clock: TurnClock, turn: Turn): number {
  let written = false
  turn.add({
    flush() {
      written = true
    },
    flushEarly() {},
  })
  clock.end()
  const from = clock.time
  while (!written) clock.advance(0.5)
  return clock.time - from
}

describe('after a turn whose writing took long', () => {
  it('and joined messages, the next waits for a quarter of that, so that they come together', () => {
    const clock = new TurnClock()
    const turn = new Turn(clock)
    write(clock, turn, 8, 2)
    expect(wait(clock, turn)).toBe(2)
    // It was short itself.
    expect(wait(clock, turn)).toBe(0)
  })

  it('nobody waits longer than five milliseconds', () => {
    const clock = new TurnClock()
    const turn = new Turn(clock)
    write(clock, turn, 400, 32)
    expect(wait(clock, turn)).toBe(5)
  })

  it('what comes later than that does not wait', () => {
    const clock = new TurnClock()
    const turn = new Turn(clock)
    write(clock, turn, 8, 2)
    clock.advance(1)
    expect(wait(clock, turn)).toBe(1)
    write(clock, turn, 8, 2)
    clock.advance(2)
    expect(wait(clock, turn)).toBe(0)
  })

  it.each([
    ['nothing was joined', 8, 1],
    ['it was short all the same', 0.9, 32],
  ])('and %s, the next is the end of its turn', (_, ms, messages) => {
    const clock = new TurnClock()
    const turn = new Turn(clock)
    write(clock, turn, ms, messages)
    expect(wait(clock, turn)).toBe(0)
  })
})
