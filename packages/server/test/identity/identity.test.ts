import { type Clock, channel, contract } from '@rollcall/core'
import { afterEach, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { type App, allow, identify, memoryBus, type RollcallOptions, rollcall } from '../../src/index.ts'
import { eventually } from '../support/eventually.ts'
import { Peer } from '../support/peer.ts'
import { hastyClock, steadyClock } from '../support/steady-clock.ts'

const opened: Pick<App, 'close'>[] = []
afterEach(async () => {
  for (const app of opened.splice(0)) await app.close({ timeoutMs: 10 })
})

interface Given {
  readonly user: string
  readonly livesMs?: number
  readonly issuedAt?: number
  readonly session?: string
}

const chat = contract({
  'room:{room}': channel({
    send: { message: z.string(), shout: z.string() },
    emit: { message: z.string() },
    call: { add: { input: z.number(), output: z.number() } },
    presence: z.object({ name: z.string() }),
    history: {},
    rates: { slowMs: 200 },
  }),
  'busy:{room}': channel({
    send: { message: z.string() },
    emit: { message: z.string() },
    rates: { channel: { perSecond: 10, burst: 4, costPerReceiver: true } },
  }),
})

function open(options: RollcallOptions = {}, clock: Clock = steadyClock) {
  const asked: string[] = []
  const app = rollcall(
    chat,
    {
      'room:{room}': {
        join: () => allow(),
        message: ({ channel }, text) => channel.emit('message', text),
        shout: ({ channel }, text) => channel.emit('message', text.toUpperCase()),
        add: (_, n) => n + 1,
        permit: async ({ user }, action) => {
          asked.push(`${user.id} ${action.kind}`)
          if (user.id === 'broken') throw new Error('secret')
          return user.id !== 'guest' || (action.kind === 'send' && action.event === 'message')
        },
      },
      'busy:{room}': { join: () => allow(), message: ({ channel }, text) => channel.emit('message', text) },
    },
    {
      authenticate: ({ credentials }) => {
        const { user, livesMs, issuedAt, session } = credentials as Given
        return identify(
          { id: user },
          {
            ...(livesMs !== undefined && { expiresAt: clock.now() + livesMs }),
            ...(issuedAt !== undefined && { issuedAt }),
            ...(session !== undefined && { session }),
          },
        )
      },
      onError: () => {},
      clock,
      ...options,
    },
  )
  opened.push(app)
  return { app, asked }
}

async function peer(app: Pick<App, 'accept'>, credentials: Given) {
  const made = new Peer(app)
  return { peer: made, welcome: await made.hello({ credentials }) }
}

describe('credentials that expire', () => {
  it('end the connection, which may come back', async () => {
    const { app } = open({}, hastyClock(5))
    const { peer: alice } = await peer(app, { user: 'alice', livesMs: 300 })
    await eventually(() => expect(alice.closed?.code).toBe(4004))
  })

  it('can be refreshed in place, by the same user alone', async () => {
    const { app } = open({}, hastyClock(5))
    const { peer: alice } = await peer(app, { user: 'alice', livesMs: 1_200 })
    expect((await alice.ask('refresh', { user: 'mallory' }))[2]).toMatchObject({ code: 'unauthorized' })
    expect((await alice.ask('refresh', { user: 'alice', livesMs: 60_000 }))[0]).toBe('ok')
    const { peer: bob } = await peer(app, { user: 'bob', livesMs: 1_300 })
    await eventually(() => expect(bob.closed?.code).toBe(4004))
    expect(alice.closed).toBeNull()
  })

  it('that have expired open nothing; the same user, authenticated anew, resumes', async () => {
    const { app } = open()
    const late = new Peer(app)
    late.say('hello', { credentials: { user: 'alice', livesMs: -1 } })
    await eventually(() => expect(late.closed?.code).toBe(4402))
    const credentials = { user: 'bob', livesMs: 150 }
    const { peer: bob, welcome } = await peer(app, credentials)
    bob.lose()
    const until = steadyClock.now() + 160
    await eventually(() => expect(steadyClock.now()).toBeGreaterThan(until))
    const back = new Peer(app)
    expect(await back.hello({ resume: welcome.resume, credentials })).toMatchObject({
      resumed: true,
      user: { id: 'bob' },
    })
  })
})

describe('a revoked user', () => {
  it('is out on every node, cannot resume, and comes back with newer credentials only', async () => {
    const bus = memoryBus({ clock: steadyClock })
    const nodes = { beatMs: 20, downMs: 100 }
    const [a, b] = [open({ broker: bus.broker('a'), nodes }).app, open({ broker: bus.broker('b'), nodes }).app]
    const old = { user: 'alice', issuedAt: steadyClock.now() - 60_000 }
    const one = await peer(a, old)
    const two = await peer(b, old)
    two.peer.lose()
    const three = await peer(b, old)
    expect(await a.revoke({ user: 'alice' })).toBe(2)
    expect([one.peer.closed?.code, three.peer.closed?.code]).toEqual([4403, 4403])
    for (const app of [a, b]) {
      const again = new Peer(app)
      again.say('hello', { credentials: old, resume: two.welcome.resume })
      await eventually(() => expect(again.closed).toEqual({ code: 4402, reason: 'The credentials were revoked' }))
      await peer(app, { user: 'alice', issuedAt: steadyClock.now() + 2_000 })
      await peer(app, { user: 'bob', issuedAt: 0 })
    }
  })
})

describe('a revoked session', () => {
  const phone = { user: 'alice', session: 'phone', issuedAt: steadyClock.now() - 60_000 }
  const laptop = { user: 'alice', session: 'laptop', issuedAt: steadyClock.now() - 60_000 }

  it('is out on every node and cannot resume; the other sessions of its user go on', async () => {
    const bus = memoryBus({ clock: steadyClock })
    const nodes = { beatMs: 20, downMs: 100 }
    const [a, b] = [open({ broker: bus.broker('a'), nodes }).app, open({ broker: bus.broker('b'), nodes }).app]
    const [here, there, away] = [await peer(a, phone), await peer(b, phone), await peer(b, phone)]
    const [other, otherAway] = [await peer(b, laptop), await peer(b, laptop)]
    away.peer.lose()
    otherAway.peer.lose()
    expect(await a.revoke({ session: 'phone' }, { reason: 'lost on a train' })).toBe(2)
    for (const { peer: ended } of [here, there]) expect(ended.closed).toEqual({ code: 4403, reason: 'lost on a train' })
    expect(other.peer.closed).toBeNull()
    for (const app of [a, b]) {
      const again = new Peer(app)
      // That it says to have been issued later is no excuse, as it is for a user.
      again.say('hello', {
        credentials: { ...phone, issuedAt: steadyClock.now() + 60_000 },
        resume: away.welcome.resume,
      })
      await eventually(() => expect(again.closed).toEqual({ code: 4402, reason: 'The credentials were revoked' }))
      await peer(app, { user: 'alice', session: 'tablet' })
    }
    const back = new Peer(b)
    expect(await back.hello({ credentials: laptop, resume: otherAway.welcome.resume })).toMatchObject({ resumed: true })
  })

  it('does not live on by what it resumed, or by what it refreshed to', async () => {
    const { app } = open()
    const first = await peer(app, phone)
    first.peer.lose()
    const resumed = new Peer(app)
    expect(await resumed.hello({ credentials: phone, resume: first.welcome.resume })).toMatchObject({ resumed: true })
    const changed = await peer(app, { user: 'alice' })
    await changed.peer.ask('refresh', phone)
    const left = await peer(app, phone)
    await left.peer.ask('refresh', laptop)
    expect(await app.revoke({ session: 'phone' })).toBe(2)
    expect([resumed.closed?.code, changed.peer.closed?.code, left.peer.closed]).toEqual([4403, 4403, null])
  })

  it.each([
    [undefined],
    ['alice'],
    [{}],
    [{ user: 'alice', session: 'phone' }],
    [{ session: 7 }],
    [{ session: '' }],
    [{ user: '' }],
  ])('that is said as %j is nobody’s: nothing ends', async (who) => {
    const { app } = open()
    const { peer: alice } = await peer(app, phone)
    await expect(app.revoke(who as { session: string })).rejects.toThrow('say whom, as { user } or { session }')
    await expect(app.revoke({ session: 'phone' }, { forMs: Number.NaN })).rejects.toThrow('forMs')
    expect(alice.closed).toBeNull()
  })
})

describe('a session that is no text', () => {
  it.each([7, '', 'x'.repeat(256), {}])('lets nobody in (%j)', async (session) => {
    const { app } = open()
    const alice = new Peer(app)
    alice.say('hello', { credentials: { user: 'alice', session } })
    await eventually(() => expect(alice.closed?.code).toBe(4101))
  })
})

describe('a connection that is disconnected', () => {
  it('is not everybody without a name', async () => {
    const { app } = open()
    const stranger = new Peer(app)
    expect(await app.disconnect({ user: '' })).toBe(0)
    expect(stranger.closed).toBeNull()
  })

  it('ends although it is away, and the others of its user stay, those that are away too', async () => {
    const { app } = open()
    const credentials = { user: 'alice' }
    const [one, two, three] = [await peer(app, credentials), await peer(app, credentials), await peer(app, credentials)]
    await one.peer.join('room:x', { presence: { name: 'A' } })
    for (const { peer: lost } of [one, two]) lost.lose()
    const count = () => app.channel('room:x').count()
    expect(await count()).toEqual({ members: 1, entries: 1 })
    expect(await app.disconnect({ connection: String(one.welcome['connection']) })).toBe(0)
    // It is not shown for the rest of the grace.
    expect(await count()).toEqual({ members: 0, entries: 0 })
    expect(await app.disconnect({ connection: String(three.welcome['connection']) })).toBe(1)
    const resumed = async (resume: unknown) => (await new Peer(app).hello({ credentials, resume })).resumed
    expect(await resumed(one.welcome.resume)).toBe(false)
    expect(await resumed(three.welcome.resume)).toBe(false)
    expect(await resumed(two.welcome.resume)).toBe(true)
  })
})

describe('permit', () => {
  it('is asked for each kind of action, and what it does not permit is refused', async () => {
    const { app, asked } = open()
    const { peer: guest } = await peer(app, { user: 'guest' })
    await guest.join('room:x', { presence: { name: 'G' } })
    expect((await guest.ask('send', 'room:x', 'message', 'hi'))[0]).toBe('ok')
    for (const request of [
      ['call', 'room:x', 'add', 1],
      ['history', 'room:x', {}],
      ['track', 'room:x', { name: 'H' }],
    ] as const)
      expect((await guest.ask(request[0], ...request.slice(1)))[2]).toMatchObject({ code: 'unauthorized' })
    expect(asked).toEqual(['guest send', 'guest call', 'guest history', 'guest presence'])
    const { peer: member } = await peer(app, { user: 'member' })
    await member.join('room:x')
    expect((await member.ask('call', 'room:x', 'add', 1))[2]).toBe(2)
    expect((await member.ask('history', 'room:x', {}))[0]).toBe('ok')
  })

  it('that throws permits nothing, and tells nothing', async () => {
    const { app } = open()
    const { peer: broken } = await peer(app, { user: 'broken' })
    await broken.join('room:x')
    expect((await broken.ask('send', 'room:x', 'message', 'hi'))[2]).toMatchObject({ code: 'unauthorized' })
    expect(JSON.stringify(broken.frames)).not.toContain('secret')
  })
})

describe('rates of a channel', () => {
  it('slow mode lets each user send once in its time, on all connections together', async () => {
    const { app } = open()
    const [one, two, bob] = await Promise.all(
      ['alice', 'alice', 'bob'].map(async (user) => {
        const { peer: made } = await peer(app, { user })
        await made.join('room:x')
        return made
      }),
    )
    expect((await one!.ask('send', 'room:x', 'message', '1'))[0]).toBe('ok')
    const [kind, , refusal] = await two!.ask('send', 'room:x', 'message', '2')
    expect([kind, (refusal as { code: string }).code]).toEqual(['error', 'rate_limited'])
    const { retryAfterMs } = refusal as { retryAfterMs: number }
    expect(retryAfterMs).toBeGreaterThan(0)
    expect(retryAfterMs).toBeLessThanOrEqual(200)
    expect((await bob!.ask('send', 'room:x', 'message', '3'))[0]).toBe('ok')
    await eventually(async () => expect((await two!.ask('send', 'room:x', 'message', '4'))[0]).toBe('ok'))
  })

  it('of all together may count deliveries', async () => {
    const { app } = open()
    const peers = await Promise.all(
      [1, 2].map(async (i) => {
        const { peer: made } = await peer(app, { user: `u${i}` })
        await made.join('busy:x')
        return made
      }),
    )
    const answers: unknown[] = []
    for (let i = 0; i < 4; i++) answers.push((await peers[0]!.ask('send', 'busy:x', 'message', `${i}`))[0])
    expect(answers.slice(0, 2)).toEqual(['ok', 'ok'])
    expect(answers).toContain('error')
  })
})
