import { createServer } from 'node:net'
import { RetryLaterError, type RollcallError } from '@rollcall/core'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { missingNats } from '../support/nats.ts'
import { until } from '../support/until.ts'
import { Guest } from './cluster/guest.ts'
import { Stage } from './cluster/stage.ts'
import { now, pause } from './cluster/world.ts'

describe.skipIf(missingNats)('while NATS is away', { timeout: 300_000 }, () => {
  let stage: Stage
  const guests: Guest[] = []

  beforeEach(async () => {
    stage = await Stage.open()
  })
  afterEach(async () => {
    await Promise.all(guests.splice(0).map((guest) => guest.close()))
    await stage.close()
  })

  async function enter(node: number, user: string, topic: string) {
    const guest = new Guest(stage.node(node), user)
    guests.push(guest)
    const room = await guest.join(topic)
    const heard: string[] = []
    room.on('said', (text) => heard.push(text))
    return { guest, room, heard }
  }

  /** What a send comes to, and after how long. */
  async function outcome(sending: Promise<unknown>) {
    const at = now()
    const error: unknown = await sending.then(
      () => null,
      (reason: unknown) => reason,
    )
    return { error, ms: now() - at }
  }

  it('halls go on, rooms refuse in bounded time, health says so, nobody is thrown out, and all comes back', async () => {
    const hall = [await enter(0, 'a', 'hall:x'), await enter(0, 'b', 'hall:x'), await enter(1, 'c', 'hall:x')] as const
    const room = [await enter(0, 'd', 'room:x'), await enter(1, 'e', 'room:x')] as const
    await hall[0].room.send('say', 'before')
    await until(() => hall.every(({ heard }) => heard.includes('before')), { what: 'everybody to hear it' })

    await stage.nats.kill()
    const away = async () =>
      (await Promise.all(stage.nodes.map((node) => stage.health(node)))).every((is) => is === 503)
    await until(away, { what: 'all nodes to notice' })
    // In the first seconds a send waits for NATS; later ones are refused at once.
    const first = await outcome(room[0].room.send('say', 'first'))
    expect(first.error).toBeInstanceOf(RetryLaterError)
    expect(first.error).toMatchObject({ code: 'unavailable' })
    expect((first.error as RollcallError).retryAfterMs).toBeGreaterThan(0)
    expect(first.ms).toBeLessThan(20_000)
    const second = await outcome(room[1].room.send('say', 'second'))
    expect(second.error).toMatchObject({ code: 'unavailable' })
    // The first one waited for five seconds.
    expect(second.ms).toBeLessThan(3_000)
    expect(await away()).toBe(true)

    const took = await outcome(hall[0].room.send('say', 'during'))
    expect(took.error).toBeNull()
    expect(took.ms).toBeLessThan(3_000)
    await until(() => hall[1].heard.includes('during'), { what: 'the neighbour to hear it' })
    expect(hall[2].heard).toEqual(['before'])

    // Who comes now is served as far as that goes: a hall at once, a room when its log is back.
    const late = await enter(2, 'f', 'hall:x')
    await late.room.send('say', 'late')
    await until(() => late.heard.includes('late'), { what: 'a newcomer to be heard' })
    const joining = enter(2, 'g', 'room:x')

    await stage.nats.restart('kept')
    await Promise.all(stage.nodes.map((node) => stage.healthy(node, 30_000)))
    await hall[0].room.send('say', 'after')
    await until(() => [...hall, late].every(({ heard }) => heard.includes('after')), { what: 'all nodes to hear it' })
    const newcomer = await joining
    await room[0].room.send('say', 'again')
    await until(() => [...room, newcomer].every(({ heard }) => heard.at(-1) === 'again'), { what: 'the room to go on' })
    expect(room[1].heard).toEqual(['again'])
    await until(() => hall.every(({ room: { presence } }) => presence.members().length === 4), { what: 'the roster' })
    expect([...hall, ...room, late, newcomer].map(({ guest }) => guest.lostAt)).toEqual(Array(7).fill(null))
  })

  it('nodes look for it now and then, each at its own time', async () => {
    await stage.nats.kill()
    const attempts: number[] = []
    const counter = createServer((socket) => {
      attempts.push(now())
      socket.on('error', () => {})
      socket.destroy()
    })
    await new Promise<void>((resolve) => counter.listen(Number(new URL(stage.nats.url).port), '127.0.0.1', resolve))
    await pause(10_000)
    await new Promise((resolve) => counter.close(resolve))
    const links = stage.nodes.length * 2
    expect(attempts.length).toBeGreaterThanOrEqual(links)
    // Full jitter from 100 ms, doubled each time: some seven or eight attempts in ten seconds.
    expect(attempts.length).toBeLessThan(links * 16)
    const last = attempts.filter((at) => at > now() - 5_000)
    expect(last.length).toBeLessThan(links * 6)
    await stage.nats.restart('kept')
    await Promise.all(stage.nodes.map((node) => stage.healthy(node, 30_000)))
  })
})
