import { type Appended, type Log, type LogRecord, LogUnavailable, type Retention } from 'rollcall/log'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { Store } from '../src/folder/store.ts'
import { lmdbLog } from '../src/open.ts'
import type { LmdbLogOptions } from '../src/options.ts'
import { HalfClock, namedRandom, turn } from './half-clock.ts'
import { temporary } from './temporary.ts'

const WIDE: Retention = { messages: 100_000, ageMs: 86_400_000, bytes: 1 << 30 }
const MINUTE = 60_000

const record = (payload: unknown): LogRecord => ({ event: 'message', payload, from: null, at: 0 })
const append = async (log: Log, topic: string, payload: unknown, options = {}): Promise<Appended> =>
  log.append(topic, record(payload), { retention: WIDE, ...options })
const offsetsIn = async (log: Log, topic: string) =>
  (await log.readAfter(topic, 0, 100_000)).messages.map(({ offset }) => offset)
const upTo = (count: number, from = 1) => Array.from({ length: count }, (_, i) => from + i)

const logs: Log[] = []

async function setUp(options: Partial<LmdbLogOptions> = {}) {
  const clock = new HalfClock()
  const folder = temporary()
  const reported: unknown[] = []
  const report = (error: unknown) => reported.push(error)
  const open = async () => {
    const log = await lmdbLog({ folder, clock, random: namedRandom('e'), report, ...options })
    logs.push(log)
    return log
  }
  return { clock, folder, open, log: await open(), reported }
}

/** Makes the disk refuse transactions until told otherwise. */
function refusing() {
  let refuse = true
  const { transaction } = Store.prototype
  vi.spyOn(Store.prototype, 'transaction').mockImplementation(function (this: Store, body) {
    transaction.call(this, () => {
      body()
      if (refuse) throw new Error('no space')
    })
  })
  return { stop: () => (refuse = false) }
}

afterEach(async () => {
  vi.restoreAllMocks()
  for (const log of logs.splice(0)) await log.close().catch(() => {})
})

