import type { Entry, RosterDiff, RosterState } from '@rollcall/core'
import { describe, expect, test } from 'vitest'
import { countText, diffText, stateText } from '../../src/phoenix/presence.ts'

const entry = (id: string, key: string, rev: number, meta: unknown): Entry => ({ id, key, rev, meta })
const version = { epoch: 'e', version: 1 }
const state = (...entries: Entry[]): RosterState => ({ version, entries })
const diff = (more: Partial<RosterDiff>): RosterDiff => ({
  version,
  since: 0,
  joins: [],
  updates: [],
  leaves: [],
  ...more,
})

describe('a state', () => {
  test('has the metas of each key, with what names them', () => {
    const text = stateText(
      state(entry('c1', 'tyr', 1, { name: 'Tyr' }), entry('c2', 'bob', 4, {}), entry('c3', 'tyr', 2, { name: 'T' })),
    )
    expect(JSON.parse(text)).toEqual({
      tyr: {
        metas: [
          { name: 'Tyr', phx_ref: 'c1:1' },
          { name: 'T', phx_ref: 'c3:2' },
        ],
      },
      bob: { metas: [{ phx_ref: 'c2:4' }] },
    })
  })

  test('of nobody is empty', () => {
    expect(stateText(state())).toBe('{}')
  })

  test('is encoded once', () => {
    const metas = state(entry('c1', 'tyr', 1, { name: 'Tyr' }))
    expect(stateText(metas)).toBe(stateText(metas))
  })

  test('with keys that objects have of themselves has them as any others', () => {
    const text = stateText(state(entry('c1', '__proto__', 1, { a: 1 }), entry('c2', 'constructor', 1, { a: 2 })))
    expect(text).toBe(
      '{"__proto__":{"metas":[{"a":1,"phx_ref":"c1:1"}]},"constructor":{"metas":[{"a":2,"phx_ref":"c2:1"}]}}',
    )
    expect(Object.getOwnPropertyNames(JSON.parse(text))).toEqual(['__proto__', 'constructor'])
  })

  test.each([
    ['text', '"text"'],
    [7, '7'],
    [[1], '[1]'],
    [null, 'null'],
    [undefined, 'null'],
  ])('with metadata %j, no object, has it as meta', (meta, encoded) => {
    expect(stateText(state(entry('c', 'k', 1, meta)))).toBe(`{"k":{"metas":[{"meta":${encoded},"phx_ref":"c:1"}]}}`)
  })

  test('with metadata that has our names keeps ours', () => {
    const text = stateText(state(entry('c', 'k', 1, { phx_ref: 'forged' })))
    expect(JSON.parse(text)).toEqual({ k: { metas: [{ phx_ref: 'c:1' }] } })
  })
})

describe('a diff', () => {
  test('has an update on both sides, each naming its own state', () => {
    const previous = entry('c1', 'tyr', 1, { name: 'Tyr' })
    const text = diffText(
      diff({
        joins: [entry('c2', 'bob', 3, { name: 'Bob' })],
        updates: [{ entry: { ...previous, rev: 2, meta: { name: 'Tyr', away: true } }, previous }],
        leaves: [entry('c3', 'eve', 9, { name: 'Eve' })],
      }),
    )
    expect(JSON.parse(text)).toEqual({
      joins: {
        bob: { metas: [{ name: 'Bob', phx_ref: 'c2:3' }] },
        tyr: { metas: [{ name: 'Tyr', away: true, phx_ref: 'c1:2', phx_ref_prev: 'c1:1' }] },
      },
      leaves: {
        tyr: { metas: [{ name: 'Tyr', phx_ref: 'c1:1' }] },
        eve: { metas: [{ name: 'Eve', phx_ref: 'c3:9' }] },
      },
    })
  })

  test('of nothing is empty', () => {
    expect(diffText(diff({}))).toBe('{"joins":{},"leaves":{}}')
  })
})

test('a count says how many', () => {
  expect(countText({ version, members: 2, entries: 3 })).toBe('{"members":2,"entries":3}')
})
