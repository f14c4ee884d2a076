import { duplexPair } from 'node:stream'
import { type Clock, systemClock, systemRandom } from '@rollcall/core'
import { describe, expect, it, vi } from 'vitest'
import { type Log, type LogListener, LogUnavailable } from '../../src/log/log.ts'
import { memoryLog } from '../../src/log/memory.ts'
import { encodeFrame, type Frame, Kind } from '../../src/workers/frame.ts'
import { Line } from '../../src/workers/line.ts'
import { decodeMessage, numberAt } from '../../src/workers/log-codec.ts'
import { eventually } from '../support/eventually.ts'
import { openOffice } from './office.ts'

const retention = { messages: 100_000, ageMs: 86_400_000, bytes: 1 << 30 }
const record = (payload: unknown) => ({ event: 'message', payload, from: null, at: 1 })
const upTo = (count: number) => Array.from({ length: count }, (_, i) => i + 1)
const makeLog = () => memoryLog({ clock: systemClock, random: systemRandom })

function hearing() {
  const offsets: number[] = []
  const resets: unknown[] = []
  const listener: LogListener = {
    message: ({ offset }) => offsets.push(offset),
    reset: (reason, position) => resets.push([reason, position.offset]),
  }
  return { ...listener, offsets, resets }
}

/** A worker that follows a topic and reads only when it is told to; what it reads, it keeps. */
function lazyFollower(office: ReturnType<typeof openOffice>, topic: string) {
  const [near, far] = duplexPair()
  const line = new Line(far, systemClock)
  office.connect(line)
  near.write(Buffer.concat([encodeFrame(Kind.hello, 0, '', 'lazy'), encodeFrame(Kind.follow, 1, topic)]))
  const frames: Frame[] = []
  return {
    line,
    frames,
    read() {
      new Line(near, systemClock).listen({ heard: (frame) => frames.push(frame), ended: () => {} })
    },
    get offsets() {
      return frames.filter(({ kind }) => kind === Kind.fed).map(({ payload }) => decodeMessage(payload).offset)
    },
    get resets() {
      return frames.filter(({ kind }) => kind === Kind.reset).map(({ node, payload }) => [node, numberAt(payload, 0)])
    },
  }
}