describe('lmdb log', () => {
  it('accepts in order what is more than one transaction takes', async () => {
    const { log, open } = await setUp()
    const answers = await Promise.all(upTo(10_000).map((i) => append(log, i % 2 ? 'a' : 'b', i)))
    expect(answers.filter((_, i) => i % 2 === 0).map(({ position }) => position.offset)).toEqual(upTo(5_000))
    await log.close()
    expect(await offsetsIn(await open(), 'b')).toEqual(upTo(5_000))
  })

  it('narrower bounds show at once, and empty the folder bit by bit', async () => {
    const { clock, log } = await setUp()
    await Promise.all(upTo(6_000).map((i) => append(log, 'a', i)))
    const remove = vi.spyOn(Store.prototype, 'removeMessage')
    await append(log, 'a', 'last', { retention: { ...WIDE, messages: 2 } })
    expect(await offsetsIn(log, 'a')).toEqual([6_000, 6_001])
    expect(remove).toHaveBeenCalledTimes(2_000)
    for (let i = 0; i < 3; i++) await clock.advance(5_000)
    expect(remove).toHaveBeenCalledTimes(5_999)
  })

  it('what has aged leaves the folder although nobody appends or reads', async () => {
    const { clock, log, open } = await setUp()
    for (const topic of ['a', 'b'])
      for (const i of upTo(5)) await append(log, topic, i, { retention: { ...WIDE, ageMs: MINUTE } })
    const remove = vi.spyOn(Store.prototype, 'removeMessage')
    await clock.advance(MINUTE - 5_000)
    expect(remove).not.toHaveBeenCalled()
    await clock.advance(10_000)
    expect(remove).toHaveBeenCalledTimes(10)
    expect((await log.top('a')).offset).toBe(5)
    await log.close()
    expect((await (await open()).top('b')).offset).toBe(5)
  })

  it('a topic that is long empty is forgotten, and begins a new epoch', async () => {
    const { clock, log } = await setUp({ forgetMs: 60 * MINUTE })
    const { position } = await append(log, 'a', 1, { retention: { ...WIDE, ageMs: MINUTE } })
    await append(log, 'kept', 1)
    await clock.advance(59 * MINUTE)
    expect(await log.top('a')).toEqual(position)
    await clock.advance(2 * MINUTE)
    const later = await append(log, 'a', 2)
    expect(later.position.offset).toBe(1)
    expect(later.position.epoch).not.toBe(position.epoch)
    expect(await log.top('kept')).toEqual({ epoch: position.epoch, offset: 1 })
  })

  it('a followed topic is not forgotten', async () => {
    const { clock, log } = await setUp({ forgetMs: 60 * MINUTE })
    await log.follow('a', { message: () => {}, reset: () => {} })
    const { position } = await append(log, 'a', 1, { retention: { ...WIDE, ageMs: MINUTE } })
    await clock.advance(180 * MINUTE)
    expect(await log.top('a')).toEqual(position)
  })

  it('the newest keys are remembered, over all topics and restarts', async () => {
    const { log, open } = await setUp({ maxIdempotencyKeys: 2 })
    for (const [topic, key] of [
      ['a', 'k1'],
      ['a', 'k2'],
      ['b', 'k1'],
    ] as const)
      await append(log, topic, key, { idempotencyKey: key })
    await log.close()
    const again = await open()
    expect((await append(again, 'a', 1, { idempotencyKey: 'k2' })).duplicate).toBe(true)
    expect((await append(again, 'b', 1, { idempotencyKey: 'k1' })).duplicate).toBe(true)
    expect((await append(again, 'a', 1, { idempotencyKey: 'k1' })).duplicate).toBe(false)
  })

  it('old keys leave the folder', async () => {
    const { clock, log, open } = await setUp({ idempotencyWindowMs: MINUTE })
    for (const i of upTo(20)) await append(log, 'a', i, { idempotencyKey: `k${i}` })
    const remove = vi.spyOn(Store.prototype, 'removeKey')
    await clock.advance(MINUTE)
    await clock.advance(5_000)
    expect(remove).toHaveBeenCalledTimes(20)
    await append(log, 'a', 21, { idempotencyKey: 'k1' })
    await log.close()
    const again = await open()
    expect(await append(again, 'a', 22, { idempotencyKey: 'k1' })).toMatchObject({
      duplicate: true,
      position: { offset: 21 },
    })
  })

  it('a payload that JSON cannot carry is refused, and takes no place', async () => {
    const { log } = await setUp()
    const ring: unknown[] = []
    ring.push(ring)
    await expect(append(log, 'a', 1n)).rejects.toThrow(TypeError)
    await expect(append(log, 'a', ring)).rejects.toThrow(TypeError)
    await expect(append(log, 'a', 1, { retention: { ...WIDE, bytes: 0 } })).rejects.toThrow(RangeError)
    expect((await append(log, 'a', 'fine')).position.offset).toBe(1)
  })

  it('a payload is kept as it was when it was appended', async () => {
    const { log } = await setUp()
    const payload = { text: 'before' }
    const running = append(log, 'a', payload)
    payload.text = 'after'
    await running
    expect((await log.readAfter('a', 0, 1)).messages[0]?.payload).toEqual({ text: 'before' })
  })

  it('a listener may close the log: what was appended is accepted first', async () => {
    const { log, open } = await setUp()
    const heard: number[] = []
    await log.follow('a', {
      message({ offset }) {
        heard.push(offset)
        void log.close()
      },
      reset: () => {},
    })
    const answers = await Promise.allSettled(upTo(5_000).map((i) => append(log, 'a', i)))
    expect(answers.every(({ status }) => status === 'fulfilled')).toBe(true)
    await log.close()
    expect(heard).toEqual(upTo(5_000))
    expect(await offsetsIn(await open(), 'a')).toEqual(upTo(5_000))
  })

  it.each([
    ['folder', { folder: '' }],
    ['folder', { folder: 'a\0b' }],
    ['accepted', { accepted: 'sometimes' as 'written' }],
    ['idempotencyWindowMs', { idempotencyWindowMs: 0 }],
    ['maxIdempotencyKeys', { maxIdempotencyKeys: Number.NaN }],
    ['forgetMs', { forgetMs: 1_000 }],
  ])('a wrong %s is refused by name', async (name, options) => {
    await expect(setUp(options)).rejects.toThrow(name)
  })
})

