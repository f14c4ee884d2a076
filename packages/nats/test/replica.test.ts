import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Block, ownBlock, type Stored, toEntry } from '../src/log/block.ts'
import { follows, Replica } from '../src/log/replica.ts'

interface Plan {
  readonly id: string
  readonly prev: number
  readonly prevId: string
  readonly base: number
  readonly epoch?: string
  readonly keys?: readonly string[]
}

/** A block with one message for each key; with one, keyed by its id, if none are given. */
function stored(seq: number, { keys, epoch = 'e', ...plan }: Plan): Stored {
  const entries = (keys ?? [plan.id]).map((key) =>
    toEntry({ event: 'message', payload: key, from: null, at: seq }, key),
  )
  const retention = { messages: 10, ageMs: 10, bytes: 10 }
  return { seq, at: seq, block: ownBlock({ ...plan, epoch, bytesBefore: 0, retention }, entries) }
}

function hearing(windowMs = 1000) {
  const heard: string[] = []
  const replica = new Replica(windowMs, {
    applied: ({ block }) => void heard.push(...block.messages.map(({ offset, payload }) => `${offset} ${payload}`)),
    reset: (reason, { epoch, offset }) => void heard.push(`${reason} ${epoch} ${offset}`),
  })
  return { replica, heard }
}

const first = stored(5, { id: 'a', prev: 0, prevId: '', base: 1 })

describe('a replica', () => {
  it('begins at an end, and tells nothing of what led there', () => {
    const { replica, heard } = hearing()
    expect(replica.offer(first, 0)).toBe('gap')
    replica.begin(first, { seq: 5, id: 'a' })
    expect(replica.tip).toMatchObject({ seq: 5, id: 'a', base: 1, top: 1 })
    expect(heard).toEqual([])
  })

  it('knows all keys if it begins at the first block, and not else', () => {
    const { replica } = hearing()
    replica.begin(first, { seq: 5, id: 'a' })
    expect([replica.keysComplete, replica.keys.offsetOf('a', 5)]).toEqual([true, 1])
    const later = hearing().replica
    later.begin(stored(9, { id: 'b', prev: 5, prevId: 'a', base: 2 }), { seq: 9, id: 'b' })
    expect(later.keysComplete).toBe(false)
  })

  it.each<[string, Stored, number, string, string[]]>([
    ['its own end', first, 0, 'known', []],
    ['what stands before it', stored(4, { id: 'x', prev: 0, prevId: '', base: 1 }), 0, 'known', []],
    ['what comes next', stored(9, { id: 'b', prev: 5, prevId: 'a', base: 2 }), 5, 'applied', ['2 b']],
    ['what comes later', stored(9, { id: 'c', prev: 8, prevId: 'b', base: 3 }), 8, 'gap', []],
    ['the second for a place', stored(9, { id: 'b', prev: 2, prevId: '?', base: 1 }), 5, 'void', []],
    ['a namesake of its end', stored(9, { id: 'b', prev: 5, prevId: 'A', base: 2 }), 5, 'void', []],
    [
      'another epoch',
      stored(9, { id: 'b', prev: 5, prevId: 'a', base: 2, epoch: 'f' }),
      5,
      'applied',
      ['epoch_changed f 1', '2 b'],
    ],
    ['no message', stored(9, { id: 'b', prev: 5, prevId: 'a', base: 2, keys: [] }), 5, 'applied', []],
  ])('that stands at its first message meets %s', (_, next, after, verdict, told) => {
    const { replica, heard } = hearing()
    replica.begin(first, { seq: 5, id: 'a' })
    expect(replica.offer(next, after)).toBe(verdict)
    expect(heard).toEqual(told)
  })

  it('goes on behind a void block', () => {
    const { replica, heard } = hearing()
    replica.begin(first, { seq: 5, id: 'a' })
    expect(replica.offer(stored(6, { id: 'void', prev: 3, prevId: 'z', base: 1 }), 5)).toBe('void')
    expect(replica.last).toEqual({ seq: 6, id: 'void' })
    expect(replica.offer(stored(7, { id: 'b', prev: 5, prevId: 'a', base: 2 }), 6)).toBe('applied')
    expect(heard).toEqual(['2 b'])
    expect([replica.keys.offsetOf('void', 7), replica.keys.offsetOf('b', 7)]).toEqual([undefined, 2])
  })

  it.each([
    ['e', 8, 'too_old e 7', 1],
    ['f', 1, 'epoch_changed f 0', undefined],
  ])('that adopts an end of epoch %s says so, and forgets the keys of another epoch', (epoch, base, told, known) => {
    const { replica, heard } = hearing()
    replica.begin(first, { seq: 5, id: 'a' })
    replica.keysComplete = true
    replica.adopt(stored(20, { id: 'z', prev: 19, prevId: 'y', base, epoch }), { seq: 21, id: 'void' })
    expect(heard).toEqual([told, `${base} z`])
    expect(replica.keys.offsetOf('a', 20)).toBe(known)
    expect(replica.keysComplete).toBe(false)
    expect(replica.last).toEqual({ seq: 21, id: 'void' })
  })
})

describe('replicas of one stream', () => {
  // Writers store behind what they know, however old that is: the stream below takes everything, as a replicated one may.
  const steps = fc.array(fc.record({ writer: fc.nat(2), learns: fc.nat(6), writes: fc.boolean() }), {
    maxLength: 60,
    size: 'max',
  })

  it('see one log without holes, in which every block stands whose writer found it to be the first for its place', () => {
    fc.assert(
      fc.property(steps, (plan) => {
        const stream: Stored[] = [{ ...first, seq: 1 }]
        const writers = Array.from({ length: 3 }, () => ({ ...hearing(), read: 1 }))
        for (const { replica } of writers) replica.begin(stream[0]!, { seq: 1, id: 'a' })
        const accepted: string[] = []
        const learn = (writer: (typeof writers)[number], count: number) => {
          for (; count > 0 && writer.read < stream.length; count--, writer.read++)
            writer.replica.offer(stream[writer.read]!, writer.read)
        }
        for (const [i, { writer: who, learns, writes }] of plan.entries()) {
          const writer = writers[who]!
          learn(writer, learns)
          const tip = writer.replica.tip!
          if (!writes) continue
          const seq = stream.length + 1
          const own = stored(seq, { id: `b${i}`, prev: tip.seq, prevId: tip.id, base: tip.top + 1 })
          stream.push(own)
          const rivals = stream.filter(({ block }: { block: Block }) => follows(block, { seq: tip.seq, id: tip.id }))
          if (rivals[0] === own) accepted.push(`${tip.top + 1} b${i}`)
        }
        for (const writer of writers) learn(writer, stream.length)
        const [log] = writers.map(({ heard }) => heard)
        for (const { heard } of writers) expect(heard).toEqual(log)
        expect(log).toEqual(accepted)
        expect(log!.map((line) => Number.parseInt(line, 10))).toEqual(log!.map((_, i) => i + 2))
      }),
      { numRuns: 500 },
    )
  })
})
