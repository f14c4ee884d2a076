import { jetstreamManager } from '@nats-io/jetstream'
import { connect, type NatsConnection } from '@nats-io/transport-node'
import { type NatsLogOptions, natsLog } from '@rollcall/nats'
import { type Log, LogUnavailable } from 'rollcall/log'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { everything, hearing, record, upTo, WIDE } from '../support/log-follower.ts'
import { missingNats, startNats, type TestNats } from '../support/nats.ts'

const patient = { timeout: 20_000, interval: 5 }
const retention = WIDE

/** A connection that loses some of what is republished, by number. */
function losing(connection: NatsConnection, loses: (number: number) => boolean): NatsConnection {
  let count = 0
  const subscribe: NatsConnection['subscribe'] = (subject, options = {}) => {
    const { callback } = options
    if (!callback || !subject.startsWith('rollcall.live.')) return connection.subscribe(subject, options)
    return connection.subscribe(subject, {
      ...options,
      callback: (error, message) => {
        if (!loses(++count)) callback(error, message)
      },
    })
  }
  return new Proxy(connection, {
    get(target, name) {
      if (name === 'subscribe') return subscribe
      const value: unknown = Reflect.get(target, name, target)
      return typeof value === 'function' ? value.bind(target) : value
    },
  })
}