describe('the log of workers', () => {
  it('gives workers that append at once one order', async () => {
    const office = openOffice()
    const workers = ['a', 'b', 'c'].map((node) => office.worker(node))
    const heard = workers.map(hearing)
    for (const [i, { log }] of workers.entries()) await log.follow('room', heard[i]!)
    const answers = await Promise.all(
      workers.map(({ log }, i) =>
        Promise.all(upTo(200).map((n) => log.append('room', record(`${i}.${n}`), { retention }))),
      ),
    )
    await eventually(() => expect(heard.map(({ offsets }) => offsets)).toEqual(Array(3).fill(upTo(600))))
    for (const each of answers) {
      const offsets = each.map(({ position }) => position.offset)
      expect(offsets).toEqual([...offsets].sort((x, y) => x - y))
    }
    const again = await workers[1]!.log.append('room', record('x'), { retention, idempotencyKey: 'k' })
    expect(await workers[2]!.log.append('room', record('x'), { retention, idempotencyKey: 'k' })).toEqual({
      position: again.position,
      duplicate: true,
    })
  })

  it('follows a topic once, for as long as a worker does', async () => {
    const log = makeLog()
    const stop = vi.fn()
    const follow = vi.fn<Log['follow']>(async (topic, listener) => {
      const { position, stop: undo } = await log.follow(topic, listener)
      stop.mockImplementation(undo)
      return { position, stop }
    })
    const office = openOffice({ log: { ...bound(log), follow } })
    const [a, b] = [office.worker('a'), office.worker('b')]
    const [first, second] = await Promise.all([a.log.follow('room', hearing()), b.log.follow('room', hearing())])
    expect(follow).toHaveBeenCalledTimes(1)
    first.stop()
    first.stop()
    await a.log.top('room')
    expect(stop).toHaveBeenCalledTimes(0)
    second.stop()
    await b.log.top('room')
    expect(stop).toHaveBeenCalledTimes(1)
    const third = await a.log.follow('room', hearing())
    expect(follow).toHaveBeenCalledTimes(2)
    await expect(a.log.follow('room', hearing())).rejects.toThrow('This worker follows room already')
    a.farLine.end()
    expect(stop).toHaveBeenCalledTimes(2)
    third.stop()
  })

  it('tells nothing before follow has resolved, though the log does not wait', async () => {
    let resolve = (_: Awaited<ReturnType<Log['follow']>>) => {}
    let listener: LogListener = hearing()
    const log: Log = {
      ...bound(makeLog()),
      follow: (_, given) => {
        listener = given
        return new Promise((done) => (resolve = done))
      },
    }
    const { log: mine } = openOffice({ log }).worker('a')
    const steps: string[] = []
    const following = mine.follow('room', {
      message: ({ offset }) => steps.push(`message ${offset}`),
      reset: () => {},
    })
    await eventually(() => expect(listener).not.toHaveProperty('offsets'))
    resolve({ position: { epoch: 'e', offset: 4 }, stop: () => {} })
    await Promise.resolve().then(() => listener.message({ offset: 5, ...record(5) }, 'e'))
    queueMicrotask(() => listener.message({ offset: 6, ...record(6) }, 'e'))
    const { position } = await following
    steps.push(`position ${position.offset}`)
    const next = position.offset + 1
    await eventually(() => {
      const told = Array.from({ length: 7 - next }, (_, i) => `message ${next + i}`)
      expect(steps).toEqual([`position ${position.offset}`, ...told])
    })
  })

  it('lets go of a worker that does not read, which hears everything in order later', async () => {
    const office = openOffice()
    const a = office.worker('a')
    const lazy = lazyFollower(office, 'room')
    const heard = hearing()
    await a.log.follow('room', heard)
    for (let i = 0; i < 400; i++) await a.log.append('room', record('x'.repeat(50_000)), { retention })
    // What the others hear does not depend on it.
    expect(heard.offsets).toEqual(upTo(400))
    expect(lazy.line.pendingBytes).toBeLessThan(5 * 1024 * 1024)
    lazy.read()
    await eventually(() => expect(lazy.offsets.length).toBe(400))
    await a.log.append('room', record('live'), { retention })
    await eventually(() => expect(lazy.offsets).toEqual(upTo(401)))
    expect(lazy.resets).toEqual([])
  })

  it('tells a worker that comes back too late what is gone', async () => {
    const office = openOffice()
    const a = office.worker('a')
    const lazy = lazyFollower(office, 'room')
    const short = { ...retention, messages: 50 }
    for (let i = 0; i < 400; i++) await a.log.append('room', record('x'.repeat(50_000)), { retention: short })
    lazy.read()
    await eventually(() => expect(lazy.offsets.at(-1)).toBe(400))
    const [[reason, offset]] = lazy.resets as [[string, number]]
    expect([lazy.resets.length, reason, offset]).toEqual([1, 'too_old', 350])
    const before = lazy.offsets.filter((each) => each <= 350)
    expect(before).toEqual(upTo(before.length))
    expect(lazy.offsets.slice(before.length)).toEqual(upTo(50).map((n) => 350 + n))
  })

  it('hands on that the log lost its epoch, also to a worker that did not read', async () => {
    const listeners: LogListener[] = []
    const eighth = { offset: 8, ...record('first of two') }
    const log: Log = {
      ...bound(makeLog()),
      readAfter: (_, after) => ({ epoch: 'two', messages: after < 8 ? [eighth] : [], first: 8, top: 8 }),
      follow: (_, listener) => {
        listeners.push(listener)
        return { position: { epoch: 'one', offset: 0 }, stop: () => {} }
      },
    }
    const office = openOffice({ log })
    const a = office.worker('a')
    const heard = hearing()
    await a.log.follow('room', heard)
    const lazy = lazyFollower(office, 'room')
    await a.log.top('x')
    const [listener] = listeners
    for (const offset of upTo(200)) listener!.message({ offset, ...record('x'.repeat(50_000)) }, 'one')
    listener!.reset('epoch_changed', { epoch: 'two', offset: 7 })
    listener!.message(eighth, 'two')
    lazy.read()
    await eventually(() => expect([heard.offsets.at(-1), lazy.offsets.at(-1)]).toEqual([8, 8]))
    expect([heard.resets, lazy.resets]).toEqual([[['epoch_changed', 7]], [['epoch_changed', 7]]])
  })

  it('reads again when the log could not be read for a worker that is behind', async () => {
    const log = makeLog()
    let faults = 2
    const later: (() => void)[] = []
    const clock: Clock = {
      ...systemClock,
      after: (_, task) => {
        later.push(task)
        return () => {}
      },
    }
    const readAfter: Log['readAfter'] = (...args) =>
      faults-- > 0 ? Promise.reject(new LogUnavailable('not now')) : log.readAfter(...args)
    const office = openOffice({ log: { ...bound(log), readAfter }, clock })
    const a = office.worker('a')
    const lazy = lazyFollower(office, 'room')
    for (let i = 0; i < 200; i++) await a.log.append('room', record('x'.repeat(50_000)), { retention })
    lazy.read()
    for (let tries = 1; tries <= 2; tries++) {
      await eventually(() => expect(later.length).toBe(1))
      later.pop()!()
    }
    await eventually(() => expect(lazy.offsets).toEqual(upTo(200)))
  })

  it.each([
    ['a log that refuses', new LogUnavailable('The disk is full', { retryAfterMs: 7 }), 'LogUnavailable', 7],
    ['a retention that is none', new RangeError('retention'), 'RangeError', undefined],
    ['what nobody foresaw', new TypeError('x'.repeat(100_000)), 'Error', undefined],
    ['a rejection with no error', 'no', 'Error', undefined],
  ])('passes on %s', async (_, fault, name, retryAfterMs) => {
    const refuses = () => Promise.reject(fault)
    const log: Log = {
      ...bound(makeLog()),
      append: refuses,
      readAfter: refuses,
      readBefore: refuses,
      top: refuses,
      follow: refuses,
    }
    const { log: mine } = openOffice({ log }).worker('a')
    const calls = [
      () => mine.append('room', record(1), { retention }),
      () => mine.readAfter('room', 0, 1),
      () => mine.readBefore('room', 0, 1),
      () => mine.top('room'),
      () => mine.follow('room', hearing()),
      // Once more: what failed is no obstacle.
      () => mine.follow('room', hearing()),
    ]
    for (const call of calls) {
      const error = (await call().catch((caught: unknown) => caught)) as Error & { retryAfterMs?: number }
      expect([error.name, error.retryAfterMs]).toEqual([name, retryAfterMs])
    }
  })

  it('knows that what was under way when the primary ended is unknown, and what comes after is not', async () => {
    const log: Log = { ...bound(makeLog()), append: () => new Promise(() => {}) }
    const { log: mine, line } = openOffice({ log }).worker('a')
    const append = mine.append('room', record(1), { retention }).catch((error: unknown) => error)
    await mine.top('room')
    line.end()
    expect(await append).not.toBeInstanceOf(LogUnavailable)
    await expect(mine.append('room', record(1), { retention })).rejects.toThrow(LogUnavailable)
    await expect(mine.top('room')).rejects.toThrow(LogUnavailable)
    expect(mine.healthy).toBe(false)
    await mine.close()
  })

  it('stays open when one worker is done with it', async () => {
    const office = openOffice()
    const [a, b] = [office.worker('a'), office.worker('b')]
    await a.log.append('room', record(1), { retention })
    await a.log.close()
    expect((await b.log.readAfter('room', 0, 10)).messages.map(({ payload }) => payload)).toEqual([1])
  })
})

/** A log whose methods can be taken apart. */
function bound(log: Log): Log {
  return {
    append: (...args) => log.append(...args),
    readAfter: (...args) => log.readAfter(...args),
    readBefore: (...args) => log.readBefore(...args),
    top: (topic) => log.top(topic),
    follow: (...args) => log.follow(...args),
    close: () => log.close(),
  }
}
