import { systemClock } from '@rollcall/core'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { identify, type MemoryBus, memoryBus, type RollcallOptions } from '../../src/index.ts'
import { type RoomsApp, roomsApp } from '../support/app.ts'
import { eventually } from '../support/eventually.ts'
import { Peer } from '../support/peer.ts'

let bus: MemoryBus
let cut: string | null
let apps: RoomsApp[]

beforeEach(() => {
  cut = null
  apps = []
  bus = memoryBus({
    deliver: ({ from, to, arrive }) => void (from === cut || to === cut || systemClock.soon(arrive)),
  })
})
afterEach(() => Promise.all(apps.map((app) => app.close({ timeoutMs: 10 }))))

/** Credentials are `user@when`, the time at which they were issued. */
const authenticate: NonNullable<RollcallOptions['authenticate']> = ({ credentials }) => {
  const [id = '', issuedAt] = String(credentials).split('@')
  return identify({ id }, { issuedAt: Number(issuedAt) })
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
  expect(await a.revoke('Bob')).toBe(0)
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

it('a node that starts later learns it, too', async () => {
  const a = node('a')
  const then = Date.now() - 10_000
  await a.revoke('Bob')
  await a.revoke('Carol', { forMs: Number.POSITIVE_INFINITY })
  const late = node('late')
  await eventually(() => expect(late.stats().nodes).toBe(2))
  await eventually(async () => expect((await comes(late, `Carol@${then}`)).closed?.code).toBe(4402))
  expect((await comes(late, `Bob@${then}`)).closed?.code).toBe(4402)
  expect((await comes(late, `Alice@${then}`)).closed).toBeNull()
})
