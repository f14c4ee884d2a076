import { type NatsLogOptions, natsLog } from '@rollcall/nats'
import { type Log, LogUnavailable } from 'rollcall/log'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { everything, hearing, record, upTo, WIDE } from '../support/log-follower.ts'
import { missingNats, startNats, type TestNats } from '../support/nats.ts'
import { slowProxy } from '../support/slow-proxy.ts'

const patient = { timeout: 20_000, interval: 5 }
const retention = WIDE

describe.skipIf(missingNats)('a log when NATS fails', () => {
  let nats: TestNats
  const open: Log[] = []

  beforeEach(async () => {
    nats = await startNats()
  })
  afterEach(async () => {
    await Promise.all(open.splice(0).map((log) => log.close()))
    await nats.dispose()
  })

  async function node(options: NatsLogOptions = {}): Promise<Log> {
    const log = await natsLog({ servers: nats.url, checkMs: 500, ...options })
    open.push(log)
    return log
  }

  /** Appends until it is accepted, as a client would, with the same key. */
  async function insist(log: Log, topic: string, payload: unknown, idempotencyKey: string): Promise<number> {
    const deadline = performance.now() + 30_000
    for (;;) {
      try {
        return (await log.append(topic, record(payload), { retention, idempotencyKey })).position.offset
      } catch (error) {
        if (performance.now() > deadline) throw error
        await new Promise((resolve) => setTimeout(resolve, 20))
      }
    }
  }

  it('goes on where it was when NATS is killed and comes back with its files', async () => {
    const [a, b] = [await node(), await node()]
    const heard = hearing()
    const { position } = await b.follow('room', heard)
    for (const n of upTo(20)) await a.append('room', record(n), { retention })
    await nats.kill()
    const waiting = Promise.all(upTo(20, 21).map((n) => insist(a, 'room', n, `key ${n}`)))
    await nats.restart('kept')
    // Each comes again for itself, when it is told that it may not have arrived.
    const offsets = await waiting
    expect([...offsets].sort((x, y) => x - y)).toEqual(upTo(20, 21))
    await expect.poll(() => heard.offsets.length, patient).toBe(40)
    expect(heard.offsets).toEqual(upTo(40))
    expect(heard.payloads.slice(0, 20)).toEqual(upTo(20))
    expect(offsets.map((offset) => heard.payloads[offset - 1])).toEqual(upTo(20, 21))
    expect(heard.messages.every(({ epoch }) => epoch === position.epoch)).toBe(true)
    expect(heard.resets).toEqual([])
  })

  it('loses and repeats nothing of what it accepted while NATS is killed again and again under load', async () => {
    const logs = [await node(), await node(), await node()]
    const heard = logs.map(hearing)
    for (const [i, log] of logs.entries()) await log.follow('room', heard[i]!)
    let running = true
    const accepted = new Map<number, string>()
    const load = logs.map(async (log, node) => {
      for (let n = 0; running || n < 50; n++) {
        const payload = `${node}.${n}`
        accepted.set(await insist(log, 'room', payload, payload), payload)
        await new Promise((resolve) => setTimeout(resolve, 1))
      }
    })
    for (const signal of ['SIGKILL', 'SIGTERM', 'SIGKILL'] as const) {
      const before = accepted.size
      await expect.poll(() => accepted.size, patient).toBeGreaterThan(before + 50)
      await nats.kill(signal)
      await nats.restart('kept')
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

  it('begins a new epoch, and says so, when NATS comes back with nothing', async () => {
    const [a, b] = [await node(), await node()]
    const heard = hearing()
    const { position } = await b.follow('room', heard)
    for (const n of upTo(5)) await a.append('room', record(n), { retention })
    await expect.poll(() => heard.messages.length, patient).toBe(5)
    await nats.kill()
    await nats.restart('lost')
    expect(await insist(a, 'room', 'new', 'key')).toBe(1)
    await expect.poll(() => heard.messages.length, patient).toBe(6)
    const { epoch } = heard.messages[5]!
    expect(epoch).not.toBe(position.epoch)
    expect(heard.messages[5]).toEqual({ epoch, offset: 1, payload: 'new' })
    expect(heard.resets).toEqual([{ reason: 'epoch_changed', position: { epoch, offset: 0 } }])
    expect(await b.readAfter('room', 0, 10)).toMatchObject({ epoch, first: 1, top: 1 })
  })

  it('gives no position twice when NATS comes back with an old state', async () => {
    const [a, b] = [await node(), await node()]
    const heard = hearing()
    await a.follow('room', heard)
    const old = await b.append('room', record(1), { retention })
    await nats.kill('SIGTERM')
    nats.save()
    await nats.restart('kept')
    expect(await insist(b, 'room', 2, 'two')).toBe(2)
    await expect.poll(() => heard.messages.length, patient).toBe(2)
    await nats.kill('SIGTERM')
    await nats.restart('old')
    await expect.poll(() => heard.resets.length, patient).toBe(1)
    const { reason, position } = heard.resets[0]!
    expect({ reason, offset: position.offset }).toEqual({ reason: 'epoch_changed', offset: 1 })
    expect(position.epoch).not.toBe(old.position.epoch)
    expect(await insist(b, 'room', 'another 2', 'another')).toBe(2)
    await expect.poll(() => heard.messages.length, patient).toBe(3)
    expect(heard.messages[2]).toEqual({ epoch: position.epoch, offset: 2, payload: 'another 2' })
    expect(await everything(a, 'room')).toEqual(['1: 1', '2: another 2'])
  })

  it('takes a thousand appends to one topic in a few round trips of a slow NATS', async () => {
    const proxy = await slowProxy(Number(new URL(nats.url).port), 200)
    const [near, far] = [await node(), await node({ servers: `nats://127.0.0.1:${proxy.port}` })]
    const heard = hearing()
    await near.follow('room', heard)
    const started = performance.now()
    const answers = await Promise.all(upTo(1000).map((n) => far.append('room', record(n), { retention })))
    // One after the other they would take 400 seconds.
    expect(performance.now() - started).toBeLessThan(40_000)
    expect(answers.map(({ position }) => position.offset)).toEqual(upTo(1000))
    await expect.poll(() => heard.payloads.length, patient).toBe(1000)
    expect(heard.payloads).toEqual(upTo(1000))
    await far.close()
    proxy.close()
  })

  it('waits while NATS stands still, and loses nothing', async () => {
    const [a, b] = [await node({ staleMs: 500 }), await node({ staleMs: 500 })]
    const heard = hearing()
    await b.follow('room', heard)
    await insist(a, 'room', 1, 'key 1')
    nats.pause()
    const waiting = Promise.all(upTo(99, 2).map((n) => insist(a, 'room', n, `key ${n}`)))
    await new Promise((resolve) => setTimeout(resolve, 2500))
    nats.resume()
    expect((await waiting).sort((x, y) => x - y)).toEqual(upTo(99, 2))
    await expect.poll(() => heard.offsets.length, patient).toBe(100)
    expect(heard.offsets).toEqual(upTo(100))
    expect(new Set(heard.payloads).size).toBe(100)
    expect(heard.resets).toEqual([])
  })

  it('refuses clearly, in bounded time, and at once when NATS has been away for longer', async () => {
    const log = await node({ patienceMs: 3000 })
    const heard = hearing()
    await log.follow('room', heard)
    await nats.kill()
    const started = performance.now()
    // Sent before the loss was noticed, it would be unknown.
    await expect(log.append('room', record(1), { retention })).rejects.toThrow(/^(Cannot append|The log|Whether)/)
    expect(performance.now() - started).toBeLessThan(20_000)
    await expect
      .poll(() => Promise.resolve(log.append('room', record(1), { retention })).then(String, String), patient)
      .toContain('NATS is away')
    for (const call of [
      () => log.append('room', record(1), { retention }),
      () => log.top('room'),
      () => log.readAfter('room', 0, 1),
      () => log.follow('other', heard),
    ]) {
      const asked = performance.now()
      await expect((async () => call())()).rejects.toThrow(LogUnavailable)
      expect(performance.now() - asked).toBeLessThan(2000)
    }
    await nats.restart('kept')
    expect(await insist(log, 'room', 'back', 'key')).toBe(1)
    await expect.poll(() => heard.payloads, patient).toEqual(['back'])
  })

  it('is closed in bounded time while NATS is away', async () => {
    const log = await node()
    await nats.kill()
    const pending = Promise.resolve(log.append('room', record(1), { retention })).catch((error: Error) => error)
    const started = performance.now()
    await log.close()
    expect(performance.now() - started).toBeLessThan(30_000)
    expect(await pending).toBeInstanceOf(LogUnavailable)
  })
})
