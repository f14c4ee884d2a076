import { systemClock, systemRandom } from '@rollcall/core'
import { afterEach, expect, it } from 'vitest'
import { type Log, memoryBus, memoryLog } from '../../src/index.ts'
import { roomsApp } from '../support/app.ts'
import { eventually } from '../support/eventually.ts'
import { Peer } from '../support/peer.ts'

const closing: (() => Promise<unknown>)[] = []
afterEach(() => Promise.all(closing.splice(0).map((close) => close())))

it.each(['room:x', 'log:x'])(
  'a message that other nodes or the log cannot take is for nobody, and refused as too big: %s',
  async (topic) => {
    const broker = memoryBus().broker('a')
    const publish = broker.publish.bind(broker)
    broker.publish = (subject, bytes) => {
      if (bytes.byteLength > 1_000) throw new RangeError('At most 1,000 bytes')
      publish(subject, bytes)
    }
    const kept = memoryLog({ clock: systemClock, random: systemRandom })
    const append: Log['append'] = (to, record, options) => {
      if (String(record.payload).length > 1_000) throw new RangeError('At most 1,000 bytes')
      return kept.append(to, record, options)
    }
    const log = Object.assign(Object.create(kept) as Log, {
      append,
      follow: kept.follow.bind(kept),
      top: kept.top.bind(kept),
      close: kept.close.bind(kept),
    })
    const { app, happened } = roomsApp({ broker, log })
    closing.push(() => app.close({ timeoutMs: 10 }))
    const peer = new Peer(app)
    await peer.hello({ credentials: { user: 'Alice' } })
    await peer.join(topic)
    const channel = app.channel(topic as 'room:x')
    await expect(channel.emit('message', 'x'.repeat(2_000))).rejects.toMatchObject({ code: 'too_big' })
    await channel.emit('message', 'short')
    await eventually(() => expect(peer.messages).toEqual(['short']))
    expect(happened.errors).toEqual([])
  },
)
