import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { encodeFrame, type Frame, FrameReader, Kind } from '../../src/workers/frame.ts'

const hex = (text: string) => Buffer.from(text.replaceAll(' ', ''), 'hex')

/** What a reader makes of chunks. */
function read(...chunks: readonly Buffer[]): Omit<Frame, 'raw'>[] {
  const reader = new FrameReader()
  const frames: Omit<Frame, 'raw'>[] = []
  for (const chunk of chunks)
    reader.push(chunk, ({ kind, id, subject, node, payload }) =>
      frames.push({ kind, id, subject, node, payload: Buffer.from(payload) }),
    )
  return frames
}

const table: readonly [what: string, frame: Parameters<typeof encodeFrame>, bytes: string][] = [
  ['nothing but a kind', [Kind.sync, 7], '09000000 02 07000000 0000 0000'],
  ['a message', [Kind.message, 0, 'm a', 'w1', Buffer.from('hi')], '10000000 01 00000000 0300 0200 6d2061 7731 6869'],
  ['an id beyond 31 bits', [Kind.forget, 4_294_967_295], '09000000 0f ffffffff 0000 0000'],
  ['texts beyond ASCII', [Kind.hello, 0, 'é', '💥'], '0f000000 08 00000000 0200 0400 c3a9 f09f92a5'],
  ['a payload without texts', [Kind.answered, 1, '', '', hex('00ff')], '0b000000 03 01000000 0000 0000 00ff'],
]

describe('frames', () => {
  it.each(table)('%s', (_, [kind, id, subject = '', node = '', payload = Buffer.alloc(0)], bytes) => {
    expect(encodeFrame(kind, id, subject, node, payload).toString('hex')).toBe(hex(bytes).toString('hex'))
    expect(read(hex(bytes))).toEqual([{ kind, id, subject, node, payload: Buffer.from(payload) }])
  })

  it('are the same wherever they are cut', () => {
    const all = hex(table.map(([, , bytes]) => bytes).join(''))
    const whole = read(all)
    expect(whole.length).toBe(table.length)
    for (let at = 0; at <= all.length; at++) expect(read(all.subarray(0, at), all.subarray(at))).toEqual(whole)
    expect(read(...[...all].map((byte) => Buffer.of(byte)))).toEqual(whole)
  })

  it('keep their very bytes, so that they can be passed on', () => {
    const bytes = hex(table[1]![2])
    const raws: Buffer[] = []
    new FrameReader().push(bytes, ({ raw }) => raws.push(raw))
    expect(raws).toEqual([bytes])
  })

  it.each([
    ['too short for a frame', '08000000 0102030405060708'],
    ['empty', '00000000'],
    ['whose texts are longer than it', '09000000 01 00000000 0100 0000'],
    ['whose second text is longer than it', '0a000000 01 00000000 0100 ffff 61'],
  ])('one %s is none', (_, bytes) => {
    expect(() => read(hex(bytes))).toThrow(RangeError)
  })

  it('whose text no frame can hold are refused', () => {
    expect(() => encodeFrame(Kind.message, 0, 'x'.repeat(65_536))).toThrow(RangeError)
    expect(() => encodeFrame(Kind.message, 0, '', '房'.repeat(22_000))).toThrow(RangeError)
    expect(read(encodeFrame(Kind.message, 0, 'x'.repeat(65_535)))[0]?.subject.length).toBe(65_535)
  })

  it('of many megabytes come in one piece', () => {
    const payload = Buffer.alloc(5_000_000, 'abc')
    const bytes = encodeFrame(Kind.logged, 1, 'e', '', payload)
    const chunks = Array.from({ length: Math.ceil(bytes.length / 65_536) }, (_, i) =>
      bytes.subarray(i * 65_536, (i + 1) * 65_536),
    )
    expect(read(...chunks)[0]?.payload.equals(payload)).toBe(true)
  })

  it('come out as they went in', () => {
    const frames = fc.array(
      fc.record({
        kind: fc.integer({ min: 0, max: 255 }),
        id: fc.nat(0xffff_ffff),
        subject: fc.string({ unit: 'grapheme' }),
        node: fc.string({ unit: 'binary-ascii' }),
        payload: fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)),
      }),
      { maxLength: 8 },
    )
    fc.assert(
      fc.property(frames, fc.nat(400), (sent, cut) => {
        const bytes = Buffer.concat(
          sent.map((each) => encodeFrame(each.kind, each.id, each.subject, each.node, each.payload)),
        )
        expect(read(bytes.subarray(0, cut), bytes.subarray(cut))).toEqual(sent)
      }),
    )
  })
})
