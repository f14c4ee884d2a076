import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Appended, Following, Log, LogListener, LogPage, LogRecord, Retention } from '../../src/log/log.ts'
import { type MemoryLogOptions, memoryLog } from '../../src/log/memory.ts'
import { sizeOf } from '../../src/log/size.ts'
import { HandClock, seededRandom } from './hand-clock.ts'

const WIDE: Retention = { messages: 1_000, ageMs: 60_000, bytes: 1_000_000 }
const MINUTE = 60_000

function setUp(options: Partial<MemoryLogOptions> = {}) {
  const clock = new HandClock()
  const log = memoryLog({ clock, random: seededRandom(), ...options })
  return { clock, log }
}

const record = (payload: unknown): LogRecord => ({ event: 'message', payload, from: null, at: 0 })
const append = (log: Log, topic: string, payload: unknown, retention = WIDE, idempotencyKey?: string) =>
  log.append(topic, record(payload), { retention, idempotencyKey }) as Appended
const follow = (log: Log, topic: string, listener: LogListener) => log.follow(topic, listener) as Following
const read = (log: Log, topic: string) => log.readAfter(topic, 0, 10_000) as LogPage

describe('memory log', () => {
  it('answers at once', () => {
    const { log } = setUp()
    const heard: number[] = []
    follow(log, 'room:1', { message: (message) => heard.push(message.offset), reset: () => {} })
    expect(append(log, 'room:1', 'hi')).toEqual({ position: { epoch: 't0-0', offset: 1 }, duplicate: false })
    expect(heard).toEqual([1])
    expect(read(log, 'room:1').top).toBe(1)
  })

  it('each topic has an epoch of its own', () => {
    const { log } = setUp()
    expect([log.top('a'), log.top('b'), log.top('a')]).toEqual([
      { epoch: 't0-0', offset: 0 },
      { epoch: 't0-1', offset: 0 },
      { epoch: 't0-0', offset: 0 },
    ])
  })

  it('a listener that appends does not reorder the feed of another', () => {
    const { log } = setUp()
    const first: number[] = []
    const second: number[] = []
    follow(log, 'room:1', {
      message(message) {
        first.push(message.offset)
        if (first.length < 4) append(log, 'room:1', 'more')
      },
      reset: () => {},
    })
    follow(log, 'room:1', { message: (message) => second.push(message.offset), reset: () => {} })
    append(log, 'room:1', 'one', { ...WIDE, messages: 1 })
    expect(first).toEqual([1, 2, 3, 4])
    expect(second).toEqual([1, 2, 3, 4])
  })

  it('a follower that joins while another is fed begins after what waits', () => {
    const { log } = setUp()
    const late: number[] = []
    let position: unknown
    follow(log, 'room:1', {
      message(message) {
        if (message.offset !== 1) return
        append(log, 'room:1', 'two')
        position = follow(log, 'room:1', { message: ({ offset }) => late.push(offset), reset: () => {} })
      },
      reset: () => {},
    })
    append(log, 'room:1', 'one')
    append(log, 'room:1', 'three')
    expect(position).toMatchObject({ position: { offset: 2 } })
    expect(late).toEqual([3])
  })

  it('reports what a listener throws, and survives a reporter that throws', () => {
    const reported: unknown[] = []
    const { log } = setUp({
      report: (error) => {
        reported.push(error)
        throw error
      },
    })
    const fault = new Error('listener')
    const heard: number[] = []
    follow(log, 'room:1', {
      message() {
        throw fault
      },
      reset: () => {},
    })
    follow(log, 'room:1', { message: ({ offset }) => heard.push(offset), reset: () => {} })
    append(log, 'room:1', 1)
    expect(reported).toEqual([fault])
    expect(heard).toEqual([1])
  })

  it('forgets the oldest keys beyond its bound', () => {
    const { log } = setUp({ maxIdempotencyKeys: 2 })
    for (const key of ['a', 'b', 'c']) append(log, 'room:1', key, WIDE, key)
    expect(append(log, 'room:1', 'b', WIDE, 'b')).toMatchObject({ duplicate: true, position: { offset: 2 } })
    expect(append(log, 'room:1', 'c', WIDE, 'c')).toMatchObject({ duplicate: true, position: { offset: 3 } })
    expect(append(log, 'room:1', 'a', WIDE, 'a')).toMatchObject({ duplicate: false, position: { offset: 4 } })
  })

  it('an emptied topic keeps its place until it is forgotten, then begins a new epoch', () => {
    const { clock, log } = setUp({ forgetMs: 10 * MINUTE, idempotencyWindowMs: 1_000 })
    append(log, 'room:1', 'one', { ...WIDE, ageMs: 1_000 })
    clock.advance(9 * MINUTE)
    expect(log.top('room:1')).toEqual({ epoch: 't0-0', offset: 1 })
    clock.advance(2 * MINUTE)
    expect(log.top('room:1')).toEqual({ epoch: 't0-1', offset: 0 })
  })

  it('a topic with a follower is not forgotten', () => {
    const { clock, log } = setUp({ forgetMs: MINUTE, idempotencyWindowMs: 1_000 })
    const heard: string[] = []
    follow(log, 'room:1', { message: (_, epoch) => heard.push(epoch), reset: () => {} })
    append(log, 'room:1', 'one', { ...WIDE, ageMs: 1_000 })
    clock.advance(10 * MINUTE)
    append(log, 'room:1', 'two')
    expect(heard).toEqual(['t0-0', 't0-0'])
  })

  it('has no timer before its first topic, nor after close', async () => {
    const { clock, log } = setUp()
    expect(clock.pending).toBe(0)
    append(log, 'room:1', 'one')
    expect(clock.pending).toBe(1)
    await log.close()
    expect(clock.pending).toBe(0)
  })

  it.each([
    [{ messages: 0, ageMs: 1, bytes: 1 }],
    [{ messages: 1, ageMs: -1, bytes: 1 }],
    [{ messages: 1, ageMs: 1, bytes: Number.NaN }],
  ])('refuses retention %j', async (retention) => {
    const { log } = setUp()
    await expect(log.append('room:1', record(1), { retention })).rejects.toThrow(RangeError)
    expect(log.top('room:1')).toMatchObject({ offset: 0 })
  })

  it.each([
    ['idempotencyWindowMs', { idempotencyWindowMs: 0 }],
    ['maxIdempotencyKeys', { maxIdempotencyKeys: Number.NaN }],
    ['forgetMs', { forgetMs: -1 }],
  ])('refuses a wrong %s', (name, options) => {
    expect(() => setUp(options)).toThrow(name)
  })

  it('trims as a plain array would, whatever comes in whatever order', () => {
    const step = fc.oneof(
      fc.record({
        kind: fc.constant('append' as const),
        size: fc.integer({ min: 0, max: 400 }),
        messages: fc.integer({ min: 1, max: 8 }),
        ageMs: fc.integer({ min: 1, max: 500 }),
        bytes: fc.integer({ min: 100, max: 2_000 }),
      }),
      fc.record({ kind: fc.constant('elapse' as const), ms: fc.integer({ min: 0, max: 300 }) }),
      fc.record({ kind: fc.constant('read' as const), after: fc.integer({ min: 0, max: 60 }), limit: fc.nat(9) }),
      fc.record({ kind: fc.constant('back' as const), before: fc.integer({ min: 0, max: 60 }), limit: fc.nat(9) }),
    )
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60, size: 'max' }), (steps) => {
        const { clock, log } = setUp()
        let kept: { offset: number; bytes: number; at: number }[] = []
        let top = 0
        let bounds: Retention = WIDE
        const trim = () => {
          for (;;) {
            const bytes = kept.reduce((sum, each) => sum + each.bytes, 0)
            const aged = kept[0] && clock.now() - kept[0].at >= bounds.ageMs
            if (kept.length <= bounds.messages && bytes <= bounds.bytes && !aged) return
            kept = kept.slice(1)
          }
        }
        for (const each of steps) {
          if (each.kind === 'elapse') clock.advance(each.ms)
          if (each.kind === 'append') {
            const payload = 'x'.repeat(each.size)
            bounds = { messages: each.messages, ageMs: each.ageMs, bytes: each.bytes }
            append(log, 'room:1', payload, bounds)
            kept.push({ offset: ++top, bytes: sizeOf(record(payload)), at: clock.now() })
          }
          trim()
          const ends = { first: kept[0]?.offset ?? top + 1, top }
          if (each.kind === 'read') {
            const page = log.readAfter('room:1', each.after, each.limit) as LogPage
            expect(page).toMatchObject(ends)
            const expected = kept.filter(({ offset }) => offset > each.after).slice(0, each.limit)
            expect(page.messages.map(({ offset }) => offset)).toEqual(expected.map(({ offset }) => offset))
          }
          if (each.kind === 'back') {
            const page = log.readBefore('room:1', each.before, each.limit) as LogPage
            expect(page).toMatchObject(ends)
            const below = kept.filter(({ offset }) => offset < each.before)
            const expected = below.slice(Math.max(0, below.length - each.limit))
            expect(page.messages.map(({ offset }) => offset)).toEqual(expected.map(({ offset }) => offset))
          }
        }
      }),
      { numRuns: 500 },
    )
  })
})

describe('sizeOf', () => {
  const empty = sizeOf(record(''))

  it.each<[unknown, number]>([
    ['x'.repeat(1_000), 1_000],
    [new Uint8Array(1_000), 998],
    [Array.from({ length: 100 }, () => 1), 900],
    [{ name: 'x'.repeat(500) }, 510],
  ])('counts what matters of %#', (payload, more) => {
    expect(sizeOf(record(payload)) - empty).toBe(more)
  })

  it('survives depth and rings', () => {
    let deep: unknown = 1
    for (let i = 0; i < 100_000; i++) deep = [deep]
    const ring: unknown[] = []
    ring.push(ring, ring)
    expect(sizeOf(record(deep))).toBeLessThan(1_000)
    expect(sizeOf(record(ring))).toBeGreaterThan(0)
  })
})
