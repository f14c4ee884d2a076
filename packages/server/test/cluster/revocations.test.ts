import { afterEach, beforeEach, expect, it } from 'vitest'
import { identify, type MemoryBus, memoryBus, type RollcallOptions } from '../../src/index.ts'
import { type Happened, type RoomsApp, roomsApp } from '../support/app.ts'
import { eventually } from '../support/eventually.ts'
import { Peer } from '../support/peer.ts'
import { steadyClock } from '../support/steady-clock.ts'

let bus: MemoryBus
let cut: string | null
/** Where what goes to node a waits; null lets it through. */
let waiting: (() => void)[] | null
/** What is lost on the way, once: a question to node b, or its answer. */
let lost: 'question' | 'answer' | null
let apps: RoomsApp[]
/** What node a's application has heard of. */
let happened: Happened
/** The id of the connection that is under way. */
let id: string

beforeEach(() => {
  cut = null
  waiting = null
  lost = null
  apps = []
  bus = memoryBus({
    clock: steadyClock,
    deliver: ({ kind, from, to, arrive }) => {
      if (from === cut || to === cut) return
      if (kind === lost && (to === 'b' || from === 'b')) {
        lost = null
        return
      }
      if (to === 'a' && waiting) waiting.push(arrive)
      else steadyClock.soon(arrive)
    },
  })
})
afterEach(() => Promise.all(apps.map((app) => app.close({ timeoutMs: 10 }))))

