import { manualClock } from '@rollcall/testkit'
import { describe, expect, it } from 'vitest'
import { networkOf } from '../../src/connection/address.ts'
import { Arrivals } from '../../src/connection/arrivals.ts'

const come = (arrivals: Arrivals, address: string, times: number) =>
  Array.from({ length: times }, () => arrivals.take(address)).filter((wait) => wait === 0).length

describe('an address', () => {
  it('may come as often as its burst at once, and then as its rate says', async () => {
    const clock = manualClock()
    const arrivals = new Arrivals(clock, 2, 5)
    expect(come(arrivals, '203.0.113.1', 20)).toBe(5)
    expect(arrivals.take('203.0.113.1')).toBe(500)
    expect(come(arrivals, '203.0.113.2', 20)).toBe(5)
    await clock.advance(1_000)
    expect(come(arrivals, '203.0.113.1', 20)).toBe(2)
  })

  it('that has offended has fewer left, down to a burst of debt', async () => {
    const clock = manualClock()
    const arrivals = new Arrivals(clock, 1, 90)
    arrivals.offended('203.0.113.1')
    expect(come(arrivals, '203.0.113.1', 100)).toBe(30)
    for (let i = 0; i < 100; i++) arrivals.offended('203.0.113.1')
    await clock.advance(90_000)
    expect(come(arrivals, '203.0.113.1', 100)).toBe(0)
    await clock.advance(10_000)
    expect(come(arrivals, '203.0.113.1', 100)).toBe(10)
  })

  it('of this machine may always come', () => {
    const arrivals = new Arrivals(manualClock(), 1, 1)
    for (const address of ['127.0.0.1', '::1', '::ffff:127.0.0.1']) {
      arrivals.offended(address)
      expect(come(arrivals, address, 100)).toBe(100)
    }
  })

  it('is forgotten when ten thousand others have come, and memory is not theirs', () => {
    const arrivals = new Arrivals(manualClock(), 1, 1)
    expect(come(arrivals, '203.0.113.1', 2)).toBe(1)
    for (let i = 0; i < 10_000; i++) arrivals.take(`10.0.${i >> 8}.${i & 255}`)
    expect(come(arrivals, '203.0.113.1', 2)).toBe(1)
  })
})

describe('the network of', () => {
  it.each([
    ['203.0.113.1', '203.0.113.1'],
    ['::ffff:203.0.113.1', '::ffff:203.0.113.1'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
    ['2001:db8:1:2::6', '2001:db8:1:2::/64'],
    ['2001:db8::6', '2001:db8:0:0::/64'],
    ['2001:db8::', '2001:db8:0:0::/64'],
    ['fe80::1%eth0', 'fe80:0:0:0::/64'],
    ['::2', '0:0:0:0::/64'],
    ['', ''],
    ['unknown', 'unknown'],
    ['a:b', 'a:b'],
  ])('%s is %s', (address, network) => {
    expect(networkOf(address)).toBe(network)
  })
})
