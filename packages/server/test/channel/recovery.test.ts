import { systemClock, systemRandom } from '@rollcall/core'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type Log, type LogPage, memoryLog } from '../../src/index.ts'
import { type RoomsApp, roomsApp } from '../support/app.ts'
import { eventually } from '../support/eventually.ts'
import { Peer } from '../support/peer.ts'

let app: RoomsApp

beforeEach(() => {
  app = roomsApp().app
})
afterEach(() => app.close({ timeoutMs: 10 }))

async function peer(on: RoomsApp = app) {
  const made = new Peer(on)
  await made.hello()
  return made
}

async function fill(topic: 'log:x' | 'short:x', count: number, from = 1) {
  for (let i = 0; i < count; i++) await app.channel(topic).emit('message', `m${from + i}`)
}

const texts = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => `m${from + i}`)

describe('a return with a position', () => {
  it('gets everything missed, in order, once, and then what is live', async () => {
    await fill('log:x', 5)
    const alice = await peer()
    const { position } = (await alice.join('log:x')) as { position: [string, number] }
    expect(position[1]).toBe(5)
    alice.lose()
    await fill('log:x', 3, 6)
    const back = await peer()
    expect(await back.join('log:x', { position })).toMatchObject({ recovery: 'recovered', position: [position[0], 8] })
    await fill('log:x', 2, 9)
    await eventually(() => expect(back.messages).toEqual(texts(6, 10)))
  })

  it('works before the first message', async () => {
    const alice = await peer()
    const { position } = await alice.join('log:x')
    alice.lose()
    await fill('log:x', 2)
    const back = await peer()
    expect(await back.join('log:x', { position })).toMatchObject({ recovery: 'recovered' })
    await eventually(() => expect(back.messages).toEqual(texts(1, 2)))
  })

  it('works twice in a row, and while messages come', async () => {
    const alice = await peer()
    const { position } = await alice.join('log:x')
    const emitting = fill('log:x', 200)
    for (let i = 0; i < 3; i++) {
      const back = await peer()
      await back.join('log:x', { position })
      back.lose()
    }
    await emitting
    const last = await peer()
    await last.join('log:x', { position })
    await eventually(() => expect(last.messages).toHaveLength(200))
    expect(last.messages).toEqual(texts(1, 200))
    await eventually(() => expect(alice.messages).toEqual(texts(1, 200)))
  })

  it('is served from the log where memory does not reach back far enough', async () => {
    const alice = await peer()
    const { position } = await alice.join('log:x')
    await fill('log:x', 900)
    const back = await peer()
    expect(await back.join('log:x', { position })).toMatchObject({ recovery: 'recovered' })
    await eventually(() => expect(back.messages).toEqual(texts(1, 900)))
  })

  it.each([
    ['of messages that are trimmed', (epoch: string) => [epoch, 2], 'too_old'],
    ['of another epoch', () => ['gone', 2], 'epoch_changed'],
    ['beyond the end', (epoch: string) => [epoch, 999], 'beyond_end'],
  ])('%s is told gap, gets nothing of the past, and goes on live', async (_, toPosition, reason) => {
    await fill('short:x', 20)
    const first = await peer()
    const { position } = (await first.join('short:x')) as { position: [string, number] }
    const back = await peer()
    const joined = await back.join('short:x', { position: toPosition(position[0]) })
    expect(joined).toMatchObject({ recovery: 'gap', gap: reason, position: [position[0], 20] })
    await fill('short:x', 1, 21)
    await eventually(() => expect(back.messages).toEqual(['m21']))
  })

  it('just within what is kept is recovered, one before is a gap', async () => {
    await fill('short:x', 20)
    const first = await peer()
    const { position } = (await first.join('short:x')) as { position: [string, number] }
    const edge = await peer()
    expect(await edge.join('short:x', { position: [position[0], 15] })).toMatchObject({ recovery: 'recovered' })
    await eventually(() => expect(edge.messages).toEqual(texts(16, 20)))
    const past = await peer()
    expect(await past.join('short:x', { position: [position[0], 14] })).toMatchObject({ gap: 'too_old' })
  })
})

describe('a first visit', () => {
  it('with last gets the newest messages, as far as they are kept', async () => {
    await fill('short:x', 8)
    for (const [last, from] of [
      [3, 6],
      [5, 4],
      [100, 4],
    ] as const) {
      const visitor = await peer()
      expect(await visitor.join('short:x', { last })).toMatchObject({ recovery: 'fresh' })
      await eventually(() => expect(visitor.messages).toEqual(texts(from, 8)))
    }
    const silent = await peer()
    await silent.join('short:x', { last: 0 })
    expect(silent.messages).toEqual([])
  })
})

describe('a member that found a hole', () => {
  it('is fed again from its position without leaving', async () => {
    const alice = await peer()
    const { position } = (await alice.join('log:x')) as { position: [string, number] }
    await fill('log:x', 4)
    await eventually(() => expect(alice.messages).toHaveLength(4))
    expect(await alice.join('log:x', { position: [position[0], 2] })).toMatchObject({ recovery: 'recovered' })
    await eventually(() => expect(alice.messages).toEqual([...texts(1, 4), 'm3', 'm4']))
    await fill('log:x', 1, 5)
    await eventually(() => expect(alice.messages.slice(-1)).toEqual(['m5']))
    expect(alice.messages).toHaveLength(7)
  })

  it('cannot join again without a position', async () => {
    const alice = await peer()
    await alice.join('log:x')
    await expect(alice.join('log:x')).rejects.toThrow('already_joined')
  })
})

