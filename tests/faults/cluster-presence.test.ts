import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest'
import { missingNats } from '../support/nats.ts'
import { until } from '../support/until.ts'
import { keepTimes, printFigures } from './cluster/figures.ts'
import { Guest, Watcher } from './cluster/guest.ts'
import { Stage, type StageNode } from './cluster/stage.ts'
import { now, pause } from './cluster/world.ts'

const LONG = process.env['FAULTS'] === 'long'

describe.skipIf(missingNats)('who is here, seen from other nodes', { timeout: 300_000 }, () => {
  let stage: Stage
  const guests: Guest[] = []

  beforeEach(async () => {
    stage = await Stage.open()
  })
  afterEach(async () => {
    await Promise.all(guests.splice(0).map((guest) => guest.close()))
    await stage.close()
  })
  afterAll(printFigures)

  function guest(node: StageNode, user: string): Guest {
    const one = new Guest(node, user)
    guests.push(one)
    return one
  }

  async function watch(topic: string, nodes: readonly StageNode[]): Promise<Watcher[]> {
    return Promise.all(
      nodes.map(async (node) => new Watcher(await guest(node, `watcher-${node.name}-${topic}`).join(topic))),
    )
  }

  it.each(['room:quiet', 'hall:quiet'])('joins and leaves are seen at once in %s', async (topic) => {
    const [here, ...others] = stage.nodes as [StageNode, StageNode, StageNode]
    const watchers = await watch(topic, others)
    const visitor = guest(here, 'visitor')
    const joins: number[] = []
    const leaves: number[] = []
    for (let i = 0; i < 60; i++) {
      const asked = now()
      const room = await visitor.join(topic)
      for (const at of await Promise.all(watchers.map((watcher) => watcher.when('visitor', true))))
        joins.push(at - asked)
      await pause(20 + Math.random() * 60)
      const left = now()
      await room.leave()
      for (const at of await Promise.all(watchers.map((watcher) => watcher.when('visitor', false))))
        leaves.push(at - left)
      await pause(20 + Math.random() * 60)
    }
    const kind = topic.split(':')[0]
    // A few milliseconds, on a machine that has nothing else to do. What is lost on its way takes seconds.
    expect(keepTimes(`remote join, ${kind}`, joins).median).toBeLessThan(1_000)
    expect(keepTimes(`remote leave, ${kind}`, leaves).median).toBeLessThan(1_000)
  })

  // Some 5 s and a beat: the table says how long it took. More than that is the machine's.
  it('the members of a killed node go when it has been silent for too long', async () => {
    const times: number[] = []
    for (let round = 0; round < (LONG ? 5 : 2); round++) {
      const topic = `room:${round}`
      const victim = stage.node(round % 3)
      const watchers = await watch(
        topic,
        stage.nodes.filter((node) => node !== victim),
      )
      const lost = guest(victim, 'lost')
      await lost.join(topic)
      await Promise.all(watchers.map((watcher) => watcher.when('lost', true)))
      const killed = now()
      await stage.kill(victim)
      for (const at of await Promise.all(watchers.map((watcher) => watcher.when('lost', false))))
        times.push(at - killed)
      await stage.restart(victim)
    }
    const { max } = keepTimes('member of a killed node gone', times)
    expect(max).toBeLessThan(15_000)
  })

  it('the members of a stopped node go at once', async () => {
    const times: number[] = []
    for (let round = 0; round < (LONG ? 10 : 4); round++) {
      const topic = `room:${round}`
      const victim = stage.node(round % 3)
      const watchers = await watch(
        topic,
        stage.nodes.filter((node) => node !== victim),
      )
      const lost = guest(victim, 'lost')
      await lost.join(topic)
      await Promise.all(watchers.map((watcher) => watcher.when('lost', true)))
      await stage.stop(victim)
      const gone = await Promise.all(watchers.map((watcher) => watcher.when('lost', false)))
      await until(() => lost.lostAt !== null, { what: 'the goodbye' })
      for (const at of gone) times.push(at - (lost.lostAt ?? 0))
      await stage.restart(victim)
    }
    const { max } = keepTimes('member of a stopped node gone, from its goodbye', times)
    // Sooner than by its silence.
    expect(max).toBeLessThan(4_000)
  })

  it('the members of a node that stands still are hidden, and shown again when it goes on', async () => {
    const hidden: number[] = []
    const shown: number[] = []
    const victim = stage.node(0)
    const watchers = await watch('room:still', stage.nodes.slice(1))
    await guest(victim, 'still').join('room:still')
    await Promise.all(watchers.map((watcher) => watcher.when('still', true)))
    for (let round = 0; round < (LONG ? 4 : 1); round++) {
      const stopped = now()
      victim.program.child.kill('SIGSTOP')
      for (const at of await Promise.all(watchers.map((watcher) => watcher.when('still', false))))
        hidden.push(at - stopped)
      await pause(1_000)
      const continued = now()
      victim.program.child.kill('SIGCONT')
      for (const at of await Promise.all(watchers.map((watcher) => watcher.when('still', true))))
        shown.push(at - continued)
    }
    expect(keepTimes('member of a node that stands still hidden', hidden).max).toBeLessThan(15_000)
    expect(keepTimes('the same shown again, from going on', shown).max).toBeLessThan(15_000)
  })
})
