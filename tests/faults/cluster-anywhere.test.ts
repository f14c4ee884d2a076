import { check, history } from '@rollcall/testkit'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { missingNats } from '../support/nats.ts'
import { until } from '../support/until.ts'
import { Guest } from './cluster/guest.ts'
import { phoenixPerson } from './cluster/phoenix-person.ts'
import { socketIoPerson } from './cluster/socket-io-person.ts'
import { Stage } from './cluster/stage.ts'
import { now } from './cluster/world.ts'

describe.skipIf(missingNats)('whichever node is asked', () => {
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
    const ends: string[] = []
    room.on('said', (text) => heard.push(text))
    room.onLeft(({ reason }) => ends.push(reason))
    return { guest, room, heard, ends }
  }

  it.each(['room:x', 'hall:x'])('it knows who is in %s, and speaks to all of them', async (topic) => {
    const people = [await enter(0, 'Ada', topic), await enter(1, 'Bob', topic)]
    const path = `/topics/${encodeURIComponent(topic)}`
    // News of a member takes a moment from node to node.
    await until(() => people.every(({ room: { presence } }) => presence.members().length === 2), { what: 'the roster' })
    for (const node of stage.nodes) {
      // The third node has nobody there: it asks the others.
      const { members } = await stage.api(node, 'GET', `${path}/members`)
      expect((members as { key: string }[]).map(({ key }) => key).sort()).toEqual(['Ada', 'Bob'])
      expect(await stage.api(node, 'GET', `${path}/count`)).toMatchObject({ status: 200, members: 2, entries: 2 })
    }
    for (const [i, node] of stage.nodes.entries())
      expect(await stage.api(node, 'POST', `${path}/messages`, { event: 'said', payload: `from ${i}` })).toMatchObject({
        status: 200,
      })
    await until(() => people.every(({ heard }) => heard.length === 3), { what: 'everybody to hear all' })
    for (const { heard } of people) expect([...heard].sort()).toEqual(['from 0', 'from 1', 'from 2'])
    if (topic === 'hall:x') return
    for (const node of stage.nodes) {
      const { messages } = await stage.api(node, 'GET', `${path}/messages?limit=10`)
      expect((messages as { payload: string }[]).map(({ payload }) => payload)).toEqual(people[0]?.heard)
    }
  })

  it.each([
    ['Socket.IO', socketIoPerson],
    ['Phoenix', phoenixPerson],
  ])('it carries the polls of a client of %s to the node that has the session', async (_, come) => {
    const events = history(now)
    const people = ['Ada', 'Bob', 'Cy'].map((user) =>
      come({ url: stage.url, history: events, user, topic: 'room:x', polls: true }),
    )
    try {
      await until(() => people.every(({ here }) => here), { what: 'everybody to be here' })
      for (let i = 0; i < 20; i++) await Promise.all(people.map((person) => person.say(`${person.user}-${i}`)))
      const delivered = () => events.records.filter(({ kind }) => kind === 'deliver').length
      await until(() => delivered() === 180, { what: 'everybody to hear everything' })
      const { anomalies, counts } = check(events.records)
      expect(anomalies).toEqual([])
      expect(counts).toMatchObject({ accepted: 60, unknown: 0, resumed: 0, memberships: 3 })
    } finally {
      await Promise.all(people.map((person) => person.close()))
    }
  })

  it('it puts somebody out of a topic, and off the server, whichever node that one is at', async () => {
    const ada = await enter(0, 'Ada', 'room:x')
    const bob = await enter(1, 'Bob', 'room:x')
    const third = stage.node(2)
    const kick = await stage.api(third, 'POST', '/topics/room%3Ax/kick', { user: 'Ada', reason: 'noise' })
    expect(kick).toMatchObject({ status: 200, kicked: 1 })
    await until(() => ada.ends.length > 0, { what: 'Ada to be told' })
    expect(ada.ends).toEqual([expect.stringContaining('noise')])
    expect(await stage.api(third, 'DELETE', '/users/Bob/connections')).toMatchObject({ status: 200, disconnected: 1 })
    await until(() => bob.ends.length > 0, { what: 'Bob to be told' })
    for (const node of stage.nodes)
      await until(async () => (await stage.api(node, 'GET', '/topics/room%3Ax/count'))['members'] === 0, {
        what: 'nobody to be here',
      })
  })
})
