import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type Happened, type RoomsApp, roomsApp } from '../support/app.ts'
import { eventually } from '../support/eventually.ts'
import { Peer } from '../support/peer.ts'
import { hastyClock, steadyClock } from '../support/steady-clock.ts'

let app: RoomsApp
let happened: Happened

beforeEach(() => {
  ;({ app, happened } = roomsApp({ limits: { channelsPerConnection: 4, messagesPerSecond: 1e6, messageBurst: 1e6 } }))
})
afterEach(() => app.close({ timeoutMs: 10 }))

async function member(topic = 'room:x', name = 'Alice') {
  const peer = new Peer(app)
  await peer.hello({ credentials: { user: name } })
  await peer.join(topic, topic.startsWith('private') || topic.startsWith('short') ? {} : { presence: { name } })
  return peer
}

describe('send', () => {
  it('is stamped with who and when, and tells where it stands', async () => {
    const alice = await member('log:x')
    const before = steadyClock.now()
    const [, , result] = await alice.ask('send', 'log:x', 'message', 'hi')
    const [, topic, event, payload, stamp] = await alice.first('message')
    expect([topic, event, payload]).toEqual(['log:x', 'message', 'hi'])
    expect(stamp).toMatchObject({ from: { key: 'Alice', name: 'Alice' }, offset: 1 })
    expect((stamp as { at: number }).at).toBeGreaterThanOrEqual(before)
    expect((result as { position: [string, number] }).position[1]).toBe(1)
  })

  it('repeated with its id is accepted once, and answered alike each time', async () => {
    const alice = await member('log:x')
    const answers = await Promise.all(['a', 'b', 'c'].map(() => alice.ask('send', 'log:x', 'message', 'once', 'id-1')))
    expect(new Set(answers.map(([kind, , result]) => JSON.stringify([kind, result])))).toHaveProperty('size', 1)
    await alice.ask('send', 'log:x', 'message', 'twice', 'id-2')
    await eventually(() => expect(alice.messages).toEqual(['once', 'twice']))
  })

  it('with the id of another user is another message', async () => {
    const [alice, bob] = [await member('log:x'), await member('log:x', 'Bob')]
    await alice.ask('send', 'log:x', 'message', 'from Alice', 'id')
    await bob.ask('send', 'log:x', 'message', 'from Bob', 'id')
    await eventually(() => expect(alice.messages).toEqual(['from Alice', 'from Bob']))
  })

  it('that failed may be tried again with its id', async () => {
    const alice = await member('log:x')
    expect((await alice.ask('send', 'log:x', 'message', 42, 'id'))[0]).toBe('error')
    expect((await alice.ask('send', 'log:x', 'message', 'text', 'id'))[0]).toBe('ok')
  })

  it('keeps the sender’s order, although one handler waits', async () => {
    const alice = await member('log:x')
    alice.say('send', 101, 'log:x', 'slowly', '1')
    alice.say('send', 102, 'log:x', 'message', '2')
    alice.say('send', 103, 'log:x', 'slowly', '3')
    alice.say('send', 104, 'log:x', 'message', '4')
    await eventually(() => expect(alice.messages).toEqual(['1', '2', '3', '4']))
  })

  it('bytes and text that looks like JavaScript’s own arrive as they are', async () => {
    const alice = await member('room:x')
    for (const text of ['__proto__', '\u2028\u0000', '"]}', '🙂'])
      expect((await alice.ask('send', 'room:x', 'message', text))[0]).toBe('ok')
    await eventually(() => expect(alice.messages).toEqual(['__proto__', '\u2028\u0000', '"]}', '🙂']))
  })
})

