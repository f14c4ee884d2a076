import { systemClock, systemRandom } from '@rollcall/core'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type Log, LogUnavailable, memoryLog } from '../../src/index.ts'
import { type Happened, type RoomsApp, roomsApp } from '../support/app.ts'
import { Peer } from '../support/peer.ts'

let app: RoomsApp
let happened: Happened
let away: boolean

beforeEach(() => {
  away = true
  const kept = memoryLog({ clock: systemClock, random: systemRandom })
  const log: Log = {
    append: (topic, record, options) => kept.append(topic, record, options),
    readAfter: (topic, after, limit) => kept.readAfter(topic, after, limit),
    readBefore: (topic, before, limit) => kept.readBefore(topic, before, limit),
    top: (topic) => kept.top(topic),
    follow: async (topic, listener) => {
      await new Promise((resolve) => setImmediate(resolve))
      if (away) throw new LogUnavailable('It is away')
      return kept.follow(topic, listener)
    },
    close: () => kept.close(),
  }
  ;({ app, happened } = roomsApp({ log }))
})
afterEach(() => app.close({ timeoutMs: 10 }))

describe('a channel whose log is away', () => {
  it('refuses joins for now, and costs nobody the connection, on which other channels go on', async () => {
    const peer = new Peer(app)
    await peer.hello({ credentials: { user: 'Alice' } })
    await peer.join('room:x', { presence: { name: 'Alice' } })
    const refusals = await Promise.all([peer.ask('join', 'log:x', {}), peer.ask('join', 'log:y', {})])
    for (const refusal of refusals)
      expect(refusal).toMatchObject(['error', expect.anything(), { code: 'unavailable', retryAfterMs: 1_000 }])
    expect(peer.closed).toBeNull()
    expect((await peer.ask('send', 'room:x', 'message', 'hi'))[0]).toBe('ok')
    expect(peer.messages).toEqual(['hi'])
    expect(happened.joins).toEqual(['Alice room:x'])

    away = false
    await peer.join('log:x', { presence: { name: 'Alice' } })
    expect(happened.joins).toEqual(['Alice room:x', 'Alice log:x'])
  })
})
