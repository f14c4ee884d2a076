import { systemRandom } from '@rollcall/core'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { memoryBus, memoryLog } from '../../src/index.ts'
import { type Happened, type RoomsApp, roomsApp } from '../support/app.ts'
import { eventually } from '../support/eventually.ts'
import { Peer } from '../support/peer.ts'
import { steadyClock } from '../support/steady-clock.ts'

let bus = memoryBus({ clock: steadyClock })
let nodes: { app: RoomsApp; happened: Happened }[] = []

beforeEach(() => {
  bus = memoryBus({ clock: steadyClock })
  nodes = []
})
afterEach(async () => {
  await Promise.all(nodes.map(({ app }) => app.close({ timeoutMs: 10 })))
})

function node(name: string) {
  const made = roomsApp({ broker: bus.broker(name), nodes: { beatMs: 20, downMs: 100, forgetMs: 1_000 } })
  nodes.push(made)
  return made
}

async function member(app: RoomsApp, name: string, topic = 'room:x') {
  const peer = new Peer(app)
  await peer.hello({ credentials: { user: name } })
  await peer.join(topic, { presence: { name } })
  return peer
}

describe('two nodes', () => {
  it('deliver to each other, once and in order', async () => {
    const [a, b] = [node('a').app, node('b').app]
    const [alice, bob] = [await member(a, 'Alice'), await member(b, 'Bob')]
    for (let i = 0; i < 20; i++) alice.say('send', 100 + i, 'room:x', 'message', `${i}`)
    await eventually(() => expect(bob.messages).toHaveLength(20))
    expect(bob.messages).toEqual(Array.from({ length: 20 }, (_, i) => `${i}`))
    expect(alice.messages).toEqual(bob.messages)
  })

  it('see one roster: joins, updates and leaves', async () => {
    const [a, b] = [node('a').app, node('b').app]
    const alice = await member(a, 'Alice')
    const bob = await member(b, 'Bob')
    await eventually(() => {
      expect(alice.roster).toEqual(['Alice', 'Bob'])
      expect(bob.roster).toEqual(['Alice', 'Bob'])
    })
    await bob.ask('track', 'room:x', { name: 'Robert' })
    await eventually(() => expect(alice.roster).toEqual(['Alice', 'Robert']))
    bob.close()
    await eventually(() => expect(alice.roster).toEqual(['Alice']))
    expect(await b.channel('room:x').members()).toMatchObject([{ key: 'Alice' }])
  })

  it('let the members of a stopped node go at once', async () => {
    const [a, b] = [node('a').app, node('b').app]
    const alice = await member(a, 'Alice')
    await member(b, 'Bob')
    await eventually(() => expect(alice.roster).toEqual(['Alice', 'Bob']))
    await b.close({ timeoutMs: 10 })
    await eventually(() => expect(alice.roster).toEqual(['Alice']))
  })

  it('kick and disconnect on every node', async () => {
    const [a, b] = [node('a').app, node('b').app]
    const alice = await member(a, 'Alice')
    const bob = await member(b, 'Bob')
    await eventually(() => expect(alice.roster).toEqual(['Alice', 'Bob']))
    expect(await a.channel('room:x').kick({ user: 'Bob' }, 'enough')).toBe(1)
    expect(bob.of('left')).toEqual([['left', 'room:x', { reason: 'enough' }]])
    expect(await a.disconnect({ user: 'Bob' })).toBe(1)
    expect(bob.closed?.code).toBe(4403)
  })

  it('resume each other’s sessions', async () => {
    const [a, b] = [node('a'), node('b')]
    const peer = new Peer(a.app)
    const { resume, connection } = await peer.hello({ credentials: { user: 'Alice' } })
    await peer.join('room:x', { presence: { name: 'Alice' } })
    const bob = await member(b.app, 'Bob')
    await eventually(() => expect(bob.roster).toEqual(['Alice', 'Bob']))
    peer.lose()
    const again = new Peer(b.app)
    const welcome = await again.hello({ resume, credentials: { user: 'Alice' } })
    expect(welcome).toMatchObject({ resumed: true, connection, user: { id: 'Alice' } })
    await again.join('room:x', { presence: { name: 'Alice' } })
    expect(b.happened.joins).toEqual(['Bob room:x'])
    const third = new Peer(a.app)
    expect(await third.hello({ resume, credentials: { user: 'Alice' } })).toMatchObject({ resumed: false })
  })

  it('show a member whose session has moved, and who shows the same as before, beyond the grace', async () => {
    const [a, b] = [node('a'), node('b')]
    const peer = new Peer(a.app)
    const { resume } = await peer.hello({ credentials: { user: 'Alice' } })
    await peer.join('room:x', { presence: { name: 'Alice' } })
    const carl = await member(a.app, 'Carl')
    const bob = await member(b.app, 'Bob')
    await eventually(() => expect(bob.roster).toEqual(['Alice', 'Bob', 'Carl']))
    peer.lose()
    const again = new Peer(b.app)
    expect(await again.hello({ resume, credentials: { user: 'Alice' } })).toMatchObject({ resumed: true })
    await again.join('room:x', { presence: { name: 'Alice' } })
    // Carl is lost later than Alice was, so when his grace is over, hers is.
    carl.lose()
    await eventually(() => expect(bob.roster).toEqual(['Alice', 'Bob']))
    expect(await a.app.channel('room:x').members()).toHaveLength(2)
  })

  it('kick who is away: it must ask to be let in when it comes back', async () => {
    const [a, b] = [node('a'), node('b')]
    const peer = new Peer(b.app)
    const { resume } = await peer.hello({ credentials: { user: 'Alice' } })
    await peer.join('room:x', { presence: { name: 'Alice' } })
    await peer.join('log:x', { presence: { name: 'Alice' } })
    peer.lose()
    expect(await a.app.channel('room:x').kick({ user: 'Alice' })).toBe(1)
    expect(b.happened.leaves).toEqual(['Alice kicked'])
    expect(await b.app.channel('room:x').members()).toEqual([])
    const again = new Peer(b.app)
    const { resume: next } = await again.hello({ resume, credentials: { user: 'Alice' } })
    // Nor does a kick miss who has its connection again, but has not joined yet.
    expect(await a.app.channel('log:x').kick({ user: 'Alice' })).toBe(1)
    await again.join('room:x')
    await again.join('log:x')
    expect(next).toBeDefined()
    expect(b.happened.joins).toEqual(['Alice room:x', 'Alice log:x', 'Alice room:x', 'Alice log:x'])
  })

  it('share one order through one log', async () => {
    const log = memoryLog({ clock: steadyClock, random: systemRandom })
    const apps = ['a', 'b'].map((name) => {
      const made = roomsApp({ broker: bus.broker(name), log })
      nodes.push(made)
      return made.app
    })
    const [alice, bob] = [await member(apps[0]!, 'Alice', 'log:x'), await member(apps[1]!, 'Bob', 'log:x')]
    for (let i = 0; i < 10; i++) {
      alice.say('send', 100 + i, 'log:x', 'message', `a${i}`)
      bob.say('send', 100 + i, 'log:x', 'message', `b${i}`)
    }
    await eventually(() => {
      expect(alice.messages).toHaveLength(20)
      expect(bob.messages).toEqual(alice.messages)
    })
  })
})