describe('call', () => {
  it('is replied to', async () => {
    expect(await (await member()).ask('call', 'room:x', 'twice', 21)).toEqual(['ok', expect.anything(), 42])
  })

  it('whose reply JSON cannot carry is an internal error for its asker alone', async () => {
    const alice = await member()
    expect((await alice.ask('call', 'room:x', 'unencodable', null))[2]).toMatchObject({ code: 'internal' })
    expect((await alice.ask('call', 'room:x', 'twice', 1))[2]).toBe(2)
    expect(happened.errors).toEqual(['An answer could not be encoded'])
  })

  it('that throws tells nothing of what was thrown', async () => {
    const alice = await member()
    const [kind, , refusal] = await alice.ask('call', 'room:x', 'broken', 1)
    expect([kind, (refusal as { code: string }).code]).toEqual(['error', 'internal'])
    expect(JSON.stringify(alice.frames)).not.toContain('secret detail')
    expect(happened.errors).toHaveLength(1)
  })
})

describe('leave', () => {
  it('ends deliveries: nothing comes after its answer', async () => {
    const [alice, bob] = [await member(), await member('room:x', 'Bob')]
    for (let i = 0; i < 50; i++) bob.say('send', 1000 + i, 'room:x', 'message', `${i}`)
    const [kind] = await alice.ask('leave', 'room:x')
    expect(kind).toBe('ok')
    const at = alice.frames.length
    await eventually(() => expect(bob.messages).toHaveLength(50))
    expect(alice.frames.slice(at)).toEqual([])
    expect(happened.leaves).toEqual(['Alice left'])
    expect((await alice.ask('send', 'room:x', 'message', 'x'))[2]).toMatchObject({ code: 'not_joined' })
  })
})

describe('presence', () => {
  it('update is one update of the same entry', async () => {
    const [alice, bob] = [await member(), await member('room:x', 'Bob')]
    await eventually(() => expect(alice.roster).toEqual(['Alice', 'Bob']))
    const told = alice.of('presence').length
    await alice.ask('track', 'room:x', { name: 'Alicia' })
    await eventually(() => expect(alice.roster).toEqual(['Alicia', 'Bob']))
    expect(alice.of('presence')).toHaveLength(told + 1)
    const update = [expect.anything(), 'Alice', { name: 'Alicia' }, expect.any(Number)]
    expect(alice.of('presence').at(-1)?.[2]).toMatchObject({ set: [update], gone: [] })
    await eventually(() => expect(bob.roster).toEqual(['Alicia', 'Bob']))
  })

  it('untrack goes unseen but stays in the channel', async () => {
    const [alice, bob] = [await member(), await member('room:x', 'Bob')]
    await alice.ask('untrack', 'room:x')
    await eventually(() => expect(bob.roster).toEqual(['Bob']))
    await bob.ask('send', 'room:x', 'message', 'hi')
    await eventually(() => expect(alice.messages).toEqual(['hi']))
  })

  it('a roster by count tells numbers alone', async () => {
    const alice = await member('count:x')
    const bob = await member('count:x', 'Bob')
    await eventually(() => expect(alice.of('presence').at(-1)?.[2]).toMatchObject({ members: 2, count: 2 }))
    expect(JSON.stringify(alice.frames)).not.toContain('Bob')
    bob.close()
    await eventually(() => expect(alice.of('presence').at(-1)?.[2]).toMatchObject({ members: 1, count: 1 }))
  })

  it('a repair from a version gives what changed since', async () => {
    const alice = await member()
    const [, , state] = await alice.ask('roster', 'room:x', {})
    const { v } = state as { v: [string, number] }
    const bob = await member('room:x', 'Bob')
    await eventually(() => expect(alice.roster).toEqual(['Alice', 'Bob']))
    const [, , diff] = await alice.ask('roster', 'room:x', { since: v })
    expect(diff).toMatchObject({
      since: v[1],
      set: [[expect.anything(), 'Bob', { name: 'Bob' }, expect.any(Number)]],
      gone: [],
    })
    expect(bob.closed).toBeNull()
  })

  it('gathers a storm of joins: two thousand make far fewer frames than their square', async () => {
    const peers = await Promise.all(
      Array.from({ length: 200 }, async (_, i) => {
        const peer = new Peer(app)
        await peer.hello({ credentials: { user: `u${i}` } })
        await peer.join('room:storm', { presence: { name: `u${i}` } })
        return peer
      }),
    )
    await eventually(() => {
      for (const peer of peers) expect(peer.roster).toHaveLength(200)
    })
    const frames = peers.reduce((sum, peer) => sum + peer.of('presence').length, 0)
    expect(frames).toBeLessThan(200 * 200 * 0.1)
  })
})