describe('lmdb log, when the disk refuses', () => {
  it.each(['written', 'synced'] as const)(
    'an append was not accepted, and its place goes to the next (%s)',
    async (accepted) => {
      const { clock, log, reported } = await setUp({ accepted })
      await append(log, 'a', 'one')
      const disk = refusing()
      const answers = await Promise.allSettled([
        append(log, 'a', 'two', { idempotencyKey: 'k' }),
        append(log, 'a', 'two again', { idempotencyKey: 'k' }),
        append(log, 'b', 'three'),
      ])
      for (const each of answers) expect(each).toMatchObject({ status: 'rejected', reason: { retryAfterMs: 1_000 } })
      for (const each of answers) expect((each as PromiseRejectedResult).reason).toBeInstanceOf(LogUnavailable)
      expect(reported).toHaveLength(1)
      disk.stop()
      await expect(append(log, 'a', 'too early')).rejects.toThrow(LogUnavailable)
      expect(await offsetsIn(log, 'a')).toEqual([1])
      await clock.advance(1_000)
      expect(await append(log, 'a', 'two', { idempotencyKey: 'k' })).toMatchObject({
        duplicate: false,
        position: { offset: 2 },
      })
      expect(await offsetsIn(log, 'b')).toEqual([])
    },
  )

  it('what was accepted in memory waits, and nothing more is taken', async () => {
    const { clock, log, open } = await setUp({ accepted: 'memory' })
    const heard: unknown[] = []
    await log.follow('a', { message: ({ payload }) => heard.push(payload), reset: () => {} })
    const disk = refusing()
    await append(log, 'a', 'one')
    await turn()
    await expect(append(log, 'a', 'two')).rejects.toThrow(LogUnavailable)
    expect(await offsetsIn(log, 'a')).toEqual([1])
    await clock.advance(1_000)
    await expect(append(log, 'a', 'two')).rejects.toThrow(LogUnavailable)
    disk.stop()
    await clock.advance(1_000)
    expect((await append(log, 'a', 'two')).position.offset).toBe(2)
    expect(heard).toEqual(['one', 'two'])
    await log.close()
    expect(await offsetsIn(await open(), 'a')).toEqual([1, 2])
  })

  it('to close then tells how much is lost', async () => {
    const { log } = await setUp({ accepted: 'memory' })
    refusing()
    await append(log, 'a', 'one')
    await expect(log.close()).rejects.toThrow('1 accepted messages')
  })

  it('a sweep is tried again', async () => {
    const { clock, log } = await setUp()
    await append(log, 'a', 1, { retention: { ...WIDE, ageMs: 1_000 } })
    const disk = refusing()
    const remove = vi.spyOn(Store.prototype, 'removeMessage')
    await clock.advance(5_000)
    expect(remove).toHaveBeenCalledTimes(1)
    disk.stop()
    await clock.advance(5_000)
    expect(remove).toHaveBeenCalledTimes(2)
    await clock.advance(5_000)
    expect(remove).toHaveBeenCalledTimes(2)
  })
})

describe('lmdb log, when a flush fails', () => {
  it('the outcome is unknown, and nothing is taken until it is opened again', async () => {
    const { log, open, reported } = await setUp({ accepted: 'synced' })
    await append(log, 'a', 'one')
    const fault = new Error('EIO')
    const seal = vi.spyOn(Store.prototype, 'seal').mockImplementation((_, done) => {
      setImmediate(() => done(fault))
    })
    const rejection = await append(log, 'a', 'two').catch((error: unknown) => error)
    expect(rejection).toMatchObject({ cause: fault })
    expect(rejection).not.toBeInstanceOf(LogUnavailable)
    await expect(append(log, 'a', 'three')).rejects.toThrow(LogUnavailable)
    expect(await offsetsIn(log, 'a')).toEqual([1])
    expect(reported).toEqual([fault])
    seal.mockRestore()
    await expect(log.close()).rejects.toThrow('the disk has failed')
    const again = await open()
    expect((await again.top('a')).offset).toBeGreaterThanOrEqual(1)
    await append(again, 'a', 'four')
  })
})
