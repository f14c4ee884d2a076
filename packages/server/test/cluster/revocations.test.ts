import { systemClock } from '@rollcall/core'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { identify, type MemoryBus, memoryBus, type RollcallOptions } from '../../src/index.ts'
import { type RoomsApp, roomsApp } from '../support/app.ts'
import { eventually } from '../support/eventually.ts'
import { Peer } from '../support/peer.ts'

let bus: MemoryBus
let cut: string | null
/** Where what goes to node a waits; null lets it through. */
let waiting: (() => void)[] | null
let apps: RoomsApp[]

beforeEach(() => {
  cut = null
  waiting = null
  apps = []
  bus = memoryBus({
    deliver: ({ from, to, arrive }) => {
      if (from === cut || to === cut) return
      if (to === 'a' && waiting) waiting.push(arrive)
      else systemClock.soon(arrive)
    },
  })
})
afterEach(() => Promise.all(apps.map((app) => app.close({ timeoutMs: 10 }))))

/** Credentials are `user@when#session`: when they were issued, and to which session. */
const authenticate: NonNullable<RollcallOptions['authenticate']> = ({ credentials }) => {
  const [id = '', issuedAt, session = ''] = String(credentials).split(/[@#]/)
  return identify({ id }, { issuedAt: Number(issuedAt), session })
}

function node(name: string): RoomsApp {
  const nodes = { beatMs: 20, downMs: 100, forgetMs: 10_000, askMs: 50 }
  const { app } = roomsApp({ broker: bus.broker(name), nodes, authenticate })
  apps.push(app)
  return app
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
  const then = Date.now() - 10_000
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
  const again = await comes(b, `Bob@${Date.now() + 5_000}`)
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

it('a node that starts later learns it, too', async () => {
  const a = node('a')
  const then = Date.now() - 10_000
  await a.revoke({ user: 'Bob' })
  await a.revoke({ user: 'Carol' }, { forMs: Number.POSITIVE_INFINITY })
  await a.revoke({ session: 'phone' })
  const late = node('late')
  await eventually(() => expect(late.stats().nodes).toBe(2))
  await eventually(async () => expect((await comes(late, `Carol@${then}`)).closed?.code).toBe(4402))
  expect((await comes(late, `Bob@${then}`)).closed?.code).toBe(4402)
  expect((await comes(late, `Alice@${Date.now() + 5_000}#phone`)).closed?.code).toBe(4402)
  expect((await comes(late, `Alice@${then}#laptop`)).closed).toBeNull()
})
