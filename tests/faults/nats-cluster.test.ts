import { jetstreamManager } from '@nats-io/jetstream'
import { connect } from '@nats-io/transport-node'
import { natsBroker, natsLog } from '@rollcall/nats'
import { type Log, LogUnavailable } from 'rollcall/log'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { everything, hearing, record, upTo, WIDE } from '../support/log-follower.ts'
import { missingNats, startNatsCluster, type TestNats } from '../support/nats.ts'

const patient = { timeout: 30_000, interval: 10 }
const retention = WIDE

describe.skipIf(missingNats)('three servers of NATS', { timeout: 300_000 }, () => {
  let servers: TestNats[]
  const open: { close(): Promise<void> }[] = []

  beforeEach(async () => {
    servers = await startNatsCluster(3)
  })
  afterEach(async () => {
    await Promise.all(open.splice(0).map((each) => each.close()))
    await Promise.all(servers.map((server) => server.dispose()))
  })

  /** A log whose node prefers one of the servers. JetStream elects its leader first, so it may have to be asked again. */
  async function node(first: number): Promise<Log> {
    const urls = [0, 1, 2].map((i) => servers[(first + i) % 3]!.url)
    const options = { servers: urls, connect: { noRandomize: true }, replicas: 3, checkMs: 1000 } as const
    let log: Log | undefined
    await expect
      .poll(async () => {
        log ??= await natsLog(options).catch(() => undefined)
        return log !== undefined
      }, patient)
      .toBe(true)
    open.push(log!)
    return log!
  }

  async function leader(): Promise<TestNats> {
    let name: string | undefined
    await expect
      .poll(async () => {
        const nc = await connect({ servers: servers.map(({ url }) => url) })
        const manager = await jetstreamManager(nc, { checkAPI: false })
        const info = await manager.streams.info('rollcall').catch(() => undefined)
        await nc.close()
        name = info?.cluster?.leader
        return name
      }, patient)
      .toBeTruthy()
    return servers[Number(name!.slice('server-'.length))]!
  }

  it('keep every accepted message when the one that leads is killed under load', async () => {
    const logs = [await node(0), await node(1), await node(2)]
    const heard = logs.map(hearing)
    for (const [i, log] of logs.entries()) await log.follow('room', heard[i]!)
    let running = true
    const accepted = new Map<number, string>()
    const load = logs.map(async (log, node) => {
      for (let n = 0; running; n++) {
        const payload = `${node}.${n}`
        const deadline = performance.now() + 60_000
        for (;;) {
          try {
            const { position } = await log.append('room', record(payload), { retention, idempotencyKey: payload })
            accepted.set(position.offset, payload)
            break
          } catch (error) {
            if (performance.now() > deadline) throw error
          }
        }
      }
    })
    for (let round = 0; round < 2; round++) {
      const before = accepted.size
      await expect.poll(() => accepted.size, patient).toBeGreaterThan(before + 100)
      const victim = await leader()
      await victim.kill()
      const during = accepted.size
      await expect.poll(() => accepted.size, patient).toBeGreaterThan(during + 100)
      await victim.restart('kept')
    }
    running = false
    await Promise.all(load)
    const all = await everything(logs[0]!, 'room')
    expect(all).toEqual(upTo(accepted.size).map((offset) => `${offset}: ${accepted.get(offset)}`))
    for (const each of heard) {
      await expect.poll(() => each.offsets.length, patient).toBe(accepted.size)
      expect(each.messages.map(({ offset, payload }) => `${offset}: ${payload}`)).toEqual(all)
      expect(each.resets).toEqual([])
    }
  })

  it('give nodes that append at once one order, though they store two blocks for one place now and then', async () => {
    const logs = [await node(0), await node(1), await node(2)]
    const topics = upTo(20).map((n) => `room:${n}`)
    // The others learn from the stream alone that they were not the first.
    const heard = topics.map(hearing)
    for (const [t, topic] of topics.entries()) await logs[0]!.follow(topic, heard[t]!)
    const accepted = topics.map(() => new Map<number, string>())
    await Promise.all(
      topics.flatMap((topic, t) =>
        logs.map(async (log, node) => {
          for (const n of upTo(40)) {
            const { position } = await log.append(topic, record(`${node}.${n}`), { retention })
            expect(accepted[t]!.has(position.offset)).toBe(false)
            accepted[t]!.set(position.offset, `${node}.${n}`)
          }
        }),
      ),
    )
    for (const [t, topic] of topics.entries()) {
      const all = upTo(120).map((offset) => `${offset}: ${accepted[t]!.get(offset)}`)
      for (const log of logs) expect(await everything(log, topic)).toEqual(all)
      const { messages, resets } = heard[t]!
      await expect.poll(() => messages.length, patient).toBe(120)
      expect(messages.map(({ offset, payload }) => `${offset}: ${payload}`)).toEqual(all)
      expect(resets).toEqual([])
    }
    const fresh = await node(1)
    for (const [t, topic] of topics.entries()) {
      expect((await fresh.top(topic)).offset).toBe(120)
      const page = await fresh.readAfter(topic, 57, 5)
      expect(page.messages.map(({ payload }) => payload)).toEqual(upTo(5, 58).map((offset) => accepted[t]!.get(offset)))
    }
  })

  it('refuse what no majority could keep, and take it when they are back', async () => {
    const log = await node(0)
    await log.append('room', record(1), { retention })
    await servers[1]!.kill()
    await servers[2]!.kill()
    await expect(log.append('room', record(2), { retention, idempotencyKey: 'two' })).rejects.toThrow()
    await servers[1]!.restart('kept')
    await servers[2]!.restart('kept')
    await expect
      .poll(
        () =>
          Promise.resolve(log.append('room', record(2), { retention, idempotencyKey: 'two' })).then(
            ({ position }) => position.offset,
            (error: unknown) => (error instanceof LogUnavailable ? 'unavailable' : 'unknown'),
          ),
        patient,
      )
      .toBe(2)
    expect(await everything(log, 'room')).toEqual(['1: 1', '2: 2'])
  })

  it('carry messages and questions from node to node, whichever server each is at', async () => {
    const brokers = await Promise.all(servers.map(({ url }, i) => natsBroker({ node: `node-${i}`, servers: url })))
    open.push(...brokers)
    const [a, b, c] = brokers
    const heard: string[] = []
    await b!.subscribe('room', (bytes, from) => heard.push(`${from}: ${new TextDecoder().decode(bytes)}`))
    await c!.respond('q', (bytes) => bytes)
    // An interest reaches the other servers a moment after its own server has it.
    await expect
      .poll(() => {
        a!.publish('room', new TextEncoder().encode('hi'))
        return heard[0]
      }, patient)
      .toBe('node-0: hi')
    await expect
      .poll(() => b!.ask('node-2', 'q', Uint8Array.of(7), 1000).then(([byte]) => byte, String), patient)
      .toBe(7)
  })
})
