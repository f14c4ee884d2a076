import { applyToRoster, type Entry, Roster, type RosterDiff, replaceRoster } from '@rollcall/core'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { TRACKER_DEFAULTS, Tracker } from '../../src/presence/tracker.ts'
import { TurnClock } from '../hub/support.ts'

const entry = (id: string, key = id, rev = 1, meta: unknown = { name: key }): Entry => ({ id, key, meta, rev })

function setup(options = {}) {
  const clock = new TurnClock()
  const diffs: RosterDiff[] = []
  const tracker = new Tracker('E', clock, { ...TRACKER_DEFAULTS, ...options }, (diff) => diffs.push(diff))
  return { clock, diffs, tracker }
}

describe('a tracker', () => {
  it('tells the first change after a quiet time at the end of the turn, and gathers the next ones', () => {
    const { clock, diffs, tracker } = setup()
    tracker.set(entry('a'))
    expect(diffs).toEqual([])
    clock.end()
    expect(diffs).toHaveLength(1)
    tracker.set(entry('b'))
    clock.end()
    tracker.set(entry('c'))
    clock.end()
    expect(diffs).toHaveLength(1)
    clock.advance(20)
    expect(diffs).toHaveLength(2)
    expect(diffs[1]).toEqual({
      version: { epoch: 'E', version: 2 },
      since: 1,
      joins: [entry('b'), entry('c')],
      updates: [],
      leaves: [],
    })
  })

  it('tells an update as one update, with what was before', () => {
    const { clock, diffs, tracker } = setup()
    tracker.set(entry('a', 'a', 1))
    clock.end()
    tracker.set(entry('a', 'a', 2, { name: 'b' }))
    tracker.set(entry('a', 'a', 3, { name: 'c' }))
    clock.advance(20)
    expect(diffs[1]?.updates).toEqual([{ entry: entry('a', 'a', 3, { name: 'c' }), previous: entry('a', 'a', 1) }])
    expect(diffs[1]?.joins).toEqual([])
  })

  it('never tells of who came and went within one interval', () => {
    const { clock, diffs, tracker } = setup()
    tracker.set(entry('a'))
    clock.end()
    tracker.set(entry('b'))
    tracker.delete('b')
    clock.advance(1_000)
    expect(diffs).toHaveLength(1)
    expect(tracker.version.version).toBe(1)
  })

  it('waits longer the more are here, up to a bound', () => {
    const { clock, diffs, tracker } = setup({ intervalMsPerEntry: 1, maxIntervalMs: 50 })
    for (let i = 0; i < 200; i++) tracker.set(entry(`m${i}`))
    clock.end()
    tracker.set(entry('late'))
    clock.advance(49)
    expect(diffs).toHaveLength(1)
    clock.advance(1)
    expect(diffs).toHaveLength(2)
  })

  it('gives its state as of the last diff: who waits to be told is not in it yet', () => {
    const { clock, tracker } = setup()
    tracker.set(entry('a'))
    clock.end()
    tracker.set(entry('b'))
    tracker.delete('a')
    expect(tracker.state()).toEqual({ version: { epoch: 'E', version: 1 }, entries: [entry('a')] })
    expect(tracker.state()).toBe(tracker.state())
    clock.advance(20)
    expect(tracker.state().entries).toEqual([entry('b')])
  })

  it('gives a returning client what changed since its version', () => {
    const { clock, tracker } = setup()
    for (const id of ['a', 'b', 'c']) {
      tracker.set(entry(id))
      clock.advance(20)
    }
    tracker.delete('a')
    tracker.set(entry('b', 'b', 2))
    clock.advance(20)
    expect(tracker.diffSince({ epoch: 'E', version: 2 })).toMatchObject({
      since: 2,
      joins: [entry('b', 'b', 2), entry('c')],
      leaves: [entry('a')],
    })
    expect(tracker.diffSince({ epoch: 'E', version: 4 })).toMatchObject({ joins: [], leaves: [] })
  })

  it.each([
    ['another epoch', { epoch: 'other', version: 1 }],
    ['a version of the future', { epoch: 'E', version: 99 }],
  ])('cannot continue %s', (_, version) => {
    const { clock, tracker } = setup()
    tracker.set(entry('a'))
    clock.end()
    expect(tracker.diffSince(version)).toBeNull()
  })

  it('cannot continue a version whose leaves are forgotten', () => {
    const { clock, tracker } = setup({ tombstones: 4 })
    for (let i = 0; i < 20; i++) {
      tracker.set(entry(`x${i}`))
      clock.advance(20)
      tracker.delete(`x${i}`)
      clock.advance(20)
    }
    expect(tracker.diffSince({ epoch: 'E', version: 2 })).toBeNull()
    expect(tracker.diffSince({ epoch: 'E', version: 38 })).not.toBeNull()
  })
})

describe('whatever happens', () => {
  const step = fc.oneof(
    fc.record({ do: fc.constant('set' as const), id: fc.nat(6), meta: fc.nat(3) }),
    fc.record({ do: fc.constant('delete' as const), id: fc.nat(6) }),
    fc.record({ do: fc.constant('time' as const), ms: fc.nat(30) }),
  )

  it('a client that applies every diff, and one that comes back with an old version, hold the roster', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 80, size: 'max' }), fc.nat(80), (steps, away) => {
        const clock = new TurnClock()
        const steady = new Roster()
        const returning = new Roster()
        let held = { epoch: 'E', version: 0 }
        let count = 0
        const tracker = new Tracker('E', clock, { ...TRACKER_DEFAULTS, tombstones: 6 }, (diff) => {
          const set = [...diff.joins, ...diff.updates.map((update) => update.entry)]
          const gone = diff.leaves.map(({ id }) => id)
          applyToRoster(steady, set, gone)
          if (count <= away) {
            applyToRoster(returning, set, gone)
            held = diff.version
          }
        })
        let rev = 0
        for (const s of steps) {
          count++
          if (s.do === 'set') tracker.set(entry(`e${s.id}`, `k${s.id % 4}`, ++rev, s.meta))
          else if (s.do === 'delete') tracker.delete(`e${s.id}`)
          else clock.advance(s.ms)
        }
        clock.advance(2_000)
        const back = tracker.diffSince(held)
        if (back)
          applyToRoster(
            returning,
            back.joins,
            back.leaves.map(({ id }) => id),
          )
        else replaceRoster(returning, tracker.state().entries)
        const sorted = (roster: Roster) => [...roster.entries()].sort((a, b) => a.id.localeCompare(b.id))
        expect(sorted(steady)).toEqual(sorted(tracker.roster))
        expect(sorted(returning)).toEqual(sorted(tracker.roster))
      }),
      { numRuns: 500 },
    )
  })
})