describe('refusals', () => {
  it.each([
    ['an unknown topic', ['join', 1, 'nowhere', {}], 'unknown_topic'],
    ['an empty topic', ['join', 1, '', {}], 'unknown_topic'],
    ['a topic with a control character', ['join', 1, 'room:\u0000', {}], 'unknown_topic'],
    ['a topic that is too long', ['join', 1, `room:${'x'.repeat(300)}`, {}], 'unknown_topic'],
    ['a topic that is a number', ['join', 1, 7, {}], 'bad_request'],
    ['join options that are a list', ['join', 1, 'room:y', []], 'bad_request'],
    ['a position that is none', ['join', 1, 'log:y', { position: ['e', -1] }], 'bad_request'],
    ['a presence that fails its schema', ['join', 1, 'room:y', { presence: { name: 7 } }], 'invalid_payload'],
    ['a presence where there is none', ['join', 1, 'short:y', { presence: { name: 'A' } }], 'no_presence'],
    ['no invitation', ['join', 1, 'private:y', {}], 'invalid_payload'],
    ['a wrong invitation', ['join', 1, 'private:y', { input: { invite: 'guess' } }], 'refused'],
    ['a send without a join', ['send', 1, 'room:z', 'message', 'x'], 'not_joined'],
    ['an unknown event', ['send', 1, 'room:x', 'nope', 'x'], 'unknown_event'],
    ['an event of the prototype', ['send', 1, 'room:x', 'constructor', 'x'], 'unknown_event'],
    ['an event named __proto__', ['send', 1, 'room:x', '__proto__', 'x'], 'unknown_event'],
    ['a payload that fails its schema', ['send', 1, 'room:x', 'message', { no: 1 }], 'invalid_payload'],
    ['an unknown call', ['call', 1, 'room:x', 'toString', 1], 'unknown_event'],
    ['history of a channel that keeps none', ['history', 1, 'room:x', {}], 'no_history'],
    ['both before and after', ['history', 1, 'room:x', { before: 1, after: 1 }], 'bad_request'],
  ])('%s: the sender alone is told', async (_, frame, code) => {
    const [alice, bob] = [await member(), await member('room:x', 'Bob')]
    await eventually(() => expect(alice.roster).toEqual(['Alice', 'Bob']))
    const before = bob.frames.length
    const [kind, , refusal] = await alice.ask(frame[0] as string, ...frame.slice(2))
    expect([kind, (refusal as { code: string }).code]).toEqual(['error', code])
    expect(alice.closed).toBeNull()
    expect((await alice.ask('send', 'room:x', 'message', 'still fine'))[0]).toBe('ok')
    expect(bob.frames.slice(before).map(([name]) => name)).toEqual(['message'])
  })

  it('one channel too many is refused, the others stay', async () => {
    const alice = await member()
    for (const name of ['a', 'b', 'c']) await alice.join(`room:${name}`)
    await expect(alice.join('room:d')).rejects.toThrow('too_many_channels')
    await alice.ask('leave', 'room:a')
    await alice.join('room:d')
  })

  it.each([
    ['not JSON', 'x', 4400],
    ['not an array', '{}', 4400],
    ['an unknown kind', '["shout",1]', 4400],
    ['a request without a ref', '["join","room:y"]', 4400],
    ['nesting beyond the limit', `["send",1,"room:x","message",${'['.repeat(100)}${']'.repeat(100)}]`, 4404],
    ['bytes that are no frame', new Uint8Array([255, 255, 0]), 4400],
    ['a second hello', '["hello",{}]', 4400],
  ])('%s closes the connection, and no other', async (_, payload, code) => {
    const [alice, bob] = [await member(), await member('room:x', 'Bob')]
    alice.raw_(payload)
    expect(alice.closed?.code).toBe(code)
    await eventually(() => expect(bob.roster).toEqual(['Bob']))
    expect((await bob.ask('send', 'room:x', 'message', 'fine'))[0]).toBe('ok')
  })
})

