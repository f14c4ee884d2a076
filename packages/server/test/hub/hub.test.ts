import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { DIRECT, Frame } from '../../src/hub/frame.ts'
import { Topic } from '../../src/hub/topic.ts'
import { Client, message, TurnClock, turnOf, variant } from './support.ts'

const A = variant('A')
const B = variant('B')

function setup() {
  const clock = new TurnClock()
  const turn = turnOf(clock)
  return { clock, turn, topic: new Topic('t', turn) }
}

describe('the hub', () => {
  it('writes once a turn, and the same buffer to all who take part in the whole of it', () => {
    const { clock, turn, topic } = setup()
    const clients = [new Client(turn), new Client(turn), new Client(turn)]
    for (const client of clients) topic.subscribe(client.place(), A)
    for (const text of ['1', '2', '3']) topic.message(message('t', text), null)
    expect(clients[0]?.transport.writes).toEqual([])
    clock.end()
    for (const { transport } of clients) {
      expect(transport.texts).toEqual(['A:1', 'A:2', 'A:3'])
      expect(transport.writes).toHaveLength(1)
      expect(transport.writes[0]?.wire()).toBe(clients[0]?.transport.writes[0]?.wire())
    }
  })

  it('encodes a message once for each variant', () => {
    const { clock, turn, topic } = setup()
    let encoded = 0
    const counting = { ...A, message: () => `${++encoded}` }
    for (let i = 0; i < 50; i++) topic.subscribe(new Client(turn).place(), counting)
    topic.message(message('t', 'x'), null)
    clock.end()
    expect(encoded).toBe(1)
  })

  it('gives a connection its own frames at the place where they were pushed', () => {
    const { clock, turn, topic } = setup()
    const [alice, bob] = [new Client(turn), new Client(turn)]
    topic.subscribe(alice.place(), A)
    topic.subscribe(bob.place(), A)
    topic.message(message('t', '1'), null)
    alice.outbox.push(new Frame('own', DIRECT))
    topic.message(message('t', '2'), null)
    clock.end()
    expect(alice.transport.texts).toEqual(['A:1', 'own', 'A:2'])
    expect(bob.transport.texts).toEqual(['A:1', 'A:2'])
  })

  it('leaves the excepted one out, and has it back with the next message', () => {
    const { clock, turn, topic } = setup()
    const alice = new Client(turn)
    const place = alice.place()
    topic.subscribe(place, A)
    for (const [text, except] of [
      ['1', place],
      ['2', null],
      ['3', place],
      ['4', place],
      ['5', null],
    ] as const)
      topic.message(message('t', text), except)
    clock.end()
    expect(alice.transport.texts).toEqual(['A:2', 'A:5'])
  })

  it('delivers what was published before an unsubscribe and nothing after', () => {
    const { clock, turn, topic } = setup()
    const alice = new Client(turn)
    const place = alice.place()
    topic.subscribe(place, A)
    topic.message(message('t', '1'), null)
    topic.unsubscribe(place)
    topic.message(message('t', '2'), null)
    alice.outbox.push(new Frame('left', DIRECT))
    topic.message(message('t', '3'), null)
    clock.end()
    expect(alice.transport.texts).toEqual(['A:1', 'left'])
  })

  it('a subscriber that comes in the middle of a turn gets what follows', () => {
    const { clock, turn, topic } = setup()
    const [alice, bob] = [new Client(turn), new Client(turn)]
    topic.subscribe(alice.place(), A)
    topic.message(message('t', '1'), null)
    topic.subscribe(bob.place(), A)
    topic.message(message('t', '2'), null)
    clock.end()
    expect(bob.transport.texts).toEqual(['A:2'])
    expect(alice.transport.texts).toEqual(['A:1', 'A:2'])
  })

  it('a message published while runs are being written reaches everybody in the next turn', () => {
    const { clock, turn, topic } = setup()
    const [slow, other] = [new Client(turn, { bytes: 10, volatileBytes: 5 }), new Client(turn)]
    slow.transport.bufferedBytes = 8
    let once = false
    topic.subscribe(
      slow.place(() => {
        if (!once) topic.message(message('t', 'from within'), null)
        once = true
        return []
      }),
      A,
    )
    topic.subscribe(other.place(), A)
    topic.message(message('t', 'long enough to overflow'), null)
    clock.end()
    expect(other.transport.texts).toEqual(['A:long enough to overflow', 'A:from within'])
  })
})

