import type { Payload } from '@rollcall/core'
import { type ManualClock, manualClock } from '@rollcall/testkit'
import { beforeEach, describe, expect, it } from 'vitest'
import { Frame, Run } from '../../../src/hub/frame.ts'
import { type LongPollOptions, LongPollTransport } from '../../../src/transport/long-poll/long-poll.ts'
import { HandExchange } from './hand-exchange.ts'

const kind = { offset: 0, volatile: false, key: null, roster: false }
const run = (...payloads: (Payload | readonly Payload[])[]) => new Run(payloads.map((each) => new Frame(each, kind)))

let clock: ManualClock
let happened: string[]

beforeEach(() => {
  clock = manualClock()
  happened = []
})

function open(options: Partial<LongPollOptions> = {}): LongPollTransport {
  const transport = new LongPollTransport(
    { answer: (payloads) => ({ status: 200, body: payloads.join(' ') }), idleMs: 1_000, ...options },
    clock,
  )
  transport.listen({
    received: () => happened.push('received'),
    drained: () => happened.push('drained'),
    closed: (code, reason) => happened.push(`closed ${code} ${reason}`),
  })
  return transport
}

function poll(transport: LongPollTransport): HandExchange {
  const exchange = new HandExchange()
  expect(transport.poll(exchange)).toBe('taken')
  return exchange
}

describe('a poll', () => {
  it('is held until there is something, and then takes all of it', () => {
    const transport = open()
    const exchange = poll(transport)
    expect([transport.held, exchange.given]).toEqual([true, null])
    transport.write(run('a', ['b', 'c']))
    expect(exchange.given).toEqual({ status: 200, body: 'a b c' })
    expect(transport.held).toBe(false)
  })

  it('is answered at once with what waits, in order', () => {
    const transport = open()
    transport.write(run('a'))
    transport.write(run('b'))
    expect(poll(transport).given?.body).toBe('a b')
  })

  it('next to another one is an overlap, and changes nothing', () => {
    const transport = open()
    const first = poll(transport)
    expect(transport.poll(new HandExchange())).toBe('overlap')
    transport.write(run('a'))
    expect(first.given?.body).toBe('a')
  })

  it('is answered with nothing after the time to hold it', async () => {
    const transport = open({ holdMs: 300 })
    const exchange = poll(transport)
    await clock.advance(299)
    expect(exchange.given).toBeNull()
    await clock.advance(1)
    expect(exchange.given?.body).toBe('')
    expect(happened).toEqual([])
  })

  it('that is given up loses the session', () => {
    poll(open()).go()
    expect(happened).toEqual(['closed 1006 a poll was given up'])
  })

  it('whose answer does not arrive loses the session', () => {
    const transport = open()
    const exchange = poll(transport)
    transport.write(run('a'))
    exchange.go()
    expect(happened).toEqual(['closed 1006 a poll was given up'])
  })

  it('that is given up harms nothing where clients may do so', () => {
    const transport = open({ onGone: 'keep' })
    const exchange = poll(transport)
    exchange.go()
    transport.write(run('a'))
    expect(exchange.given).toBeNull()
    expect(poll(transport).given?.body).toBe('a')
    expect(happened).toEqual([])
  })
})

describe('buffered bytes', () => {
  it('are what waits, and what has not left', () => {
    const transport = open()
    const written = run('abc', new Uint8Array(200))
    transport.write(written)
    expect(transport.bufferedBytes).toBe(written.byteLength)
    const exchange = poll(transport)
    expect(transport.bufferedBytes).toBe(written.byteLength)
    expect(happened).toEqual([])
    exchange.leave()
    expect(transport.bufferedBytes).toBe(0)
    expect(happened).toEqual(['drained'])
  })

  it('are not drained while more waits', () => {
    const transport = open()
    transport.write(run('a'))
    const exchange = poll(transport)
    transport.write(run('b'))
    exchange.leave()
    expect(happened).toEqual([])
    poll(transport).leave()
    expect(happened).toEqual(['drained'])
  })
})

describe('an abandoned session', () => {
  it('is lost after its time without a poll', async () => {
    open()
    await clock.advance(999)
    expect(happened).toEqual([])
    await clock.advance(1)
    expect(happened).toEqual(['closed 1006 no poll in time'])
    expect(clock.pending).toBe(0)
  })

  it('counts from the last answer, and never while a poll is held', async () => {
    const transport = open()
    await clock.advance(900)
    poll(transport)
    await clock.advance(5_000)
    transport.write(run('a'))
    await clock.advance(999)
    expect(happened).toEqual([])
    await clock.advance(1)
    expect(happened).toEqual(['closed 1006 no poll in time'])
  })
})

describe('a close', () => {
  const goodbye = (code: number, reason: string) => [`bye ${code} ${reason}`]

  it('is told by the held poll, behind all that waits', () => {
    const transport = open({ goodbye })
    const exchange = poll(transport)
    transport.close(4000, 'late')
    transport.close(4001, 'twice')
    expect(exchange.given?.body).toBe('bye 4000 late')
    expect(happened).toEqual(['closed 1000 '])
    expect(transport.poll(new HandExchange())).toBe('closed')
    expect(clock.pending).toBe(0)
  })

  it('waits for the next polls, its goodbye apart from what was waiting, and takes nothing more', async () => {
    const transport = open({ goodbye, closeMs: 500 })
    transport.write(run('a'))
    transport.close(4000, 'late')
    transport.write(run('b'))
    await clock.advance(499)
    expect(poll(transport).given?.body).toBe('a')
    await clock.advance(499)
    expect(happened).toEqual([])
    expect(poll(transport).given?.body).toBe('bye 4000 late')
    expect(happened).toEqual(['closed 1000 '])
    expect(clock.pending).toBe(0)
  })

  it('waits so long and no longer', async () => {
    const transport = open({ goodbye, closeMs: 500 })
    transport.close(1000, '')
    await clock.advance(500)
    expect(happened).toEqual(['closed 1006 the goodbye was not fetched'])
    expect(transport.poll(new HandExchange())).toBe('closed')
  })

  it('by force cuts the held poll', () => {
    const transport = open({ goodbye })
    const exchange = poll(transport)
    transport.destroy()
    transport.destroy()
    expect([exchange.destroyed, exchange.given]).toEqual([true, null])
    expect(happened).toEqual(['closed 1006 '])
    transport.write(run('a'))
    expect(transport.bufferedBytes).toBe(0)
  })
})

it('hands over what waits, and tells nobody that it ended', async () => {
  const transport = open()
  transport.write(run('a'))
  transport.write(run(['b', 'c']))
  expect(transport.handOver().map(({ payloads }) => payloads)).toEqual([['a'], ['b', 'c']])
  expect(transport.poll(new HandExchange())).toBe('closed')
  await clock.advance(10_000)
  expect(happened).toEqual([])
  expect(clock.pending).toBe(0)
})

it('lets reading wait while it is paused', () => {
  const transport = open()
  transport.whenReading(() => happened.push('first'))
  transport.pause()
  transport.whenReading(() => happened.push('second'))
  transport.pause()
  expect(happened).toEqual(['first'])
  transport.resume()
  transport.whenReading(() => happened.push('third'))
  expect(happened).toEqual(['first', 'second', 'third'])
})
