import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { encodeWire, keepWire, openWire } from '../../src/hub/wire.ts'

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex')

/** Texts of all lengths, with all that JavaScript allows in one, halves of pairs too. */
const texts = fc
  .tuple(fc.array(fc.string({ unit: 'binary' })), fc.array(fc.nat(0xffff)), fc.nat(3_000))
  .map(([parts, units, times]) => parts.join(String.fromCharCode(...units)) + 'é'.repeat(times))

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

  it('writes any text as UTF-8, half of a pair as U+FFFD', () => {
    fc.assert(
      fc.property(texts, (text) => {
        const body = new TextEncoder().encode(text)
        const wire = encodeWire(text)
        expect(hex(wire.subarray(wire.length - body.length))).toBe(hex(body))
        expect(wire.length - body.length).toBe(body.length < 126 ? 2 : body.length < 65_536 ? 4 : 10)
      }),
    )
  })

  it('leaves alone what it has written before', () => {
    fc.assert(
      fc.property(fc.array(texts), (many) => {
        const written = many.map((text) => encodeWire(text))
        const copies = written.map(hex)
        for (const text of many) keepWire(encodeWire(text))
        expect(written.map(hex)).toEqual(copies)
      }),
    )
  })
})

describe('openWire', () => {
  it('finds what encodeWire has framed', () => {
    fc.assert(
      fc.property(fc.oneof(texts, fc.uint8Array({ maxLength: 70_000 })), (payload) => {
        const opened = openWire(encodeWire(payload))
        expect(opened?.isText).toBe(typeof payload === 'string')
        expect(hex(opened?.body ?? new Uint8Array())).toBe(
          hex(typeof payload === 'string' ? Buffer.from(payload) : payload),
        )
      }),
    )
  })

  it.each([
    ['nothing', []],
    ['half a head', [0x81]],
    ['half of a long head', [0x81, 126, 1]],
    ['less than it says', [0x81, 2, 0x61]],
    ['more than it says', [0x81, 0, 0x61]],
    ['a length that is not in its shortest form', [0x81, 126, 0, 1, 0x61]],
    ['a fragment', [0x01, 1, 0x61]],
    ['a masked frame', [0x81, 0x81, 1, 2, 3, 4, 0x61]],
    ['a compressed frame', [0xc1, 1, 0x61]],
    ['a ping', [0x89, 0]],
  ])('takes %s for none', (_, bytes) => {
    expect(openWire(Uint8Array.from(bytes))).toBeNull()
  })
})

describe('keepWire', () => {
  it('has the bytes as they were, whatever becomes of what they came in', () => {
    for (const size of [0, 1, 2_048, 2_049, 70_000]) {
      const came = Buffer.alloc(size, 7)
      const kept = keepWire(came)
      came.fill(0)
      expect(hex(kept)).toBe('07'.repeat(size))
    }
  })
})
