import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type Happened, type RoomsApp, roomsApp } from '../support/app.ts'
import { eventually } from '../support/eventually.ts'
import { Peer } from '../support/peer.ts'
import { hastyClock } from '../support/steady-clock.ts'

let app: RoomsApp
let happened: Happened

beforeEach(() => {
  ;({ app, happened } = roomsApp())
})
afterEach(() => app.close({ timeoutMs: 10 }))

async function member(user: string, topic = 'room:x', name = user) {
  const peer = new Peer(app)
  const welcome = await peer.hello({ credentials: { user } })
  await peer.join(topic, { presence: { name } })
  return { peer, welcome, resume: welcome.resume as string }
}

describe('hello', () => {
  it('must come first', () => {
    const peer = new Peer(app)
    peer.say('join', 1, 'room:x')
    expect(peer.closed).toEqual({ code: 4400, reason: 'the first frame must be hello' })
  })

  it('is refused with the application’s reason, and the connection is closed for good', async () => {
    const peer = new Peer(app)
    peer.say('hello', { credentials: { refuse: true } })
    await eventually(() => expect(peer.closed).toEqual({ code: 4402, reason: 'who are you?' }))
  })

  it('that fails in the application tells nothing of it, and asks to come later', async () => {
    const peer = new Peer(app)
    peer.say('hello', { credentials: { fail: true } })
    await eventually(() => expect(peer.closed?.code).toBe(4101))
    expect(JSON.stringify([peer.frames, peer.closed])).not.toContain('secret detail')
    expect(happened.errors).toEqual(['authenticate failed'])
  })

  it('may be followed at once by joins: they wait for it', async () => {
    const peer = new Peer(app)
    peer.say('hello', {})
    peer.say('join', 1, 'room:x', { presence: { name: 'A' } })
    peer.say('send', 2, 'room:x', 'message', 'hi')
    await eventually(() => expect(peer.messages).toEqual(['hi']))
    expect(peer.frames.map(([kind]) => kind)).toEqual(['welcome', 'ok', 'message', 'ok'])
  })
})

describe('a lost connection', () => {
  it('is no leave within the grace: whoever resumes was never away', async () => {
    const bob = (await member('Bob')).peer
    const { peer, resume, welcome } = await member('Alice')
    await eventually(() => expect(bob.roster).toEqual(['Alice', 'Bob']))
    const told = bob.of('presence').length
    peer.lose()
    const back = new Peer(app)
    const again = await back.hello({ resume, credentials: { user: 'Alice' } })
    expect(again).toMatchObject({ resumed: true, connection: welcome.connection, user: { id: 'Alice' } })
    expect(again.resume).not.toBe(resume)
    await back.join('room:x', { presence: { name: 'Alice' } })
    await eventually(() => expect(app.stats().connections).toBe(2))
    bob.say('send', 77, 'room:x', 'message', 'still here')
    await eventually(() => expect(back.messages).toEqual(['still here']))
    expect(bob.of('presence')).toHaveLength(told)
    expect(happened.joins).toEqual(['Bob room:x', 'Alice room:x'])
  })

  it('may come back unseen: then its member is gone at once', async () => {
    const bob = (await member('Bob')).peer
    const { peer, resume } = await member('Alice')
    await eventually(() => expect(bob.roster).toEqual(['Alice', 'Bob']))
    peer.lose()
    const back = new Peer(app)
    expect(await back.hello({ resume, credentials: { user: 'Alice' } })).toMatchObject({ resumed: true })
    expect(await back.join('room:x')).not.toHaveProperty('entry')
    await eventually(() => expect(bob.roster).toEqual(['Bob']))
    expect(happened.leaves).toEqual([])
  })

  it('that comes back with something impossible is over, and its member gone', async () => {
    const bob = (await member('Bob')).peer
    const { peer, resume } = await member('Alice')
    await eventually(() => expect(bob.roster).toEqual(['Alice', 'Bob']))
    peer.lose()
    const back = new Peer(app)
    await back.hello({ resume, credentials: { user: 'Alice' } })
    await expect(back.join('room:x', { presence: { name: 1 } })).rejects.toThrow('invalid_payload')
    await eventually(() => expect(bob.roster).toEqual(['Bob']))
    expect(happened.leaves).toEqual(['Alice lost'])
  })

  it('leaves after the grace, once', async () => {
    const bob = (await member('Bob')).peer
    const { peer } = await member('Alice')
    await eventually(() => expect(bob.roster).toEqual(['Alice', 'Bob']))
    peer.lose()
    await eventually(() => expect(bob.roster).toEqual(['Bob']))
    expect(happened.leaves).toEqual(['Alice lost'])
  })

  it('lets the application say so to those who are there', async () => {
    const there = new Peer(app)
    await there.hello({ credentials: { user: 'Bob' } })
    await there.join('private:x', { input: { invite: 'key of x' } })
    for (const [user, leave, reason] of [
      ['Alice', (peer: Peer) => peer.lose(), 'lost'],
      ['Carl', () => app.disconnect({ user: 'Carl' }), 'kicked'],
      ['Dora', (peer: Peer) => peer.close(1000), 'closed'],
    ] as const) {
      const peer = new Peer(app)
      await peer.hello({ credentials: { user } })
      await peer.join('private:x', { input: { invite: 'key of x' } })
      await leave(peer)
      await eventually(() => expect(there.messages.at(-1)).toBe(`${user} ${reason}`))
    }
    expect(happened.errors).toEqual([])
  })

  it('a new connection of the same key takes its place without a flicker, also without the token', async () => {
    const bob = (await member('Bob')).peer
    const { peer } = await member('Alice')
    await eventually(() => expect(bob.roster).toEqual(['Alice', 'Bob']))
    const told = bob.of('presence').length
    peer.close(1001)
    await member('Alice')
    await eventually(() => expect(bob.of('presence')).toHaveLength(told + 1))
    const diff = bob.of('presence').at(-1)?.[2] as { set: unknown[]; gone: string[] }
    expect(diff.set).toEqual([[expect.anything(), 'Alice', { name: 'Alice' }, expect.any(Number)]])
    expect(diff.gone).toHaveLength(1)
    expect((await app.channel('room:x').members()).map(({ key, entries }) => [key, entries.length])).toEqual([
      ['Bob', 1],
      ['Alice', 1],
    ])
  })

  it.each([1000, 1005])('is no loss when it was closed with %i: the member leaves at once', async (code) => {
    const bob = (await member('Bob')).peer
    const { peer, resume } = await member('Alice')
    peer.close(code)
    await eventually(() => expect(bob.roster).toEqual(['Bob']))
    expect(happened.leaves).toEqual(['Alice closed'])
    const back = new Peer(app)
    expect(await back.hello({ resume, credentials: { user: 'Alice' } })).toMatchObject({ resumed: false })
  })
})

