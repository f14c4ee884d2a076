import { channel, contract, systemClock, systemRandom } from '@rollcall/core'
import { afterEach, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { memoryBus } from '../../src/broker/memory.ts'
import { type App, allow, memoryLog, type RollcallOptions, rollcall } from '../../src/index.ts'
import { type Colleagues, colleagues, colleaguesOn, provideSurroundings } from '../../src/surroundings.ts'

const rooms = contract({ 'log:{room}': channel({ emit: { message: z.string() }, history: { messages: 10 } }) })
const makeLog = () => memoryLog({ clock: systemClock, random: systemRandom })
const open: App<(typeof rooms)['channels']>[] = []

function makeApp(options: RollcallOptions = {}) {
  const app = rollcall(rooms, { 'log:{room}': { join: () => allow() } }, options)
  open.push(app)
  return app
}

afterEach(async () => {
  provideSurroundings({})
  for (const app of open.splice(0)) await app.close()
})

async function kept(log: ReturnType<typeof makeLog>): Promise<number> {
  return (await log.top('log:a')).offset
}

describe('an app in surroundings', () => {
  it('uses their log and their broker', async () => {
    const [log, bus] = [makeLog(), memoryBus()]
    provideSurroundings({ log, broker: bus.broker('w1') })
    const app = makeApp()
    await app.channel('log:a').emit('message', 'hi')
    expect(await kept(log)).toBe(1)
    expect(bus.nodes()).toEqual(['w1'])
    await app.close()
    expect(bus.nodes()).toEqual([])
  })

  it('uses its own where it has some', async () => {
    const [log, own, bus] = [makeLog(), makeLog(), memoryBus()]
    provideSurroundings({ log, broker: bus.broker('w1') })
    const app = makeApp({ log: own, broker: bus.broker('own') })
    await app.channel('log:a').emit('message', 'hi')
    expect([await kept(log), await kept(own)]).toEqual([0, 1])
    await app.close()
    expect(bus.nodes()).toEqual(['w1'])
  })

  it('is the only one that uses them', () => {
    const bus = memoryBus()
    provideSurroundings({ log: makeLog(), broker: bus.broker('w1') })
    makeApp()
    expect(() => makeApp()).toThrow(/makes more than one app, and only the first is given what workers share/)
    expect(() => makeApp({ log: makeLog() })).toThrow(TypeError)
    makeApp({ log: makeLog(), broker: bus.broker('own') })
  })

  it('passes requests on to its colleagues, unless it has nodes elsewhere', () => {
    const [bus, others] = [memoryBus(), {} as Colleagues]
    const shared = bus.broker('w1')
    provideSurroundings({ broker: shared, colleagues: others })
    expect([colleagues(), colleaguesOn(shared)]).toEqual([others, others])
    expect([colleaguesOn(bus.broker('own')), colleaguesOn(undefined)]).toEqual([null, null])
    provideSurroundings({})
    expect([colleagues(), colleaguesOn(shared), colleaguesOn(undefined)]).toEqual([null, null, null])
  })

  it('that give nothing is as it is', async () => {
    provideSurroundings({})
    await makeApp().channel('log:a').emit('message', 'hi')
    await makeApp().channel('log:a').emit('message', 'hi')
  })
})
