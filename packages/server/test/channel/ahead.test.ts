import { systemClock, systemRandom } from '@rollcall/core'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type Log, LogUnavailable, memoryLog } from '../../src/index.ts'
import { type RoomsApp, roomsApp } from '../support/app.ts'
import { eventually } from '../support/eventually.ts'
import { Peer } from '../support/peer.ts'

let app: RoomsApp
let kept: Log
let away: boolean
/** What has been appended and is not fed to this node yet. */
let unfed: (() => void)[]

beforeEach(() => {
  away = false
  unfed = []
  kept = memoryLog({ clock: systemClock, random: systemRandom })
  const read = <T>(value: T | Promise<T>): T | Promise<T> => {
    if (away) throw new LogUnavailable('It is away')
    return value
  }
  const log: Log = {
    append: (topic, record, options) => kept.append(topic, record, options),
    readAfter: async (topic, after, limit) => read(kept.readAfter(topic, after, limit)),
    readBefore: async (topic, before, limit) => read(kept.readBefore(topic, before, limit)),
    top: async (topic) => read(kept.top(topic)),
    follow: (topic, to) =>
      kept.follow(topic, {
        message: (message, epoch) => void unfed.push(() => to.message(message, epoch)),
        reset: (reason, position) => to.reset(reason, position),
      }),
    close: () => kept.close(),
  }
  ;({ app } = roomsApp({ log }))
})
afterEach(() => app.close({ timeoutMs: 10 }))

const say = async (text: string) => {
  const { position } = await app.channel('log:x').emit('message', text)
  return position
}

async function here(options: object = {}) {
  const peer = new Peer(app)
  await peer.hello({ credentials: { user: 'Alice' } })
  return { peer, answer: await peer.ask('join', 'log:x', options) }
}

describe('a client that knows more of the log than has been fed to its node', () => {
  it('has missed nothing, and gets what follows once', async () => {
    const stays = await here()
    await say('1')
    for (const feed of unfed.splice(0)) feed()
    const known = await say('2')
    const { peer, answer } = await here({ position: [known?.epoch, known?.offset] })
    expect(answer).toMatchObject(['ok', expect.anything(), { recovery: 'recovered' }])
    await say('3')
    // The feed comes late, and tells again what was read meanwhile.
    for (const feed of unfed.splice(0)) feed()
    await eventually(() => expect(peer.messages).toEqual(['3']))
    expect(stays.peer.messages).toEqual(['1', '2', '3'])
    expect([...peer.of('gap'), ...stays.peer.of('gap')]).toEqual([])
  })

  it('is asked to wait while the log cannot be read', async () => {
    await here()
    const known = await say('1')
    away = true
    const { answer } = await here({ position: [known?.epoch, known?.offset] })
    expect(answer).toMatchObject(['error', expect.anything(), { code: 'unavailable', retryAfterMs: 1_000 }])
  })

  it('is told a gap if the log does not know it either', async () => {
    await here()
    const known = await say('1')
    const beyond = await here({ position: [known?.epoch, 7] })
    expect(beyond.answer).toMatchObject(['ok', expect.anything(), { gap: 'beyond_end' }])
    const other = await here({ position: ['another', 1] })
    expect(other.answer).toMatchObject(['ok', expect.anything(), { gap: 'epoch_changed' }])
  })
})
