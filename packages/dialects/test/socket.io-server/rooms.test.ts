import { manualClock } from '@rollcall/testkit'
import fc from 'fast-check'
import { Outbox, Turn } from 'rollcall/hub'
import { expect, test } from 'vitest'
import { broadcastOf, EventVariant } from '../../src/socket.io/server/outgoing.ts'
import { Rooms } from '../../src/socket.io/server/rooms.ts'
import { type Occupant, Seat } from '../../src/socket.io/server/seat.ts'

/** A socket whose connection keeps what is written to it. */
class Listener implements Occupant {
  readonly id: string
  readonly outbox: Outbox
  readonly seat: Seat
  readonly variant: EventVariant
  readonly got: number[] = []
  writes = 0
  seats: Map<string, Seat> | null = null
  inOwnRoom = false
  fed = false
  bufferedBytes = 0

  constructor(id: string, turn: Turn, version: 3 | 4) {
    this.id = id
    this.variant = new EventVariant('/', version, false)
    const self = this
    const transport = {
      get bufferedBytes() {
        return self.bufferedBytes
      },
      write({ frames }: { readonly frames: readonly { readonly payloads: readonly unknown[] }[] }) {
        self.writes++
        for (const { payloads } of frames) self.got.push(JSON.parse(String(payloads[0]).slice(2))[1])
      },
      close() {},
      destroy() {},
      pause() {},
      resume() {},
    }
    this.outbox = new Outbox(
      transport,
      turn,
      { bytes: 1_000_000, volatileBytes: 1_000 },
      { tooSlow() {}, hasRoom() {} },
    )
    this.seat = new Seat(this.outbox, 0)
  }
}

const silent = { created() {}, joined() {}, left() {}, deleted() {} }

function stage(count: number) {
  const clock = manualClock()
  const turn = new Turn(clock)
  const rooms = new Rooms<Listener>('/', turn, 1_000, silent)
  const listeners = Array.from({ length: count }, (_, i) => new Listener(`id${i}`, turn, i % 2 === 0 ? 4 : 3))
  return { clock, turn, rooms, listeners }
}

const names = ['a', 'b', '__proto__', 'id0', 'id1']
const who = fc.nat({ max: 4 })
const some = fc.subarray(names)
const step = fc.oneof(
  fc.record({ do: fc.constant('join' as const), who, room: fc.constantFrom(...names) }),
  fc.record({ do: fc.constant('leave' as const), who, room: fc.constantFrom(...names) }),
  fc.record({ do: fc.constant('feed' as const), who }),
  fc.record({ do: fc.constant('exit' as const), who }),
  fc.record({ do: fc.constant('own' as const), who }),
  fc.record({ do: fc.constant('turn' as const) }),
  { weight: 4, arbitrary: fc.record({ do: fc.constant('emit' as const), to: some, except: some }) },
)

test('whatever happens, each socket gets what a simple model says, once and in order', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 40, size: 'max' }), async (steps) => {
      const { clock, turn, rooms, listeners } = stage(5)
      const model = listeners.map(() => ({
        here: false,
        fed: false,
        rooms: new Set<string>(),
        expected: [] as number[],
      }))
      let n = 0
      for (const each of steps) {
        if (each.do === 'turn') await clock.settle()
        else if (each.do === 'emit') {
          const target = { rooms: new Set(each.to), except: new Set(each.except) }
          rooms.publish(broadcastOf({ args: ['m', n], ack: null, offset: null }, false), target)
          for (const m of model) {
            const isIn = (list: readonly string[]) => list.some((room) => m.rooms.has(room))
            if (m.fed && (each.to.length === 0 || isIn(each.to)) && !isIn(each.except)) m.expected.push(n)
          }
          n++
        } else {
          const listener = listeners[each.who]!
          const m = model[each.who]!
          if (each.do === 'feed') {
            if (m.fed) continue
            if (!m.here) rooms.enter(listener)
            rooms.feed(listener)
            m.here = true
            m.fed = true
            m.rooms.add(listener.id)
          } else if (each.do === 'exit') {
            rooms.exit(listener)
            Object.assign(m, { here: false, fed: false, rooms: new Set() })
          } else {
            if (!m.here) {
              rooms.enter(listener)
              m.here = true
            }
            if (each.do === 'own') {
              rooms.leave(listener, listener.id)
              m.rooms.delete(listener.id)
            } else if (each.do === 'join') {
              rooms.join(listener, each.room, 0)
              m.rooms.add(each.room)
            } else {
              rooms.leave(listener, each.room)
              m.rooms.delete(each.room)
            }
          }
        }
      }
      await clock.settle()
      expect(listeners.map(({ got }) => got)).toEqual(model.map(({ expected }) => expected))
      const present = new Set(model.flatMap((m, i) => [...m.rooms].filter((room) => room !== `id${i}`)))
      expect(new Set(rooms.names)).toEqual(present)
      expect(turn.counters.deliveries).toBe(model.reduce((sum, { expected }) => sum + expected.length, 0))
    }),
    { numRuns: 500 },
  )
})

test('a room is written once a turn and connection, whatever is sent to it', async () => {
  const { clock, rooms, listeners } = stage(2)
  for (const listener of listeners) {
    rooms.enter(listener)
    rooms.join(listener, 'a', 0)
    rooms.feed(listener)
  }
  const send = (to: readonly string[], except: readonly string[] = []) =>
    rooms.publish(broadcastOf({ args: ['m', 1], ack: null, offset: null }, false), {
      rooms: new Set(to),
      except: new Set(except),
    })
  for (let i = 0; i < 10; i++) {
    send(['a'])
    send([])
    send(['a', 'b'])
    send(['a'], ['id0'])
  }
  await clock.settle()
  expect(listeners.map(({ got, writes }) => [got.length, writes])).toEqual([
    [30, 1],
    [40, 1],
  ])
})

test.each([
  ['to a room', ['a'], []],
  ['to several rooms', ['a', 'b'], []],
])('volatile events %s are dropped for the slow alone, and counted', async (_, to, except) => {
  const { clock, turn, rooms, listeners } = stage(2)
  for (const listener of listeners) {
    rooms.enter(listener)
    rooms.join(listener, 'a', 0)
    rooms.feed(listener)
  }
  listeners[0]!.bufferedBytes = 1_001
  for (const isVolatile of [true, false])
    rooms.publish(broadcastOf({ args: ['m', isVolatile ? 1 : 2], ack: null, offset: null }, isVolatile), {
      rooms: new Set(to),
      except: new Set(except),
    })
  await clock.settle()
  expect(listeners.map(({ got }) => got)).toEqual([[2], [1, 2]])
  expect(turn.counters.volatileDropped).toBe(1)
})
