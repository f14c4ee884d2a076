import { type NatsBroker, type NatsBrokerOptions, natsBroker } from '@rollcall/nats'
import { NobodyThere } from 'rollcall/broker'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { missingNats, startNats, type TestNats } from '../support/nats.ts'

const patient = { timeout: 20_000, interval: 5 }
const bytesOf = (content: string) => new TextEncoder().encode(content)
const textOf = (bytes: Uint8Array) => new TextDecoder().decode(bytes)

describe.skipIf(missingNats)('a broker when NATS fails', () => {
  let nats: TestNats
  const open: NatsBroker[] = []

  beforeEach(async () => {
    nats = await startNats()
  })
  afterEach(async () => {
    await Promise.all(open.splice(0).map((broker) => broker.close()))
    await nats.dispose()
  })

  async function node(id: string, options: Partial<NatsBrokerOptions> = {}): Promise<NatsBroker> {
    const broker = await natsBroker({ node: id, servers: nats.url, ...options })
    open.push(broker)
    return broker
  }

  it('says so, drops and counts what is published, and comes back with its subscriptions', async () => {
    const [a, b] = [await node('a'), await node('b')]
    const health: boolean[] = []
    a.onHealth((healthy) => health.push(healthy))
    const heard: string[] = []
    await b.subscribe('room', (bytes) => heard.push(textOf(bytes)))
    await b.respond('q', (bytes) => bytes)
    await nats.kill()
    await expect.poll(() => [a.healthy, b.healthy], patient).toEqual([false, false])
    for (let i = 0; i < 100; i++) a.publish('room', bytesOf('lost'))
    expect(a.dropped).toBe(100)
    await expect(a.ask('b', 'q', bytesOf('?'), 60_000)).rejects.toThrow(NobodyThere)
    await b.subscribe('made while away', (bytes) => heard.push(`away: ${textOf(bytes)}`))
    await nats.restart('kept')
    await expect.poll(() => [a.healthy, b.healthy], patient).toEqual([true, true])
    // The server has this one behind those that came back: then it has all of them.
    await b.subscribe('the last', () => {})
    expect(textOf(await a.ask('b', 'q', bytesOf('back?'), 5000))).toBe('back?')
    a.publish('room', bytesOf('again'))
    a.publish('made while away', bytesOf('heard'))
    await expect.poll(() => heard, patient).toEqual(['again', 'away: heard'])
    expect(health).toEqual([false, true])
  })

  it('is unhealthy while NATS stands still, and bounds what waits', async () => {
    const [a, b] = [await node('a', { staleMs: 500, maxPendingBytes: 1_000_000 }), await node('b')]
    const heard: number[] = []
    await b.subscribe('room', (bytes) => heard.push(bytes[0]!))
    nats.pause()
    for (let i = 0; i < 200; i++) a.publish('room', new Uint8Array(100_000).fill(i))
    expect(a.dropped).toBeGreaterThan(180)
    await expect.poll(() => a.healthy, patient).toBe(false)
    nats.resume()
    await expect.poll(() => a.healthy, patient).toBe(true)
    await expect.poll(() => heard.length, patient).toBe(200 - a.dropped)
    expect(heard).toEqual(Array.from({ length: 200 - a.dropped }, (_, i) => i))
    a.publish('room', Uint8Array.of(250))
    await expect.poll(() => heard.at(-1), patient).toBe(250)
  })

  it('is closed in bounded time while NATS is away or stands still', async () => {
    const [a, b] = [await node('a'), await node('b')]
    nats.pause()
    const started = performance.now()
    await a.close()
    await nats.kill()
    await b.close()
    expect(performance.now() - started).toBeLessThan(20_000)
    expect([a.healthy, b.healthy]).toEqual([false, false])
  })

  it.each([
    [{ node: '' }, 'node: an id of 1 to 128 code units is needed'],
    [{ node: 'x'.repeat(129) }, 'node: an id of 1 to 128 code units is needed'],
    [{ node: '\ud800' }, 'A subject must be well-formed text'],
    [{ prefix: 'a.*' }, 'prefix: not the begin of a NATS subject: a.*'],
    [{ prefix: '' }, 'prefix: not the begin of a NATS subject: '],
    [{ maxPendingBytes: -1 }, 'maxPendingBytes must be above 0, not -1'],
    [{ reconnect: { minMs: 10, maxMs: 5 } }, 'reconnect.maxMs must not be below reconnect.minMs'],
    [{ servers: 'nats://127.0.0.1:1', connectTimeoutMs: 50 }, 'Cannot connect to NATS at nats://127.0.0.1:1'],
  ])('is not made with %j', async (options, message) => {
    await expect(natsBroker({ node: 'a', servers: nats.url, ...options })).rejects.toThrow(message)
  })

  it('refuses subjects and sizes that NATS cannot carry', async () => {
    const a = await node('a')
    expect(() => a.publish('\ud800', bytesOf(''))).toThrow(RangeError)
    expect(() => a.publish('x'.repeat(513), bytesOf(''))).toThrow(RangeError)
    expect(() => a.publish('room', new Uint8Array(1_048_577))).toThrow('at most 1048576')
    await expect(a.ask('b', 'q', new Uint8Array(1_048_577), 1000)).rejects.toThrow('at most 1048576')
    await expect(a.subscribe('\ud800', () => {})).rejects.toThrow(RangeError)
    expect(a.healthy).toBe(true)
  })
})
