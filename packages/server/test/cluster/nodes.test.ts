import { HostClock, type ManualClock, manualClock } from '@rollcall/testkit'
import { beforeEach, describe, expect, it } from 'vitest'
import { NODES_DEFAULTS, Nodes } from '../../src/cluster/nodes.ts'
import { type MemoryBus, memoryBus } from '../../src/index.ts'

let clock: ManualClock
let bus: MemoryBus
let lost: (from: string, to: string) => boolean
let start: number

beforeEach(() => {
  clock = manualClock()
  start = clock.now()
  lost = () => false
  bus = memoryBus({
    clock,
    deliver: ({ from, to, arrive }) => void (lost(from, to) || clock.after(1, arrive)),
  })
})

/** A node, and what it learned of others, with the time. */
async function node(name: string) {
  const host = new HostClock(clock)
  const nodes = new Nodes(bus.broker(name), host, NODES_DEFAULTS)
  const told: string[] = []
  nodes.onChange((other, change) => told.push(`${clock.now() - start} ${other} ${change}`))
  await nodes.start()
  return { nodes, host, told }
}

describe('nodes', () => {
  it('know each other at once, though they start one after the other', async () => {
    const a = await node('a')
    await clock.advance(400)
    const b = await node('b')
    await clock.advance(10)
    expect(a.told).toEqual(['401 b up'])
    expect(b.told).toEqual(['402 a up'])
    expect(a.nodes.others()).toEqual(['b'])
  })

  it('find one down when it has been silent for 5 s, to the millisecond, and forget it after a minute', async () => {
    const a = await node('a')
    await clock.advance(300)
    await node('b')
    await clock.advance(2_400)
    // The last that was heard of b is its beat at 2,300, which arrived a millisecond later.
    lost = (from) => from === 'b'
    await clock.advance(58_000)
    expect(a.told).toEqual(['301 b up', '7301 b down'])
    await clock.advance(3_000)
    expect(a.told.slice(2)).toEqual(['63000 b gone'])
    expect(a.nodes.others()).toEqual([])
  })

  it('see one up again with whatever is heard of it', async () => {
    const a = await node('a')
    await node('b')
    lost = (from) => from === 'b'
    await clock.advance(10_000)
    lost = () => false
    await clock.advance(1_100)
    expect(a.told.map((line) => line.split(' ').slice(1).join(' '))).toEqual(['b up', 'b down', 'b up'])
  })

  it('learn of one that stops at once', async () => {
    const a = await node('a')
    const b = await node('b')
    await clock.advance(500)
    b.nodes.stop()
    b.nodes.stop()
    await clock.advance(10)
    expect(a.told.at(-1)).toBe('501 b gone')
  })

  it('take nobody for silent because they were asleep themselves', async () => {
    const a = await node('a')
    const b = await node('b')
    await clock.advance(1_500)
    for (const sleepMs of [4_000, 10_000, 40_000]) {
      a.host.sleep()
      // What was said meanwhile is lost to it.
      lost = (_, to) => to === 'a'
      await clock.advance(sleepMs)
      lost = () => false
      a.host.wake()
      await clock.advance(2_500)
      expect(a.told.filter((line) => line.includes('down'))).toEqual([])
      expect(a.nodes.others()).toEqual(['b'])
    }
    expect(b.told.filter((line) => line.includes('down'))).toHaveLength(2)
    expect(b.nodes.others()).toEqual(['a'])
  })
})
