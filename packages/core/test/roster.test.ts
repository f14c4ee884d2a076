import { applyToRoster, type Entry, Roster, replaceRoster } from '@rollcall/core'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'

const entry = (id: string, key: string, rev = 1, meta: unknown = `${key}${rev}`): Entry => ({ id, key, meta, rev })
const rosterOf = (...entries: Entry[]) => {
  const roster = new Roster()
  for (const each of entries) roster.set(each)
  return roster
}
const one = (key: string, meta: unknown, ...ids: string[]) => ({ key, meta, entries: ids.map((id) => ({ id, meta })) })

describe('a diff tells of keys', () => {
  test.each<[string, Entry[], Entry[], string[], unknown[]]>([
    ['the first entry joins', [], [entry('1', 'a')], [], [{ kind: 'joined', member: one('a', 'a1', '1') }]],
    [
      'a second entry is an update',
      [entry('1', 'a')],
      [entry('2', 'a')],
      [],
      [{ kind: 'updated', member: one('a', 'a1', '1', '2'), previous: one('a', 'a1', '1') }],
    ],
    [
      'an entry changed is one update',
      [entry('1', 'a')],
      [entry('1', 'a', 2)],
      [],
      [{ kind: 'updated', member: one('a', 'a2', '1'), previous: one('a', 'a1', '1') }],
    ],
    ['an entry known already is nothing', [entry('1', 'a')], [entry('1', 'a', 1, 'other')], [], []],
    [
      'one entry of two gone is an update',
      [entry('1', 'a'), entry('2', 'a')],
      [],
      ['1'],
      [{ kind: 'updated', member: one('a', 'a1', '2'), previous: one('a', 'a1', '1', '2') }],
    ],
    ['the last entry leaves', [entry('1', 'a')], [], ['1'], [{ kind: 'left', member: one('a', 'a1', '1') }]],
    ['an unknown entry gone is nothing', [entry('1', 'a')], [], ['9'], []],
    ['come and gone in one diff is nothing', [], [entry('1', 'a')], ['1'], []],
    [
      'a reload in one diff is one update',
      [entry('1', 'a')],
      [entry('2', 'a')],
      ['1'],
      [{ kind: 'updated', member: one('a', 'a1', '2'), previous: one('a', 'a1', '1') }],
    ],
    [
      'an entry that changes its key leaves one and joins another',
      [entry('1', 'a')],
      [entry('1', 'b')],
      [],
      [
        { kind: 'left', member: one('a', 'a1', '1') },
        { kind: 'joined', member: one('b', 'b1', '1') },
      ],
    ],
    [
      'keys of Object.prototype are keys',
      [],
      [entry('1', '__proto__'), entry('2', 'constructor')],
      [],
      [
        { kind: 'joined', member: one('__proto__', '__proto__1', '1') },
        { kind: 'joined', member: one('constructor', 'constructor1', '2') },
      ],
    ],
  ])('%s', (_, before, set, gone, changes) => {
    expect(applyToRoster(rosterOf(...before), set, gone)).toEqual(changes)
  })
})

test('the newest entry speaks for its member', () => {
  const roster = rosterOf(entry('1', 'a', 1, 'old'), entry('2', 'a', 1, 'new'))
  expect(roster.member('a')?.meta).toBe('new')
})

test('a member is the same object until it changes', () => {
  const roster = rosterOf(entry('1', 'a'), entry('2', 'b'))
  const [a, b] = roster.members()
  applyToRoster(roster, [entry('2', 'b', 2)], [])
  expect(roster.member('a')).toBe(a)
  expect(roster.member('b')).not.toBe(b)
})

test('members stand in the order in which they came, also after an update', () => {
  const roster = rosterOf(entry('1', 'c'), entry('2', 'a'), entry('3', 'b'))
  applyToRoster(roster, [entry('1', 'c', 2)], [])
  expect(roster.members().map((member) => member.key)).toEqual(['c', 'a', 'b'])
})

const anyEntry = fc
  .record({ id: fc.constantFrom('1', '2', '3', '4', '5'), key: fc.constantFrom('a', 'b', 'c'), rev: fc.nat(3) })
  .map(({ id, key, rev }) => entry(id, key, rev))
const anyDiff = fc.record({ set: fc.array(anyEntry), gone: fc.array(fc.constantFrom('1', '2', '3', '4', '5')) })

const contents = (roster: Roster) => new Map([...roster.entries()].map((each) => [each.id, each]))

test('diffs applied are the state, whatever they are', () => {
  fc.assert(
    fc.property(fc.array(anyDiff), (diffs) => {
      const roster = new Roster()
      const model = new Map<string, Entry>()
      const keys = new Map<string, unknown>()
      for (const { set, gone } of diffs) {
        // A rev names one state of an entry, so the same rev of the same entry changes nothing.
        for (const each of set) {
          const known = model.get(each.id)
          if (known?.rev !== each.rev || known.key !== each.key) model.set(each.id, each)
        }
        for (const id of gone) model.delete(id)
        for (const change of applyToRoster(roster, set, gone)) {
          if (change.kind === 'left') keys.delete(change.member.key)
          else keys.set(change.member.key, change.member)
        }
      }
      expect(contents(roster)).toEqual(model)
      expect(roster.size).toBe(model.size)
      expect(roster.count).toBe(new Set([...model.values()].map(({ key }) => key)).size)
      // Whoever follows the changes knows the members.
      expect(new Set(keys.values())).toEqual(new Set(roster.members()))
    }),
  )
})

test('a replaced roster is the state, and its changes lead there', () => {
  const state = fc.uniqueArray(anyEntry, { selector: ({ id }) => id })
  fc.assert(
    fc.property(state, state, (before, after) => {
      const roster = rosterOf(...before)
      const members = new Map(roster.members().map((member) => [member.key, member]))
      for (const change of replaceRoster(roster, after)) {
        if (change.kind === 'left') members.delete(change.member.key)
        else members.set(change.member.key, change.member)
      }
      expect(new Set(members.values())).toEqual(new Set(roster.members()))
      expect(new Set([...roster.entries()].map(({ id }) => id))).toEqual(new Set(after.map(({ id }) => id)))
    }),
  )
})