describe('a node that is silent', () => {
  it('is hidden, and seen again when it is back, with what changed meanwhile', async () => {
    let cut = false
    bus = memoryBus({
      clock: steadyClock,
      deliver: (passage) => void (cut || steadyClock.soon(() => passage.arrive())),
    })
    const [a, b] = [node('a').app, node('b').app]
    const alice = await member(a, 'Alice')
    await member(b, 'Bob')
    await eventually(() => expect(alice.roster).toEqual(['Alice', 'Bob']))
    cut = true
    await eventually(() => expect(alice.roster).toEqual(['Alice']))
    await member(b, 'Carol')
    cut = false
    await eventually(() => expect(alice.roster).toEqual(['Alice', 'Bob', 'Carol']))
  })

  it('is hidden although no beat of it was ever heard, only what it said of presence', async () => {
    let lost: (subject: string) => boolean = (subject) => subject === 'node:beat'
    bus = memoryBus({
      clock: steadyClock,
      deliver: (passage) => void (lost(passage.subject) || steadyClock.soon(() => passage.arrive())),
    })
    const [a, b] = [node('a').app, node('b').app]
    const alice = await member(a, 'Alice')
    await member(b, 'Bob')
    await eventually(() => expect(alice.roster).toEqual(['Alice', 'Bob']))
    lost = () => true
    await eventually(() => expect(alice.roster).toEqual(['Alice']))
  })
})
