import { afterEach, expect, test, vi } from 'vitest'
import type { Connection } from '../src/generator/connection.ts'
import { Room, Score } from '../src/generator/room.ts'
import { plain } from '../src/generator/speech/plain.ts'

/** A connection as a room sees it. */
function member(): Connection {
  return {
    counter: { mark: null, countedBytes: 0 },
    received: 0,
    listener: null,
    write: vi.fn(),
  } as unknown as Connection
}

function roomOf(count: number, stalled = 0): { room: Room; members: Connection[]; score: Score; done: number[] } {
  const room = new Room('room:1', plain)
  const members = Array.from({ length: count }, member)
  room.members.push(...members)
  const score = new Score()
  const done: number[] = []
  room.begin(score, 4, new Set(members.slice(count - stalled)), () => done.push(room.completed))
  return { room, members, score, done }
}

const at = (ms: number): void => {
  vi.spyOn(performance, 'now').mockReturnValue(ms)
}

afterEach(() => {
  vi.restoreAllMocks()
})

test('a message is complete when every reader has it, and each latency counts from when it was due', () => {
  const { room, members, score, done } = roomOf(3)
  const [a, b, c] = members as [Connection, Connection, Connection]
  room.publish(a, 'one', 100)
  room.publish(a, 'two', 110)
  at(120)
  room.counted(a, 2)
  at(130)
  room.counted(b, 1)
  expect(done).toEqual([])
  at(140)
  room.counted(c, 2)
  expect(done).toEqual([1])
  at(160)
  room.counted(b, 1)
  expect(done).toEqual([1, 2])
  expect([score.deliveries, score.messages, room.underWay]).toEqual([6, 2, 0])
  // One: 20, 30, 40 ms. Two: 10, 30, 50 ms.
  expect(score.latency.max).toBe(50_000)
  expect(score.latency.quantile(0.01)).toBeCloseTo(10_000, -3)
  expect(score.last.quantile(0.5)).toBeCloseTo(40_000, -3)
})

test('members that never read are not waited for, and may be put out', () => {
  const { room, members, score, done } = roomOf(3, 1)
  const [a, b, stalled] = members as [Connection, Connection, Connection]
  room.publish(a, 'one', 0)
  room.counted(a, 1)
  room.counted(b, 1)
  expect(done).toEqual([1])
  room.closed(stalled, 'too slow')
  expect(score.lost).toEqual([])
  room.closed(b, 'gone')
  expect(score.lost).toHaveLength(1)
})

test('refuses a message that could not be told from the oldest under way', () => {
  const { room, members } = roomOf(1)
  const [a] = members as [Connection]
  expect([1, 2, 3, 4].map(() => room.publish(a, 'x', 0))).toEqual([true, true, true, true])
  expect(room.publish(a, 'x', 0)).toBe(false)
  room.counted(a, 1)
  expect(room.publish(a, 'x', 0)).toBe(true)
})

test('after begin, what was counted before does not count', () => {
  const { room, members, score } = roomOf(2)
  const [a] = members as [Connection]
  room.publish(a, 'one', 0)
  room.counted(a, 1)
  score.begin()
  room.begin(score, 4, new Set(), () => undefined)
  expect([score.deliveries, room.underWay, a.received]).toEqual([0, 0, 0])
})
