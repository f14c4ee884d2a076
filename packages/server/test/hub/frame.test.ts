import { describe, expect, it } from 'vitest'
import { DIRECT, Frame, Run } from '../../src/hub/frame.ts'
import { encodeWire } from '../../src/hub/wire.ts'

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex')

describe('Frame', () => {
  it('has the wire that it is given, and else makes it once', () => {
    const wire = encodeWire('a')
    expect(new Frame('a', DIRECT, wire).wire()).toBe(wire)
    const frame = new Frame('a', DIRECT)
    expect(hex(frame.wire())).toBe('810161')
    expect(frame.wire()).toBe(frame.wire())
  })

  it('that has a place in a log keeps no memory but its own', () => {
    expect(new Frame('a', { ...DIRECT, offset: 1 }).wire().buffer.byteLength).toBe(3)
    expect(new Frame('a', DIRECT).wire().buffer.byteLength).toBeGreaterThan(3)
  })
})

describe('Run', () => {
  it('joins all frames, several messages of one frame included, and keeps the buffer', () => {
    const run = new Run([new Frame('a', DIRECT), new Frame(['b', new Uint8Array([7])], DIRECT)])
    expect(run.byteLength).toBe(9)
    expect(hex(run.wire())).toBe('810161810162820107')
    expect(run.wire()).toBe(run.wire())
  })

  it('of one frame is that frame: nothing is copied', () => {
    const frame = new Frame('a', DIRECT)
    expect(new Run([frame]).wire()).toBe(frame.wire())
  })
})