describe('a slow connection', () => {
  const limits = { bytes: 100, volatileBytes: 20 }

  it('may always write into an empty buffer, however large the run is', () => {
    const { clock, turn, topic } = setup()
    const alice = new Client(turn, limits)
    topic.subscribe(alice.place(), A)
    topic.message(message('t', 'x'.repeat(500)), null)
    clock.end()
    expect(alice.transport.texts).toHaveLength(1)
  })

  it('is too slow when a frame of its own does not fit', () => {
    const { clock, turn } = setup()
    const alice = new Client(turn, limits)
    alice.transport.bufferedBytes = 99
    alice.outbox.push(new Frame('reply', DIRECT))
    clock.end()
    expect(alice.tooSlow).toBe(1)
    expect(alice.transport.texts).toEqual([])
  })

  it('lets its subscriber choose what of the run it takes', () => {
    const { clock, turn, topic } = setup()
    const alice = new Client(turn, limits)
    alice.transport.bufferedBytes = 99
    topic.subscribe(
      alice.place((frames) => frames.slice(0, 1)),
      A,
    )
    topic.message(message('t', '1'), null)
    topic.message(message('t', '2'), null)
    clock.end()
    expect(alice.transport.texts).toEqual(['A:1'])
    expect(alice.tooSlow).toBe(0)
  })

  it('loses volatile frames, but the newest of each key is written when it has room', () => {
    const { clock, turn, topic } = setup()
    const alice = new Client(turn, limits)
    alice.transport.bufferedBytes = 30
    topic.subscribe(alice.place(), A)
    topic.message(message('t', 'lost', { volatile: true }), null)
    topic.message(message('t', 'x1', { volatile: true, key: 'x' }), null)
    topic.message(message('t', 'kept'), null)
    topic.message(message('t', 'x2', { volatile: true, key: 'x' }), null)
    clock.end()
    expect(alice.transport.texts).toEqual(['A:kept'])
    expect(turn.counters).toMatchObject({ volatileDropped: 1, volatileConflated: 1 })
    alice.transport.bufferedBytes = 0
    alice.outbox.drained()
    clock.end()
    expect(alice.transport.texts).toEqual(['A:kept', 'A:x2'])
    expect(alice.roomy).toBe(1)
  })
})

describe('the newest of very many keys', () => {
  const limits = { bytes: 200, volatileBytes: 20 }

  it('is written as far as there is room, and the rest is dropped: that is no reason to end', () => {
    const { clock, turn, topic } = setup()
    const alice = new Client(turn, limits)
    alice.transport.bufferedBytes = 30
    topic.subscribe(alice.place(), A)
    for (let i = 0; i < 1_200; i++) topic.message(message('t', `k${i}`, { volatile: true, key: `k${i}` }), null)
    clock.end()
    expect(turn.counters.volatileDropped).toBe(200)
    alice.transport.bufferedBytes = 0
    alice.outbox.drained()
    clock.end()
    expect(alice.tooSlow).toBe(0)
    expect(alice.transport.texts.length).toBeGreaterThan(10)
    expect(turn.counters.volatileDropped).toBe(1_200 - alice.transport.texts.length)
  })
})

// The reference: a list for each client, to which every frame is appended as it comes.
describe('however publishing, joining and leaving are mixed', () => {
  const step = fc.oneof(
    {
      weight: 6,
      arbitrary: fc.record({ do: fc.constant('publish' as const), topic: fc.nat(2), except: fc.option(fc.nat(4)) }),
    },
    { weight: 2, arbitrary: fc.record({ do: fc.constant('own' as const), client: fc.nat(4) }) },
    { weight: 3, arbitrary: fc.record({ do: fc.constant('toggle' as const), client: fc.nat(4), topic: fc.nat(2) }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('end' as const) }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('wait' as const) }) },
  )

  it('each client is written exactly its frames, in order, and its own without a pause', () => {
    fc.assert(
      // Where a write takes time, turns that joined messages are followed by a pause.
      fc.property(fc.array(step, { maxLength: 60, size: 'max' }), fc.constantFrom(0, 2), (steps, writeMs) => {
        const clock = new TurnClock()
        const turn = turnOf(clock)
        const topics = [0, 1, 2].map((i) => new Topic(`t${i}`, turn))
        const clients = [0, 1, 2, 3, 4].map(() => new Client(turn))
        for (const { transport } of clients) {
          const write = transport.write.bind(transport)
          transport.write = (run) => {
            clock.time += writeMs
            write(run)
          }
        }
        const places = clients.map((client) => topics.map(() => client.place()))
        const inside = clients.map(() => topics.map(() => false))
        const expected: string[][] = clients.map(() => [])
        let serial = 0
        for (const s of steps) {
          if (s.do === 'wait') clock.advance(1)
          else if (s.do === 'end') {
            clock.end()
            expect(clients.map(({ outbox }) => outbox.waitingBytes)).toEqual([0, 0, 0, 0, 0])
          } else if (s.do === 'own') {
            clients[s.client]?.outbox.push(new Frame(`own${++serial}`, DIRECT))
            expected[s.client]?.push(`own${serial}`)
          } else if (s.do === 'toggle') {
            const place = places[s.client]![s.topic]!
            if (inside[s.client]![s.topic]) topics[s.topic]?.unsubscribe(place)
            else topics[s.topic]?.subscribe(place, s.client % 2 ? A : B)
            inside[s.client]![s.topic] = !inside[s.client]![s.topic]
          } else {
            const text = `${++serial}`
            const except = s.except === null || !inside[s.except]![s.topic] ? null : places[s.except]![s.topic]!
            topics[s.topic]?.message(message('t', text), except)
            for (const [i, topicsOf] of inside.entries())
              if (topicsOf[s.topic] && places[i]![s.topic] !== except) expected[i]?.push(`${i % 2 ? 'A' : 'B'}:${text}`)
          }
        }
        clock.end()
        clock.advance(10)
        expect(clients.map(({ transport }) => transport.texts)).toEqual(expected)
      }),
      { numRuns: 500 },
    )
  })
})
