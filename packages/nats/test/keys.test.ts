import { describe, expect, it } from 'vitest'
import { Keys } from '../src/log/keys.ts'

describe('idempotency keys', () => {
  it('are known within the window of their first message, and not after it', () => {
    const keys = new Keys(100)
    keys.add('k', 1, 1000)
    expect([1000, 1099, 1100].map((now) => keys.offsetOf('k', now))).toEqual([1, 1, undefined])
    expect(keys.offsetOf('l', 1000)).toBe(undefined)
  })

  it('may be used again after the window', () => {
    const keys = new Keys(100)
    keys.add('k', 1, 1000)
    keys.add('l', 2, 1050)
    keys.add('k', 3, 1200)
    expect([keys.offsetOf('k', 1250), keys.offsetOf('l', 1250)]).toEqual([3, undefined])
  })

  it.each(['', '__proto__', 'constructor', '💥'])('may be %j', (key) => {
    const keys = new Keys(100)
    expect(keys.offsetOf(key, 0)).toBe(undefined)
    keys.add(key, 5, 0)
    expect(keys.offsetOf(key, 0)).toBe(5)
  })

  it('that are loaded later stand before those that came meanwhile, which win', () => {
    const keys = new Keys(100)
    keys.add('both', 9, 1050)
    keys.addBefore([
      { key: 'old', offset: 1, at: 900 },
      { key: 'both', offset: 9, at: 1000 },
      { key: 'earlier', offset: 8, at: 1000 },
    ])
    expect(['old', 'both', 'earlier'].map((key) => keys.offsetOf(key, 1060))).toEqual([undefined, 9, 8])
    keys.add('next', 10, 1120)
    expect(['both', 'earlier', 'next'].map((key) => keys.offsetOf(key, 1120))).toEqual([9, undefined, 10])
  })

  it('are bounded in number: the oldest go first', () => {
    const keys = new Keys(1_000_000)
    for (let i = 0; i < 70_000; i++) keys.add(`k${i}`, i + 1, i)
    expect(keys.offsetOf('k0', 70_000)).toBe(undefined)
    expect(keys.offsetOf('k69999', 70_000)).toBe(70_000)
    expect(keys.offsetOf('k4464', 70_000)).toBe(4465)
    expect(keys.offsetOf('k4463', 70_000)).toBe(undefined)
  })
})
