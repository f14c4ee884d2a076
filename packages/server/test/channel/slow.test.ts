import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type RoomsApp, roomsApp } from '../support/app.ts'
import { eventually } from '../support/eventually.ts'
import { Peer } from '../support/peer.ts'

let app: RoomsApp

beforeEach(() => {
  app = roomsApp({
    limits: { outboxBytes: 2_000, volatileBytes: 500 },
    catchUp: { maxBufferedBytes: 1_000, pageMessages: 3 },
  }).app
})
afterEach(() => app.close({ timeoutMs: 10 }))

async function member(topic: string, name = 'Alice') {
  const peer = new Peer(app)
  await peer.hello({ credentials: { user: name } })
  await peer.join(topic, { presence: { name } })
  return peer
}

const turn = () => new Promise((resolve) => setImmediate(resolve))

describe('a connection that stops reading', () => {
  it('on a channel with history is let fall behind, and gets all of it in order as it drains', async () => {
    const alice = await member('log:x')
    const bob = await member('log:x', 'Bob')
    alice.stalled = true
    for (let i = 0; i < 300; i++) {
      await app.channel('log:x').emit('message', `m${i}`)
      if (i % 10 === 0) await turn()
    }
    await eventually(() => expect(bob.messages).toHaveLength(300))
    expect(alice.messages.length).toBeLessThan(60)
    expect(app.stats()).toMatchObject({ behind: 1, closedAsSlow: 0 })
    for (let i = 0; i < 3; i++) {
      alice.drain()
      alice.stalled = true
      await turn()
      await turn()
    }
    expect(alice.messages.length).toBeLessThan(300)
    alice.drain()
    await eventually(() => expect(alice.messages).toHaveLength(300))
    expect(alice.messages).toEqual(bob.messages)
    await app.channel('log:x').emit('message', 'live again')
    await eventually(() => expect(alice.messages.at(-1)).toBe('live again'))
    expect(alice.messages).toHaveLength(301)
    expect(alice.closed).toBeNull()
  })

  it('on a channel with history is not called slow for a page that is larger than its outbox', async () => {
    for (let i = 0; i < 20; i++) await app.channel('log:x').emit('message', `${i} ${'x'.repeat(900)}`)
    for (let i = 0; i < 20; i++) await app.channel('log:y').emit('message', `${i} ${'y'.repeat(900)}`)
    const alice = new Peer(app)
    await alice.hello({ credentials: { user: 'Alice' } })
    alice.say('join', 101, 'log:x', { last: 20 })
    alice.say('join', 102, 'log:y', { last: 20 })
    await eventually(() => expect(alice.messages).toHaveLength(40))
    expect(alice.closed).toBeNull()
    const topics = alice.of('message').map(([, topic, , payload]) => `${topic} ${String(payload).split(' ')[0]}`)
    for (const topic of ['log:x', 'log:y'])
      expect(topics.filter((each) => each.startsWith(topic))).toEqual(
        Array.from({ length: 20 }, (_, i) => `${topic} ${i}`),
      )
  })

  it('on a channel with history gets nothing behind a hole, whatever else is written to it in the turn', async () => {
    const alice = await member('log:x')
    alice.stalled = true
    await app.channel('log:x').emit('message', 'first')
    await turn()
    await turn()
    for (let i = 0; i < 10; i++) void app.channel('log:x').emit('message', `${i} ${'x'.repeat(300)}`)
    alice.say('ping', 999)
    void app.channel('log:x').emit('message', 'last')
    await turn()
    await turn()
    expect(alice.messages).toEqual(['first'])
    alice.drain()
    await eventually(() => expect(alice.messages).toHaveLength(12))
    expect(alice.messages.map((text) => String(text).split(' ')[0])).toEqual(['first', ...'0123456789', 'last'])
  })

  it('on a channel with history is told the roster that it missed', async () => {
    const alice = await member('log:x')
    alice.stalled = true
    for (let i = 0; i < 60; i++) {
      await app.channel('log:x').emit('message', 'x'.repeat(50))
      await turn()
    }
    const bob = await member('log:x', 'Bob')
    await eventually(() => expect(bob.roster).toEqual(['Alice', 'Bob']))
    expect(alice.roster).toEqual(['Alice'])
    alice.drain()
    await eventually(() => expect(alice.roster).toEqual(['Alice', 'Bob']))
  })

  it('on a channel without history is closed as slow, and only that one', async () => {
    const alice = await member('room:x')
    const bob = await member('room:x', 'Bob')
    alice.stalled = true
    for (let i = 0; i < 60; i++) {
      await app.channel('room:x').emit('message', 'x'.repeat(50))
      await turn()
    }
    expect(alice.closed).toEqual({ code: 4001, reason: 'reading too slowly' })
    expect(app.stats().closedAsSlow).toBe(1)
    expect(bob.messages).toHaveLength(60)
    expect(bob.closed).toBeNull()
  })

  it('loses volatile events, but for the newest of each key', async () => {
    const alice = await member('room:x')
    alice.stalled = true
    await app.channel('room:x').emit('message', 'x'.repeat(600))
    await turn()
    for (let i = 0; i < 100; i++) {
      await app.channel('room:x').emit('cursor', { id: `${i % 2}`, x: i })
      await turn()
    }
    expect(alice.closed).toBeNull()
    expect(alice.messages).toHaveLength(1)
    alice.drain()
    await eventually(() =>
      expect(alice.messages.slice(1)).toEqual([
        { id: '0', x: 98 },
        { id: '1', x: 99 },
      ]),
    )
    expect(app.stats()).toMatchObject({ volatileConflated: 98, closedAsSlow: 0 })
  })

  it('gets no volatile event that was kept back, once it has left', async () => {
    const alice = await member('room:x')
    await alice.join('room:y')
    await alice.join('room:z')
    alice.stalled = true
    await app.channel('room:x').emit('message', 'x'.repeat(600))
    await turn()
    await app.channel('room:x').emit('cursor', { id: 'a', x: 1 })
    await app.channel('room:y').emit('cursor', { id: 'a', x: 2 })
    await turn()
    await alice.ask('leave', 'room:x')
    // Nor one of the very turn in which it left.
    void app.channel('room:z').emit('cursor', { id: 'b', x: 3 })
    alice.say('leave', 999, 'room:z')
    await turn()
    await turn()
    alice.drain()
    await eventually(() => expect(alice.messages.slice(1)).toEqual([{ id: 'a', x: 2 }]))
  })
})

describe('options that would call a client slow for what it never asked for', () => {
  it.each([
    { limits: { outboxBytes: 1_000 }, catchUp: { maxBufferedBytes: 501 } },
    { catchUp: { maxBufferedBytes: 0 } },
    { catchUp: { pageMessages: 0 } },
  ])('are refused when the server is made: %j', (options) => {
    expect(() => roomsApp(options)).toThrow(RangeError)
  })
})
