import type { Entry, RosterDiff } from '@rollcall/core'
import { beforeEach, describe, expect, it } from 'vitest'
import { Replica } from '../../src/presence/replica.ts'
import type { ReplicaMessage } from '../../src/presence/replica-message.ts'
import { TRACKER_DEFAULTS, Tracker } from '../../src/presence/tracker.ts'
import { TurnClock } from '../hub/support.ts'

const entry = (id: string, rev = 1): Entry => ({ id, key: id, meta: null, rev })

/** Two nodes interested in one topic; what they say arrives at once, unless it is lost. */
class Node {
  readonly name: string
  readonly replica: Replica
  readonly tracker: Tracker
  other: Node | null = null
  lost = false
  requests = 0
  readonly told: RosterDiff[] = []

  constructor(name: string) {
    this.name = name
    this.tracker = new Tracker(name, new TurnClock(), TRACKER_DEFAULTS, (diff) => this.told.push(diff))
    this.replica = new Replica(`life of ${name}`, this.tracker, {
      broadcast: (message) => this.#say(message),
      tell: (_, message) => this.#say(message),
      request: (node) => {
        this.requests++
        const { other } = this
        // Who has lost interest has nobody there.
        const nothing: ReplicaMessage = { kind: 'snapshot', life: 'none', n: 0, entries: [], part: 1, of: 1 }
        const answer = other?.replica.snapshot() ?? [nothing]
        for (const part of answer) this.replica.hear(node, part)
        this.replica.unanswered(node)
      },
    })
  }

  #say(message: ReplicaMessage): void {
    if (!this.lost) this.other?.replica.hear(this.name, message)
  }

  get seen(): string[] {
    return [...this.tracker.roster.entries()].map(({ id }) => id).sort()
  }
}

let a: Node
let b: Node

beforeEach(() => {
  a = new Node('a')
  b = new Node('b')
  a.other = b
  b.other = a
})

describe('a replica', () => {
  it('takes a state that it is told again for no update', () => {
    a.replica.set(entry('1'))
    a.replica.flush()
    b.tracker.flush()
    b.replica.hide('a')
    b.tracker.flush()
    // It is asked for its snapshot, which says the same.
    b.replica.unhide('a')
    b.tracker.flush()
    expect(b.requests).toBe(1)
    expect(b.told.map(({ joins, updates, leaves }) => [joins.length, updates.length, leaves.length])).toEqual([
      [1, 0, 0],
      [0, 0, 1],
      [1, 0, 0],
    ])
    for (const part of a.replica.snapshot()) b.replica.hear('a', part)
    b.tracker.flush()
    expect(b.told).toHaveLength(3)
  })

  it('sees what the other one says, and asks for the whole when a number is missing', () => {
    a.replica.set(entry('1'))
    a.replica.flush()
    a.lost = true
    a.replica.set(entry('2'))
    a.replica.flush()
    a.lost = false
    expect(b.seen).toEqual(['1'])
    a.replica.set(entry('3'))
    a.replica.flush()
    expect(b.seen).toEqual(['1', '2', '3'])
    expect(b.requests).toBe(1)
  })

  it('learns of a lost last word by the mark', () => {
    a.replica.set(entry('1'))
    a.replica.flush()
    a.lost = true
    a.replica.delete('1')
    a.replica.flush()
    a.lost = false
    expect(b.seen).toEqual(['1'])
    a.replica.mark()
    expect(b.seen).toEqual([])
  })

  it('lets go of what a node left whose last word was lost, and that has lost interest since', () => {
    a.replica.set(entry('1'))
    a.replica.flush()
    a.lost = true
    a.replica.delete('1')
    a.replica.flush()
    b.other = null
    for (let i = 0; i < 2; i++) b.replica.mark()
    expect(b.seen).toEqual(['1'])
    b.replica.mark()
    expect(b.seen).toEqual([])
  })

  it('asks nothing of a node that it hears', () => {
    a.replica.set(entry('1'))
    a.replica.flush()
    for (let i = 0; i < 10; i++) {
      a.replica.mark()
      b.replica.mark()
    }
    expect([a.requests, b.requests]).toEqual([0, 0])
  })
})
