import { duplexPair } from 'node:stream'
import { systemClock } from '@rollcall/core'
import { describe, expect, it, vi } from 'vitest'
import { BrokerTimeout, NobodyThere } from '../../src/broker/broker.ts'
import { encodeFrame, Kind } from '../../src/workers/frame.ts'
import { Line } from '../../src/workers/line.ts'
import { openWorkerEnd } from '../../src/workers/worker-end.ts'
import { eventually } from '../support/eventually.ts'
import { openOffice } from './office.ts'

const MIB = 1024 * 1024
const bytes = (text: string) => Buffer.from(text)

/** A worker that says these frames, and then neither reads nor says anything. */
function hungWorker(office: ReturnType<typeof openOffice>, node: string, ...frames: readonly Buffer[]) {
  const [near, far] = duplexPair()
  const line = new Line(far, systemClock)
  office.connect(line)
  near.write(Buffer.concat([encodeFrame(Kind.hello, 0, '', node), ...frames]))
  return { near, line }
}

describe('workers', () => {
  it('know of each other, and of those who end', async () => {
    const office = openOffice()
    const [a, b] = [office.worker('a'), office.worker('b')]
    await eventually(() => expect([a.broker.peers, b.broker.peers]).toEqual([['b'], ['a']]))
    b.farLine.end()
    await eventually(() => expect(a.broker.peers).toEqual([]))
  })

  it('get messages of one worker on one subject in order, whatever the others say', async () => {
    const office = openOffice()
    const [a, b, c] = [office.worker('a'), office.worker('b'), office.worker('c')]
    const heard: Record<string, number[]> = { a: [], b: [] }
    await c.broker.subscribe('s', (payload, from) => heard[from]!.push(Number(Buffer.from(payload).toString())))
    for (let i = 0; i < 3_000; i++) {
      a.broker.publish('s', bytes(String(i)))
      b.broker.publish('s', bytes(String(i)))
      if (i % 100 === 0) await new Promise((resolve) => setImmediate(resolve))
    }
    const all = Array.from({ length: 3_000 }, (_, i) => i)
    await eventually(() => expect(heard).toEqual({ a: all, b: all }))
  })

  it('are not held up by one that hangs: what it cannot take is let go, and said once', async () => {
    const office = openOffice()
    const [a, b] = [office.worker('a'), office.worker('b')]
    const { line } = hungWorker(
      office,
      'hung',
      encodeFrame(Kind.subscribe, 0, 's'),
      encodeFrame(Kind.provide, 0, 'service'),
    )
    let heard = 0
    await b.broker.subscribe('s', () => heard++)
    await b.broker.provide('service', () => bytes('from b'))
    await eventually(() => expect(a.broker.peers).toContain('hung'))
    const payload = Buffer.alloc(MIB)
    for (let i = 1; i <= 80; i++) {
      a.broker.publish('s', payload)
      await eventually(() => expect(heard).toBe(i))
    }
    expect(line.pendingBytes).toBeLessThan(66 * MIB)
    expect(office.reported).toEqual([
      'A worker (node hung) does not keep up: it misses messages of channels without history',
    ])
    await expect(a.broker.ask('hung', 'q', bytes(''), 60_000)).rejects.toThrow(NobodyThere)
    for (let i = 0; i < 4; i++)
      expect(Buffer.from(await a.broker.request('service', bytes(''), 5_000)).toString()).toBe('from b')
  })

  it('hear at once that whoever had their question has ended', async () => {
    const office = openOffice()
    const a = office.worker('a')
    const { line } = hungWorker(office, 'hung', encodeFrame(Kind.provide, 0, 'service'))
    await eventually(() => expect(a.broker.peers).toEqual(['hung']))
    const asked = [a.broker.ask('hung', 'q', bytes(''), 60_000), a.broker.request('service', bytes(''), 60_000)]
    const failed = Promise.allSettled(asked)
    await a.broker.subscribe('fence', () => {})
    line.end()
    for (const each of await failed) {
      // It may have been done: not the same as nobody being there.
      expect(each).toMatchObject({ status: 'rejected', reason: expect.any(BrokerTimeout) })
    }
    await expect(a.broker.ask('hung', 'q', bytes(''), 60_000)).rejects.toThrow(NobodyThere)
    await expect(a.broker.request('service', bytes(''), 60_000)).rejects.toThrow(NobodyThere)
  })

  it('whose question was answered too late do not hear it', async () => {
    const office = openOffice()
    const [a, b] = [office.worker('a'), office.worker('b')]
    let answer = (_: Uint8Array) => {}
    await b.broker.respond('q', () => new Promise((resolve) => (answer = resolve)))
    await expect(a.broker.ask('b', 'q', bytes('1'), 20)).rejects.toThrow(BrokerTimeout)
    answer(bytes('late'))
    await b.broker.respond('r', () => bytes('in time'))
    expect(Buffer.from(await a.broker.ask('b', 'r', bytes('2'), 5_000)).toString()).toBe('in time')
    expect(office.reported).toEqual([])
  })

  it('do not answer for others: an answer of the wrong one is none', async () => {
    const office = openOffice()
    const [a, b, c] = [office.worker('a'), office.worker('b'), office.worker('c')]
    await b.broker.respond('q', () => new Promise(() => {}))
    const asked = a.broker.ask('b', 'q', bytes(''), 100)
    await c.broker.subscribe('fence', () => {})
    for (let id = 0; id < 5; id++) c.line.send(Kind.answered, id, '', '', bytes('forged'))
    await expect(asked).rejects.toThrow(BrokerTimeout)
  })

  it('let go of what a primary that hangs does not take, and say so once', async () => {
    const [near] = duplexPair()
    const line = new Line(near, systemClock)
    const reported: unknown[] = []
    const { broker, log } = openWorkerEnd(line, {
      node: 'a',
      clock: systemClock,
      report: (error) => reported.push(String(error)),
    })
    const payload = Buffer.alloc(8 * MIB)
    for (let i = 0; i < 20; i++) broker.publish('s', payload)
    expect(line.pendingBytes).toBeLessThan(80 * MIB)
    expect(reported).toEqual([
      'Error: The primary does not keep up: the other workers miss messages of channels without history',
    ])
    await expect(broker.ask('b', 'q', bytes(''), 60_000)).rejects.toThrow(NobodyThere)
    await expect(log.top('room')).rejects.toThrow('The primary, which has the log, cannot be reached')
    line.end()
  })

  it('without a primary are unhealthy, and harm nobody', async () => {
    const office = openOffice()
    const { broker, line } = office.worker('a')
    const health: boolean[] = []
    broker.onHealth((healthy) => health.push(healthy))
    const undo = await broker.subscribe('s', () => {})
    const asked = broker.ask('b', 'q', bytes(''), 60_000).catch((error: unknown) => error)
    line.end()
    expect(await asked).toBeInstanceOf(BrokerTimeout)
    expect([broker.healthy, health]).toEqual([false, [false]])
    broker.publish('s', bytes('x'))
    undo()
    await broker.subscribe('t', () => {})
    await expect(broker.ask('b', 'q', bytes(''), 60_000)).rejects.toThrow(NobodyThere)
    await broker.close()
  })

  it.each([
    ['a message', (broker: Brokers) => Promise.resolve().then(() => broker.publish('s', new Uint8Array(33 * MIB)))],
    ['a question', (broker: Brokers) => broker.ask('b', 'q', new Uint8Array(33 * MIB), 1_000)],
    ['a subject', (broker: Brokers) => Promise.resolve().then(() => broker.publish('x'.repeat(70_000), bytes('')))],
  ])('do not carry %s that is too large', async (_, call) => {
    await expect(call(openOffice().worker('a').broker)).rejects.toThrow(RangeError)
  })

  it('ignore what a worker says before it has said who it is, and what nobody knows', async () => {
    const office = openOffice()
    const a = office.worker('a')
    const [near, far] = duplexPair()
    office.connect(new Line(far, systemClock))
    const heard = vi.fn()
    await a.broker.subscribe('s', heard)
    near.write(
      Buffer.concat([
        encodeFrame(Kind.message, 0, 's', 'nobody', bytes('x')),
        encodeFrame(255, 1, 's'),
        encodeFrame(Kind.hello, 0, '', 'late'),
        encodeFrame(255, 1, 's'),
        encodeFrame(Kind.unsubscribe, 0, 'never subscribed'),
        encodeFrame(Kind.withdraw, 0, 'never provided'),
        encodeFrame(Kind.forget, 99),
        encodeFrame(Kind.answered, 99),
        encodeFrame(Kind.message, 0, 's', 'late', bytes('y')),
      ]),
    )
    await eventually(() => expect(heard).toHaveBeenCalledTimes(1))
    expect(heard.mock.calls[0]?.[1]).toBe('late')
  })
})

type Brokers = ReturnType<ReturnType<typeof openOffice>['worker']>['broker']