describe('too fast', () => {
  it('is told when to try again, and closed if it goes on', async () => {
    const { app: strict } = roomsApp({ limits: { messagesPerSecond: 0.1, messageBurst: 5, strikes: 20 } })
    const peer = new Peer(strict)
    await peer.hello()
    await peer.join('room:x')
    for (let i = 0; i < 6; i++) peer.say('send', 100 + i, 'room:x', 'message', 'x')
    await eventually(() => expect(peer.of('error')).toHaveLength(1))
    expect(peer.of('error')[0]?.[2]).toMatchObject({ code: 'rate_limited', retryAfterMs: expect.any(Number) })
    for (let i = 0; i < 40; i++) peer.say('send', 200 + i, 'room:x', 'message', 'x')
    expect(peer.closed?.code).toBe(4405)
    await strict.close({ timeoutMs: 10 })
  })
})

describe('server code', () => {
  it('emits, lists, counts, observes and keeps from the excepted', async () => {
    const seen: unknown[] = []
    const stop = app
      .channel('room:x')
      .observe((event) => void seen.push(event.kind === 'message' ? event.payload : event.kind))
    const alice = await member()
    const [bob] = [await member('room:x', 'Bob')]
    await eventually(() => expect(seen).toEqual(['joined', 'joined']))
    const [, welcome] = await bob.first('welcome')
    const { connection } = welcome as { connection: string }
    await app.channel('room:x').emit('message', 'to all but Bob', { except: connection })
    await eventually(() => expect(alice.messages).toEqual(['to all but Bob']))
    expect(bob.messages).toEqual([])
    expect(await app.channel('room:x').count()).toEqual({ members: 2, entries: 2 })
    bob.close()
    await eventually(() => expect(seen).toEqual(['joined', 'joined', 'to all but Bob', 'left']))
    stop()
    await app.channel('room:x').emit('message', 'unobserved')
    expect(seen).toHaveLength(4)
  })

  it('is told what it does wrong', async () => {
    const wrong = app.channel('room:x') as unknown as { emit(event: string, payload: unknown): Promise<unknown> }
    await expect(wrong.emit('message', 7)).rejects.toMatchObject({ code: 'invalid_payload' })
    await expect(wrong.emit('nope', 7)).rejects.toMatchObject({ code: 'unknown_event' })
    await expect(app.channel('room:x').history()).rejects.toMatchObject({ code: 'no_history' })
  })

  it('cannot emit what JSON cannot carry: it is told, and nobody loses anything', async () => {
    const alice = await member()
    const loose = app.channel('room:x') as unknown as { emit(event: string, payload: unknown): Promise<unknown> }
    const cycle: Record<string, unknown> = { id: 'a', x: 1 }
    cycle.self = cycle
    for (const payload of [{ id: 'a', x: 1, big: 1n }, cycle, { id: 'a', x: 1, toJSON: () => undefined }]) {
      // The schema strips what it does not know from what it answers; what is sent is what was given.
      await expect(loose.emit('cursor', payload)).rejects.toMatchObject({ code: 'invalid_payload' })
    }
    await app.channel('room:x').emit('message', 'fine')
    await eventually(() => expect(alice.messages).toEqual(['fine']))
  })

  it('leaves no channel behind that nobody needs', async () => {
    const { app: brief } = roomsApp({ clock: hastyClock(50) })
    const alice = new Peer(brief)
    await alice.hello()
    await alice.join('room:x')
    expect(brief.stats().channels).toBe(1)
    alice.close()
    await eventually(() => expect(brief.stats().channels).toBe(0))
    await brief.close({ timeoutMs: 10 })
  })
})
