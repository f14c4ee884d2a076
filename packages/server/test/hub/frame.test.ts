import { describe, expect, it } from 'vitest'
import { DIRECT, encodeWire, Frame, Run } from '../../src/hub/frame.ts'

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex')

describe('encodeWire (RFC 6455 section 5.2)', () => {
  it.each([
    ['', '8100'],
    ['hi', '81026869'],
    ['é', '8102c3a9'],
    [new Uint8Array([0, 255]), '820200ff'],
  ])('frames %j unmasked, in one piece', (payload, expected) => {
    expect(hex(encodeWire(payload))).toBe(expected)
  })

  it.each([
    [125, '817d'],
    [126, '817e007e'],
    [127, '817e007f'],
    [65_535, '817effff'],
    [65_536, '817f0000000000010000'],
    [70_000, '817f0000000000011170'],
  ])('gives %i bytes the shortest length form', (length, header) => {
    const wire = encodeWire('x'.repeat(length))
    expect(hex(wire.subarray(0, header.length / 2))).toBe(header)
    expect(wire.length).toBe(header.length / 2 + length)
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