describe.skipIf(missingNats)('a log on JetStream', () => {
  let nats: TestNats
  let streams = 0
  const open: Log[] = []
  const reported: unknown[] = []

  beforeAll(async () => {
    nats = await startNats()
  })
  afterAll(() => nats.dispose())
  afterEach(async () => {
    for (const log of open.splice(0)) await log.close()
    expect(reported.splice(0)).toEqual([])
  })

  /** The logs of several nodes on one stream. */
  async function nodes(count: number, options: NatsLogOptions = {}): Promise<Log[]> {
    const stream = `test-${streams++}`
    const logs: Log[] = []
    for (let i = 0; i < count; i++)
      logs.push(await natsLog({ servers: nats.url, stream, report: (error) => reported.push(error), ...options }))
    open.push(...logs)
    return logs
  }

  it('gives three nodes that append at once one order, without holes or repeats', async () => {
    const logs = await nodes(3)
    const heard = logs.map(hearing)
    for (const [i, log] of logs.entries()) await log.follow('room', heard[i]!)
    const each = 500
    const answers = await Promise.all(
      logs.map((log, node) =>
        Promise.all(upTo(each).map((n) => log.append('room', record(`${node}.${n}`), { retention }))),
      ),
    )
    await expect.poll(() => heard.map(({ offsets }) => offsets.length), patient).toEqual([1500, 1500, 1500])
    for (const { offsets, payloads, resets } of heard) {
      expect(offsets).toEqual(upTo(1500))
      expect(payloads).toEqual(heard[0]!.payloads)
      expect(resets).toEqual([])
    }
    for (const [node, mine] of answers.entries()) {
      const offsets = mine.map(({ position }) => position.offset)
      expect(offsets).toEqual([...offsets].sort((a, b) => a - b))
      expect(offsets.map((offset) => heard[0]!.payloads[offset - 1])).toEqual(upTo(each).map((n) => `${node}.${n}`))
    }
    expect((await everything(logs[0]!, 'room')).length).toBe(1500)
  })

  it('knows on each node what was accepted through another', async () => {
    const [a, b] = await nodes(2)
    const first = await a!.append('room', record('hi'), { retention, idempotencyKey: 'k' })
    const again = await b!.append('room', record('hi again'), { retention, idempotencyKey: 'k' })
    expect(again).toEqual({ position: first.position, duplicate: true })
    await b!.append('room', record('two'), { retention, idempotencyKey: 'l' })
    expect(await a!.append('room', record('two again'), { retention, idempotencyKey: 'l' })).toEqual({
      position: { epoch: first.position.epoch, offset: 2 },
      duplicate: true,
    })
    expect(await everything(a!, 'room')).toEqual(['1: hi', '2: two'])
  })

  it('knows on a node that starts what was accepted some messages ago', async () => {
    const stream = `test-${streams}`
    const [a] = await nodes(1)
    for (const n of upTo(300)) await a!.append('room', record(n), { retention, idempotencyKey: `k${n}` })
    const b = await natsLog({ servers: nats.url, stream })
    open.push(b)
    const answers = await Promise.all(
      [1, 150, 299, 300].map((n) => b.append('room', record('again'), { retention, idempotencyKey: `k${n}` })),
    )
    expect(answers.map(({ position, duplicate }) => [position.offset, duplicate])).toEqual([
      [1, true],
      [150, true],
      [299, true],
      [300, true],
    ])
    expect((await b.top('room')).offset).toBe(300)
  })

  it('finds what its feed did not bring, as soon as the next message shows it', async () => {
    const stream = `test-${streams}`
    const [a] = await nodes(1)
    let broken = true
    const connection = losing(await connect({ servers: nats.url }), (n) => broken && n % 3 !== 0)
    const b = await natsLog({ connection, stream, checkMs: 1_000_000 })
    open.push(b)
    const heard = hearing()
    await b.follow('room', heard)
    for (const n of upTo(100)) await a!.append('room', record(n), { retention })
    broken = false
    await a!.append('room', record(101), { retention })
    await expect.poll(() => heard.payloads, patient).toEqual(upTo(101))
    expect(heard.offsets).toEqual(upTo(101))
    expect(heard.resets).toEqual([])
    await b.close()
    await connection.close()
  })

  it('finds what its feed did not bring when nothing follows it, by looking now and then', async () => {
    const stream = `test-${streams}`
    const [a] = await nodes(1)
    const connection = losing(await connect({ servers: nats.url }), () => true)
    const b = await natsLog({ connection, stream, checkMs: 100 })
    open.push(b)
    const heard = hearing()
    await b.follow('room', heard)
    for (const n of upTo(20)) await a!.append('room', record(n), { retention })
    await expect.poll(() => heard.payloads, patient).toEqual(upTo(20))
    await b.close()
    await connection.close()
  })

  it('finds at once what came while its connection was lost', async () => {
    const stream = `test-${streams}`
    const [a] = await nodes(1)
    const connection = await connect({ servers: nats.url, reconnectTimeWait: 200, maxReconnectAttempts: -1 })
    const b = await natsLog({ connection, stream, checkMs: 1_000_000 })
    open.push(b)
    const heard = hearing()
    await b.follow('room', heard)
    const lost = connection.reconnect()
    for (const n of upTo(20)) await a!.append('room', record(n), { retention })
    await lost
    await expect.poll(() => heard.payloads, patient).toEqual(upTo(20))
    expect(heard.resets).toEqual([])
    await b.close()
    await connection.close()
  })

  it('accepts a key once however many nodes send it at once', async () => {
    const logs = await nodes(3)
    const answers = await Promise.all(
      logs.flatMap((log) => upTo(20).map((n) => log.append('room', record(n), { retention, idempotencyKey: `k${n}` }))),
    )
    expect(answers.filter(({ duplicate }) => !duplicate).length).toBe(20)
    expect(new Set(answers.map(({ position }) => position.offset)).size).toBe(20)
    expect((await logs[0]!.top('room')).offset).toBe(20)
  })

  it('keeps many topics apart', async () => {
    const [a, b] = await nodes(2)
    const topics = upTo(1000).map((n) => `room:${n}.*.>`)
    const heard = topics.map(hearing)
    await Promise.all(topics.map((topic, i) => b!.follow(topic, heard[i]!)))
    await Promise.all(
      topics.flatMap((topic) => upTo(5).map((n) => a!.append(topic, record(`${topic} ${n}`), { retention }))),
    )
    await expect.poll(() => heard.every(({ messages }) => messages.length === 5), patient).toBe(true)
    for (const [i, topic] of topics.entries()) {
      expect(heard[i]!.offsets).toEqual([1, 2, 3, 4, 5])
      expect(heard[i]!.payloads).toEqual(upTo(5).map((n) => `${topic} ${n}`))
    }
  })

  it('finds any page of a long topic among others', async () => {
    const [log] = await nodes(1)
    for (let round = 0; round < 30; round++)
      await Promise.all([
        ...upTo(20).map((n) => log!.append('long', record(round * 20 + n), { retention })),
        ...upTo(round % 3 ? 1 : 90).map((n) => log!.append(`other:${n}`, record('noise'), { retention })),
      ])
    for (const after of [0, 1, 19, 20, 21, 299, 300, 301, 590, 599, 600]) {
      const page = await log!.readAfter('long', after, 7)
      expect(page.messages.map(({ payload }) => payload)).toEqual(upTo(Math.min(7, 600 - after), after + 1))
      const back = await log!.readBefore('long', after, 7)
      const from = Math.max(1, after - 7)
      expect(back.messages.map(({ payload }) => payload)).toEqual(upTo(Math.max(0, after - from), from))
    }
  })

  it('removes from the stream what is not kept, when its keys have served', async () => {
    const [log] = await nodes(1, { idempotencyWindowMs: 50 })
    const stream = `test-${streams - 1}`
    const small = { ...WIDE, messages: 10 }
    for (const n of upTo(400)) await log!.append('room', record(n), { retention: small })
    const nc = await connect({ servers: nats.url })
    const manager = await jetstreamManager(nc)
    await expect
      .poll(async () => {
        await log!.append('room', record('more'), { retention: small })
        return (await manager.streams.info(stream)).state.messages
      }, patient)
      .toBeLessThan(200)
    await nc.close()
    const page = await log!.readAfter('room', 0, 100)
    expect(page.messages.length).toBe(10)
    expect(page.first).toBe(page.top - 9)
  })

  it('goes on in one epoch while it is followed, however long nothing is said', async () => {
    const [log] = await nodes(1, { maxAgeMs: 3000, checkMs: 100 })
    const heard = hearing()
    const { position } = await log!.follow('room', heard)
    await log!.append('room', record('before'), { retention })
    await log!.append('unused', record('before'), { retention })
    const unused = await log!.top('unused')
    await expect.poll(async () => (await log!.top('unused')).epoch, patient).not.toBe(unused.epoch)
    await log!.append('room', record('after'), { retention })
    const page = await log!.readAfter('room', 0, 10)
    expect(page.messages.map(({ offset }) => offset)).toEqual([2])
    expect({ first: page.first, top: page.top }).toEqual({ first: 2, top: 2 })
    await expect
      .poll(() => heard.messages, patient)
      .toEqual([
        { epoch: position.epoch, offset: 1, payload: 'before' },
        { epoch: position.epoch, offset: 2, payload: 'after' },
      ])
    expect(heard.resets).toEqual([])
  })

  it('tells followers when an operator removes the stream, and begins a new one', async () => {
    // They may complain of it whenever they come to look.
    const [a, b] = await nodes(2, { checkMs: 200, report: () => {} })
    const heard = hearing()
    await b!.follow('room', heard)
    const first = await a!.append('room', record('lost'), { retention })
    await expect.poll(() => heard.messages.length, patient).toBe(1)
    const nc = await connect({ servers: nats.url })
    await (await jetstreamManager(nc)).streams.delete(`test-${streams - 1}`)
    await nc.close()
    const next = await a!.append('room', record('new'), { retention })
    expect(next.position.offset).toBe(1)
    expect(next.position.epoch).not.toBe(first.position.epoch)
    await expect.poll(() => heard.messages.length, patient).toBe(2)
    expect(heard.resets).toEqual([{ reason: 'epoch_changed', position: { epoch: next.position.epoch, offset: 0 } }])
    expect(heard.messages[1]).toEqual({ epoch: next.position.epoch, offset: 1, payload: 'new' })
  })

  it.each([
    [
      'a value that refers to itself',
      () => {
        const ring: Record<string, unknown> = {}
        ring['self'] = ring
        return ring
      },
      TypeError,
    ],
    ['a bigint', () => 1n, TypeError],
    ['more bytes than NATS takes', () => new Uint8Array(1_048_576), RangeError],
  ])('refuses %s, and goes on', async (_, payload, fault) => {
    const [log] = await nodes(1)
    await expect(log!.append('room', record(payload()), { retention })).rejects.toThrow(fault)
    await expect(log!.append('room', record('fine'), { retention })).resolves.toMatchObject({ duplicate: false })
  })

  it.each([
    [{ messages: 0, ageMs: 1, bytes: 1 }],
    [{ messages: 1, ageMs: Number.NaN, bytes: 1 }],
    [{ messages: 1, ageMs: 1, bytes: -1 }],
  ])('refuses to keep %j', async (kept) => {
    const [log] = await nodes(1)
    await expect(log!.append('room', record(1), { retention: kept })).rejects.toThrow(RangeError)
  })

  it.each<[NatsLogOptions, string]>([
    [{ stream: 'a.b' }, 'stream: not a name that NATS allows: a.b'],
    [{ stream: '' }, 'stream: not a name that NATS allows: '],
    [{ replicas: 6 as 5 }, 'replicas must be 1 to 5'],
    [{ storage: 'disk' as 'file' }, 'storage must be file or memory, not disk'],
    [{ maxAgeMs: 0 }, 'maxAgeMs must be above 99, not 0'],
    [{ patienceMs: Number.NaN }, 'patienceMs must be above 0, not NaN'],
    [{ servers: [] }, 'servers: name at least one NATS server'],
    [{ servers: 'nats://127.0.0.1:1', connectTimeoutMs: 50 }, 'Cannot connect to NATS at nats://127.0.0.1:1'],
  ])('is not opened with %j', async (options, message) => {
    await expect(natsLog({ servers: nats.url, ...options })).rejects.toThrow(message)
  })

  it('is not opened on a stream that is not its own, nor with another storage', async () => {
    const nc = await connect({ servers: nats.url })
    await (await jetstreamManager(nc)).streams.add({ name: 'foreign', subjects: ['foreign.>'] })
    await nc.close()
    await expect(natsLog({ servers: nats.url, stream: 'foreign' })).rejects.toThrow('not a log of Rollcall')
    await nodes(1)
    const stream = `test-${streams - 1}`
    await expect(natsLog({ servers: nats.url, stream, storage: 'memory' })).rejects.toThrow('cannot be changed')
  })

  it('works in memory, and on a connection that is passed in and stays open', async () => {
    const connection = await connect({ servers: nats.url })
    const log = await natsLog({ connection, stream: `test-${streams++}`, storage: 'memory' })
    const heard = hearing()
    await log.follow('room', heard)
    await log.append('room', record('hi'), { retention })
    await expect.poll(() => heard.payloads, patient).toEqual(['hi'])
    await log.close()
    expect(connection.isClosed()).toBe(false)
    await expect(log.append('room', record('late'), { retention })).rejects.toThrow(LogUnavailable)
    await connection.close()
  })
})
