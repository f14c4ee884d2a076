import type { Entry } from '@rollcall/core'
import { beforeEach, describe, expect, it } from 'vitest'
import { Replica } from '../../src/presence/replica.ts'
import { pieces, type ReplicaMessage, toReplicaMessage } from '../../src/presence/replica-message.ts'
import { TRACKER_DEFAULTS, Tracker } from '../../src/presence/tracker.ts'
import { TurnClock } from '../hub/support.ts'

const MIB = 1_048_576

const entry = (i: number): Entry => ({ id: `id-${i}`, key: `user-${i}`, meta: { about: 'é'.repeat(1_000) }, rev: 1 })

let said: ReplicaMessage[]
let requests: string[]
let a: Replica
let b: Replica
let seen: Tracker

beforeEach(() => {
  said = []
  requests = []
  const tracker = () => new Tracker('t', new TurnClock(), TRACKER_DEFAULTS, () => {})
  const voice = {
    broadcast: (message: ReplicaMessage) => said.push(message),
    tell: (_: string, message: ReplicaMessage) => said.push(message),
    request: (node: string) => void requests.push(node),
  }
  a = new Replica('life', tracker(), voice)
  seen = tracker()
  b = new Replica('other life', seen, { ...voice, broadcast: () => {} })
})

const bytesOf = (message: ReplicaMessage) => Buffer.byteLength(JSON.stringify(message))
const hear = (messages: readonly ReplicaMessage[]) => {
  for (const message of messages) b.hear('a', message)
}

describe('a replica of a room that is larger than a message', () => {
  it('tells changes in pieces that every engine carries', () => {
    for (let i = 0; i < 2_000; i++) a.set(entry(i))
    a.flush()
    expect(said.length).toBeGreaterThan(10)
    expect(Math.max(...said.map(bytesOf))).toBeLessThan(MIB / 2)
    hear(said)
    expect(seen.roster.size).toBe(2_000)
    expect(requests).toEqual([])

    said = []
    for (let i = 0; i < 2_000; i++) a.delete(`id-${i}`)
    a.flush()
    hear(said)
    expect(seen.roster.size).toBe(0)
  })

  it('tells all of it in parts, in whatever order they arrive', () => {
    for (let i = 0; i < 1_000; i++) a.set(entry(i))
    const parts = a.snapshot()
    expect(parts.length).toBeGreaterThan(5)
    expect(Math.max(...parts.map(bytesOf))).toBeLessThan(MIB / 2)
    hear(parts.slice(0, -1).reverse())
    expect(seen.roster.size).toBe(0)
    hear(parts.slice(-1))
    expect(seen.roster.size).toBe(1_000)
  })

  it('shows nothing of a snapshot that lacks a part, and asks again', () => {
    for (let i = 0; i < 1_000; i++) a.set(entry(i))
    hear(a.snapshot().slice(1))
    b.unanswered('a')
    expect(seen.roster.size).toBe(0)
    a.mark()
    hear(said.filter(({ kind }) => kind === 'mark'))
    expect(requests).toEqual(['a'])
    // The parts of another snapshot do not complete it.
    a.delete('id-0')
    const [first] = a.snapshot()
    hear(first ? [first] : [])
    expect(seen.roster.size).toBe(0)
    hear(a.snapshot())
    expect(seen.roster.size).toBe(999)
  })
})

describe('pieces', () => {
  it.each([
    [[], [[]]],
    [['a', 'b'], [['a', 'b']]],
    // One that is too large goes alone.
    [
      ['x'.repeat(MIB), 'b'],
      [['x'.repeat(MIB)], ['b']],
    ],
  ])('%#', (items, expected) => {
    expect(pieces(items)).toEqual(expected)
  })

  it('are not taken from what is no number', () => {
    const snapshot = { kind: 'snapshot', life: 'l', n: 1, entries: [] }
    expect(toReplicaMessage(snapshot)).toEqual({ ...snapshot, part: 1, of: 1 })
    for (const wrong of [{ part: 'x' }, { of: -1 }, { part: 1.5 }, { of: null }])
      expect(toReplicaMessage({ ...snapshot, ...wrong })).toBeNull()
  })
})
