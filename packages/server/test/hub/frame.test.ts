import { describe, expect, it } from 'vitest'
import { DIRECT, Frame, Run } from '../../src/hub/frame.ts'
import { encodeWire } from '../../src/hub/wire.ts'

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex')

describe('Frame', () => {
  it('that came as a wire is that wire, and what is in it', () => {
    for (const payload of ['', 'é', 'x'.repeat(5_000), new Uint8Array(3)]) {
      const frame = Frame.fromWire(encodeWire(payload), DIRECT)
      expect(hex(frame.wire())).toBe(hex(encodeWire(payload)))
      expect(frame.payloads).toEqual([payload])
      expect(frame.byteLength).toBe(encodeWire(payload).length)
    }
  })

  it('keeps a wire from elsewhere as it was, whatever becomes of the buffer that it came in', () => {
    for (const payload of ['x', 'x'.repeat(5_000)]) {
      const came = Uint8Array.from(encodeWire(payload))
      const frame = Frame.fromWire(came, DIRECT)
      came.fill(0)
      expect(frame.payloads).toEqual([payload])
    }
  })

  it('says so when it is asked for what nobody should have sent', () => {
    expect(() => Frame.fromWire(Uint8Array.of(0x81, 0x01, 0xff), DIRECT).payloads).toThrow(/cannot be read/)
    expect(() => Frame.fromWire(Uint8Array.of(0x01, 0x01, 0x61), DIRECT).payloads).toThrow(/cannot be read/)
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
