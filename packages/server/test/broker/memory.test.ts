import type { Clock } from '@rollcall/core'
import { describe, expect, it } from 'vitest'
import { BrokerTimeout, NobodyThere } from '../../src/broker/broker.ts'
import { brokerContract } from '../../src/broker/contract.ts'
import { memoryBus, noBroker, type Passage } from '../../src/broker/memory.ts'

brokerContract(
  'memory bus',
  () => {
    const bus = memoryBus()
    return { broker: (node) => bus.broker(node) }
  },
  { describe, it, expect },
)

const empty = new Uint8Array()

/** A clock whose time never comes by itself. */
function stoppedClock() {
  const timers: { readonly ms: number; readonly task: () => void }[] = []
  const soon: (() => void)[] = []
  const clock: Clock = {
    now: () => 0,
    after(ms, task) {
      const timer = { ms, task }
      timers.push(timer)
      return () => void (timers.includes(timer) && timers.splice(timers.indexOf(timer), 1))
    },
    soon(task) {
      soon.push(task)
      return () => {}
    },
  }
  return {
    clock,
    timers,
    turn: () => {
      for (const task of soon.splice(0)) task()
    },
  }
}

describe('a memory bus', () => {
  it('delivers at the end of the turn, never within publish', () => {
    const { clock, turn } = stoppedClock()
    const bus = memoryBus({ clock })
    const heard: number[] = []
    bus.broker('b').subscribe('s', (bytes) => heard.push(bytes[0]!))
    bus.broker('a').publish('s', Uint8Array.of(7))
    expect(heard).toEqual([])
    turn()
    expect(heard).toEqual([7])
  })

  it('lets everything between nodes pass one place, where it can be lost or delayed', async () => {
    const { clock, timers } = stoppedClock()
    const held: Passage[] = []
    const bus = memoryBus({ clock, deliver: (passage) => held.push(passage) })
    const a = bus.broker('a')
    const b = bus.broker('b')
    const heard: number[] = []
    b.subscribe('s', (bytes) => heard.push(bytes[0]!))
    b.respond('q', (bytes) => bytes)

    a.publish('s', Uint8Array.of(1))
    a.publish('s', Uint8Array.of(2))
    held.splice(0)[1]?.arrive()
    expect(heard).toEqual([2])

    const lost = a.ask('b', 'q', empty, 250)
    expect(held.splice(0).map(({ kind, from, to, subject }) => [kind, from, to, subject])).toEqual([
      ['question', 'a', 'b', 'q'],
    ])
    expect(timers.map(({ ms }) => ms)).toEqual([250])
    timers[0]?.task()
    await expect(lost).rejects.toThrow(BrokerTimeout)

    const answered = a.ask('b', 'q', Uint8Array.of(9), 250)
    held.splice(0)[0]?.arrive()
    await expect.poll(() => held.map(({ kind, from, to }) => [kind, from, to])).toEqual([['answer', 'b', 'a']])
    held[0]?.arrive()
    held[0]?.arrive()
    expect(await answered).toEqual(Uint8Array.of(9))
  })

  it('refuses two nodes of one id, and gives an id again when its node is closed', async () => {
    const bus = memoryBus()
    const first = bus.broker('a')
    expect(() => bus.broker('a')).toThrow('The bus has a node "a" already')
    await first.close()
    bus.broker('a')
    expect(bus.nodes()).toEqual(['a'])
  })

  it('reports what listeners and responders throw', async () => {
    const reported: unknown[] = []
    const bus = memoryBus({ report: (error) => reported.push(error) })
    const b = bus.broker('b')
    b.subscribe('s', () => {
      throw new Error('from the listener')
    })
    b.respond('q', () => Promise.reject(new Error('from the responder')))
    const a = bus.broker('a')
    a.publish('s', empty)
    await a.ask('b', 'q', empty, 1000).catch(() => {})
    expect(reported).toEqual([new Error('from the listener'), new Error('from the responder')])
  })

  it('has one responder a subject', async () => {
    const a = memoryBus().broker('a')
    const stop = await a.respond('q', (bytes) => bytes)
    expect(() => a.respond('q', (bytes) => bytes)).toThrow('"q" has a responder')
    stop()
    a.respond('q', (bytes) => bytes)
  })
})

describe('no broker', () => {
  it('is healthy, publishes to nobody and knows nobody else', async () => {
    const broker = noBroker()
    broker.publish('s', empty)
    await broker.subscribe('s', () => expect.unreachable())
    broker.publish('s', empty)
    expect(broker.healthy).toBe(true)
    await expect(broker.ask('other', 'q', empty, 60_000)).rejects.toThrow(NobodyThere)
    await expect(broker.request('service', empty, 60_000)).rejects.toThrow(NobodyThere)
    await broker.close()
  })
})