describe('a resume token', () => {
  it('takes over a connection that still looks alive, which is closed as superseded', async () => {
    const { peer, resume, welcome } = await member('Alice')
    const back = new Peer(app)
    expect(await back.hello({ resume, credentials: { user: 'Alice' } })).toMatchObject({
      resumed: true,
      connection: welcome.connection,
    })
    expect(peer.closed?.code).toBe(4002)
    await back.join('room:x', { presence: { name: 'Alice' } })
    expect(await app.channel('room:x').count()).toEqual({ members: 1, entries: 1 })
  })

  it('is good once', async () => {
    const { peer, resume } = await member('Alice')
    peer.lose()
    expect(await new Peer(app).hello({ resume, credentials: { user: 'Alice' } })).toMatchObject({ resumed: true })
    expect(await new Peer(app).hello({ resume, credentials: { user: 'Alice' } })).toMatchObject({ resumed: false })
  })

  it('is worthless with other credentials, and then harms its owner nothing', async () => {
    const { peer, resume } = await member('Alice')
    expect(await new Peer(app).hello({ resume, credentials: { user: 'Mallory' } })).toMatchObject({
      resumed: false,
      user: { id: 'Mallory' },
    })
    expect(peer.closed).toBeNull()
    peer.lose()
    expect(await new Peer(app).hello({ resume, credentials: { user: 'Alice' } })).toMatchObject({ resumed: true })
  })

  it('goes on with new credentials of the same user', async () => {
    const { peer, resume, welcome } = await member('Alice')
    peer.lose()
    const back = new Peer(app)
    expect(await back.hello({ resume, credentials: { user: 'Alice', renewed: true } })).toMatchObject({
      resumed: true,
      connection: welcome.connection,
    })
  })

  it('is worthless after the user was disconnected, also while it was away', async () => {
    const [one, two] = [await member('Alice'), await member('Alice', 'room:y')]
    two.peer.lose()
    expect(await app.disconnect({ user: 'Alice' }, 'out')).toBe(1)
    expect(one.peer.closed).toEqual({ code: 4403, reason: 'out' })
    for (const { resume } of [one, two])
      expect(await new Peer(app).hello({ resume, credentials: { user: 'Alice' } })).toMatchObject({ resumed: false })
  })

  it('does not bring back a channel that the user was kicked from', async () => {
    const { peer, resume } = await member('Alice')
    expect(await app.channel('room:x').kick({ user: 'Alice' }, 'rude')).toBe(1)
    expect(await peer.first('left')).toEqual(['left', 'room:x', { reason: 'rude' }])
    peer.lose()
    const back = new Peer(app)
    await back.hello({ resume, credentials: { user: 'Alice' } })
    await back.join('room:x', { presence: { name: 'Alice' } })
    expect(happened.joins).toEqual(['Alice room:x', 'Alice room:x'])
  })
})

describe('three connections of one user', () => {
  it('are one member with three entries, who leaves with the last', async () => {
    const bob = (await member('Bob')).peer
    const tabs = [await member('Alice'), await member('Alice'), await member('Alice')]
    expect((await app.channel('room:x').members()).find(({ key }) => key === 'Alice')?.entries).toHaveLength(3)
    for (const { peer } of tabs.slice(0, 2)) peer.close()
    await eventually(() => expect(bob.roster).toEqual(['Alice', 'Bob']))
    tabs[2]?.peer.close()
    await eventually(() => expect(bob.roster).toEqual(['Bob']))
  })
})

describe('a silent connection', () => {
  beforeEach(async () => {
    await app.close({ timeoutMs: 10 })
    ;({ app, happened } = roomsApp({ clock: hastyClock(5) }))
  })

  it('is closed, and its member leaves after the grace', async () => {
    const bob = (await member('Bob')).peer
    const peer = new Peer(app, { pingMs: 100, deadMs: 100 })
    await peer.hello({ credentials: { user: 'Alice' } })
    await peer.join('room:x', { presence: { name: 'Alice' } })
    await peer.first('ping')
    await eventually(() => expect(peer.closed?.code).toBe(4000))
    await eventually(() => expect(bob.roster).toEqual(['Bob']))
  })

  it('lives on while it answers pings', async () => {
    const peer = new Peer(app, { pingMs: 100, deadMs: 1_500 })
    await peer.hello()
    for (let i = 1; i <= 2; i++) {
      await eventually(() => expect(peer.of('ping')).toHaveLength(i))
      peer.say('pong')
    }
    expect(peer.closed).toBeNull()
  })
})