/** Credentials are `user@when#session`: when they were issued, and to which session. */
const authenticate: NonNullable<RollcallOptions['authenticate']> = ({ credentials }) => {
  const [id = '', issuedAt, session] = String(credentials).split(/[@#]/)
  return identify({ id }, { issuedAt: Number(issuedAt), ...(session !== undefined && { session }) })
}

function node(name: string): RoomsApp {
  const nodes = { beatMs: 20, downMs: 100, forgetMs: 10_000, askMs: 50 }
  const { app, happened: heard } = roomsApp({ broker: bus.broker(name), nodes, authenticate })
  apps.push(app)
  if (name === 'a') happened = heard
  return app
}

/** A client in room:x at node b has lost its connection and comes back to node a: its session is between the two. */
async function underWay(): Promise<{ back: Peer; arrive: () => void }> {
  const [a, b] = [node('a'), node('b')]
  await eventually(() => expect([a.stats().nodes, b.stats().nodes]).toEqual([2, 2]))
  const bob = await comes(b, 'Bob@1#phone')
  await bob.join('room:x', { presence: { name: 'B' } })
  const welcome = bob.of('welcome')[0]?.[1] as { resume: string; connection: string }
  id = welcome.connection
  bob.lose()
  waiting = []
  const back = new Peer(a)
  back.say('hello', { credentials: 'Bob@1#phone', resume: welcome.resume })
  await eventually(() => expect(b.stats().sessions).toBe(0))
  const arrive = () => {
    for (const each of waiting ?? []) each()
    waiting = null
  }
  return { back, arrive }
}

async function comes(app: RoomsApp, credentials: string): Promise<Peer> {
  const peer = new Peer(app)
  peer.say('hello', { credentials })
  await eventually(() => expect(peer.closed !== null || peer.of('welcome').length > 0).toBe(true))
  return peer
}

it('a node that was cut off learns what was revoked meanwhile, and puts out who is in', async () => {
  const [a, b] = [node('a'), node('b')]
  await eventually(() => expect([a.stats().nodes, b.stats().nodes]).toEqual([2, 2]))
  const then = steadyClock.now() - 10_000
  const bob = await comes(b, `Bob@${then}`)
  const alice = await comes(b, `Alice@${then}`)
  cut = 'b'
  await eventually(() => expect(a.stats().nodes).toBe(1))
  expect(await a.revoke({ user: 'Bob' })).toBe(0)
  expect(bob.closed).toBeNull()
  cut = null
  await eventually(() => expect(bob.closed?.code).toBe(4403))
  expect(alice.closed).toBeNull()
  expect((await comes(b, `Bob@${then}`)).closed?.code).toBe(4402)
  // Credentials from after the revocation are good, and stay good when the nodes meet again.
  const again = await comes(b, `Bob@${steadyClock.now() + 5_000}`)
  cut = 'b'
  await eventually(() => expect(a.stats().nodes).toBe(1))
  cut = null
  await eventually(() => expect(a.stats().nodes).toBe(2))
  // An order comes behind what a returning node is told.
  await a.disconnect({ user: 'Nobody' })
  expect(again.closed).toBeNull()
})

it.each([
  ['that it began with', { user: 'Bob' }, 'Bob@1#phone'],
  ['that it began with', { session: 'phone' }, 'Bob@1#phone'],
  ['that are newer', { user: 'Bob' }, 'Bob@2#phone'],
  ['that are newer', { session: 'phone' }, 'Bob@2#phone'],
])(
  'a session on its way to another node, by credentials %s, does not escape that %j is revoked',
  async (_, who, shown) => {
    const [a, b] = [node('a'), node('b')]
    await eventually(() => expect([a.stats().nodes, b.stats().nodes]).toEqual([2, 2]))
    const bob = await comes(b, 'Bob@1#phone')
    const resume = bob.of('welcome')[0]?.[1] as { resume: string }
    bob.lose()
    expect(b.stats().sessions).toBe(1)
    waiting = []
    const back = new Peer(a)
    back.say('hello', { credentials: shown, resume: resume.resume })
    // It has left there and is not here yet.
    await eventually(() => expect(b.stats().sessions).toBe(0))
    const revoked = a.revoke(who)
    for (const arrive of waiting) arrive()
    waiting = null
    await revoked
    await eventually(() => expect(back.closed?.code).toBe(4402))
    expect(back.of('welcome')).toEqual([])
  },
)

it.each<[string, (a: RoomsApp) => Promise<number>]>([
  ['its user is disconnected', (a) => a.disconnect({ user: 'Bob' })],
  ['it is disconnected', (a) => a.disconnect({ connection: id })],
])('a session on its way to another node does not escape that %s', async (_, end) => {
  const { back, arrive } = await underWay()
  const ended = end(apps[0] as RoomsApp)
  arrive()
  await ended
  await eventually(() => expect(back.of('welcome')).toHaveLength(1))
  expect(back.of('welcome')[0]?.[1]).toMatchObject({ resumed: false })
})

it('a session on its way to another node is out of the channel that it is kicked from, and must ask to be let in', async () => {
  const { back, arrive } = await underWay()
  const kicked = (apps[0] as RoomsApp).channel('room:x').kick({ user: 'Bob' })
  arrive()
  await kicked
  await eventually(() => expect(back.of('welcome')).toHaveLength(1))
  expect(back.of('welcome')[0]?.[1]).toMatchObject({ resumed: true })
  const before = happened.joins.length
  await back.join('room:x', { presence: { name: 'B' } })
  expect(happened.joins.slice(before)).toEqual(['Bob room:x'])
})

it.each<['question' | 'answer']>([['question'], ['answer']])(
  'an order whose %s is lost comes again, and is carried out once',
  async (what) => {
    const [a, b] = [node('a'), node('b')]
    await eventually(() => expect([a.stats().nodes, b.stats().nodes]).toEqual([2, 2]))
    const bob = await comes(b, 'Bob@1#phone')
    lost = what
    expect(await a.revoke({ session: 'phone' })).toBe(1)
    expect(lost).toBeNull()
    expect(bob.closed?.code).toBe(4403)
    const carol = await comes(b, 'Carol@1#x')
    lost = what
    expect(await a.disconnect({ user: 'Carol' })).toBe(1)
    expect(carol.closed?.code).toBe(4403)
  },
)

it('who has signed in since is not put out when nodes tell each other', async () => {
  const [a, b] = [node('a'), node('b')]
  await eventually(() => expect([a.stats().nodes, b.stats().nodes]).toEqual([2, 2]))
  await a.revoke({ user: 'Bob' })
  const fresh = await comes(b, `Bob@${steadyClock.now() + 1_500}`)
  for (let i = 0; i < 2; i++) {
    cut = 'b'
    await eventually(() => expect([a.stats().nodes, b.stats().nodes]).toEqual([1, 1]))
    cut = null
    await eventually(() => expect([a.stats().nodes, b.stats().nodes]).toEqual([2, 2]))
    await a.disconnect({ user: 'Nobody' })
  }
  expect(fresh.closed).toBeNull()
})

it('a shorter revocation takes nothing from a longer one', async () => {
  const a = node('a')
  for (const who of [{ user: 'Bob' }, { session: 'phone' }]) {
    await a.revoke(who)
    await a.revoke(who, { forMs: 1 })
  }
  const until = steadyClock.now() + 20
  await eventually(() => expect(steadyClock.now()).toBeGreaterThan(until))
  expect((await comes(a, 'Bob@1#laptop')).closed?.code).toBe(4402)
  expect((await comes(a, 'Alice@1#phone')).closed?.code).toBe(4402)
})

it('a node that starts later learns it, too', async () => {
  const a = node('a')
  const then = steadyClock.now() - 10_000
  await a.revoke({ user: 'Bob' })
  await a.revoke({ user: 'Carol' }, { forMs: Number.POSITIVE_INFINITY })
  await a.revoke({ session: 'phone' })
  const late = node('late')
  await eventually(() => expect(late.stats().nodes).toBe(2))
  await eventually(async () => expect((await comes(late, `Carol@${then}`)).closed?.code).toBe(4402))
  expect((await comes(late, `Bob@${then}`)).closed?.code).toBe(4402)
  expect((await comes(late, `Alice@${steadyClock.now() + 5_000}#phone`)).closed?.code).toBe(4402)
  expect((await comes(late, `Alice@${then}#laptop`)).closed).toBeNull()
})