describe('a log that answers later', () => {
  /** Delays every read, so that live messages come in between. */
  function slowLog(): Log {
    const log = memoryLog({ clock: systemClock, random: systemRandom })
    const later = async (page: LogPage | Promise<LogPage>) => {
      for (let i = 0; i < 3; i++) await new Promise((resolve) => setImmediate(resolve))
      return page
    }
    return {
      append: async (...args) => log.append(...args),
      readAfter: (...args) => later(log.readAfter(...args)),
      readBefore: (...args) => later(log.readBefore(...args)),
      top: async (topic) => log.top(topic),
      follow: async (...args) => log.follow(...args),
      close: () => log.close(),
    }
  }

  it('makes no hole and no duplicate while messages keep coming', async () => {
    const slow = roomsApp({ log: slowLog(), catchUp: { pageMessages: 7 } }).app
    const first = await peer(slow)
    const { position } = await first.join('log:x')
    let sent = 0
    const emit = async (count: number) => {
      for (let i = 0; i < count; i++) await slow.channel('log:x').emit('message', `m${++sent}`)
    }
    await emit(600)
    const running = emit(300)
    const back = await peer(slow)
    await back.join('log:x', { position })
    await running
    await eventually(() => expect(back.messages).toHaveLength(900))
    expect(back.messages).toEqual(texts(1, 900))
    await eventually(() => expect(first.messages).toEqual(texts(1, 900)))
    await slow.close({ timeoutMs: 10 })
  })
})

describe('a loss inside the server', () => {
  it('of the last message is found by the check of positions, and mended', async () => {
    const log = memoryLog({ clock: systemClock, random: systemRandom })
    let lose = false
    const leaky: Log = {
      append: (...args) => log.append(...args),
      readAfter: (...args) => log.readAfter(...args),
      readBefore: (...args) => log.readBefore(...args),
      top: (topic) => log.top(topic),
      close: () => log.close(),
      follow: (topic, listener) =>
        log.follow(topic, {
          ...listener,
          message: (message, epoch) => void (lose || listener.message(message, epoch)),
        }),
    }
    const { app: leaking } = roomsApp({ log: leaky, positionMs: 20 })
    const alice = await peer(leaking)
    await alice.join('log:x')
    await leaking.channel('log:x').emit('message', 'm1')
    await eventually(() => expect(alice.messages).toEqual(['m1']))
    lose = true
    await leaking.channel('log:x').emit('message', 'm2')
    await eventually(() => expect(alice.messages).toEqual(['m1', 'm2']))
    lose = false
    await leaking.channel('log:x').emit('message', 'm3')
    await eventually(() => expect(alice.messages).toEqual(['m1', 'm2', 'm3']))
    await leaking.close({ timeoutMs: 10 })
  })

  it('does not keep a return reading beyond the feed, again and again', async () => {
    const log = memoryLog({ clock: systemClock, random: systemRandom })
    let reads = 0
    const deaf: Log = {
      append: (topic, record, options) => log.append(topic, record, options),
      readAfter: (topic, after, limit) => {
        reads++
        return log.readAfter(topic, after, limit)
      },
      readBefore: (topic, before, limit) => log.readBefore(topic, before, limit),
      top: (topic) => log.top(topic),
      close: () => log.close(),
      follow: (topic, listener) => log.follow(topic, { ...listener, message: () => {} }),
    }
    const { app: behind } = roomsApp({ log: deaf, positionMs: 50 })
    for (let i = 1; i <= 3; i++) await behind.channel('log:x').emit('message', `m${i}`)
    const { position } = (await (await peer(behind)).join('log:x')) as { position: [string, number] }
    for (let i = 4; i <= 5; i++) await behind.channel('log:x').emit('message', `m${i}`)
    const back = await peer(behind)
    await back.join('log:x', { position: [position[0], 1] })
    await eventually(() => expect(back.messages).toEqual(texts(2, 5)))
    expect(reads).toBeLessThan(20)
    // Nor does a first visit where the log was trimmed beyond the feed.
    for (let i = 1; i <= 5; i++) await behind.channel('short:x').emit('message', `m${i}`)
    await (await peer(behind)).join('short:x')
    for (let i = 6; i <= 12; i++) await behind.channel('short:x').emit('message', `m${i}`)
    reads = 0
    const first = await peer(behind)
    await first.join('short:x', { last: 3 })
    await eventually(() => expect(first.messages).toEqual(texts(8, 12)))
    expect(reads).toBeLessThan(20)
    await behind.close({ timeoutMs: 10 })
  })
})

describe('history', () => {
  it('is read in pages from both ends, oldest first', async () => {
    await fill('log:x', 10)
    const alice = await peer()
    await alice.join('log:x')
    const page = async (options: object) => {
      const [, , result] = await alice.ask('history', 'log:x', options)
      const { messages, more } = result as { messages: [string, string, { offset: number }][]; more: boolean }
      return { texts: messages.map(([, text]) => text), more }
    }
    expect(await page({ limit: 3 })).toEqual({ texts: texts(8, 10), more: true })
    expect(await page({ before: 8, limit: 5 })).toEqual({ texts: texts(3, 7), more: true })
    expect(await page({ before: 3, limit: 5 })).toEqual({ texts: texts(1, 2), more: false })
    expect(await page({ after: 7, limit: 2 })).toEqual({ texts: texts(8, 9), more: true })
    expect(await page({ after: 10 })).toEqual({ texts: [], more: false })
  })
})
