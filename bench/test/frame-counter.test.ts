import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ANY_FRAME, FrameCounter, type Mark, NO_FRAME } from '../src/generator/frame-counter.ts'

/** A server's frame, by RFC 6455: not masked. */
function frame(first: number, payload: string | Buffer): Buffer {
  const bytes = Buffer.from(payload as string)
  const head =
    bytes.length < 126
      ? Buffer.from([first, bytes.length])
      : bytes.length < 65_536
        ? Buffer.from([first, 126, bytes.length >> 8, bytes.length & 255])
        : Buffer.from([first, 127, 0, 0, 0, 0, 0, bytes.length >> 16, (bytes.length >> 8) & 255, bytes.length & 255])
  return Buffer.concat([head, bytes])
}

const TEXT = 0x81
const MESSAGE: Mark = { offset: 2, byte: 'm'.charCodeAt(0) }

function count(stream: Buffer, cuts: readonly number[], mark: Mark | null): { frames: number; others: string[] } {
  const others: string[] = []
  const counter = new FrameCounter(mark, (opcode, payload) => others.push(`${opcode} ${payload.toString('latin1')}`))
  let [frames, from] = [0, 0]
  for (const cut of [...cuts, stream.length]) {
    // What was fed may be overwritten as soon as feed returns, as the shared buffer is.
    const chunk = Buffer.from(stream.subarray(from, cut))
    frames += counter.feed(chunk, chunk.length)
    chunk.fill(0xff)
    from = cut
  }
  return { frames, others }
}

const mixed = Buffer.concat([
  frame(TEXT, '["message","room:1","message","hi",{"at":1}]'),
  frame(0x89, 'are you there'),
  frame(TEXT, '["ok",2,{}]'),
  frame(TEXT, ''),
  frame(TEXT, `["message","${'x'.repeat(200)}"]`),
  frame(0x82, Buffer.from([0, 0, 'm'.charCodeAt(0)])),
  frame(TEXT, '["'),
  frame(0x88, Buffer.from([3, 232])),
])
const mixedOthers = ['9 are you there', '1 ["ok",2,{}]', '1 ', '1 ["', '8 \u0003\u00e8']

describe('the frame counter', () => {
  test('counts marked frames and hands over the others, wherever the stream is cut', () => {
    for (let cut = 0; cut <= mixed.length; cut++)
      expect(count(mixed, [cut], MESSAGE), `cut at ${cut}`).toEqual({ frames: 3, others: mixedOthers })
  })

  test('counts a stream that comes byte by byte', () => {
    const cuts = Array.from({ length: mixed.length - 1 }, (_, i) => i + 1)
    expect(count(mixed, cuts, MESSAGE)).toEqual({ frames: 3, others: mixedOthers })
  })

  test.each([
    [125, 127],
    [126, 130],
    [65_535, 65_539],
    [65_536, 65_546],
  ])('a payload of %i bytes is a frame of %i', (size, whole) => {
    const stream = frame(TEXT, 'm'.repeat(size))
    expect(stream.length).toBe(whole)
    const counter = new FrameCounter(MESSAGE, () => expect.unreachable())
    expect(counter.feed(stream.subarray(0, whole - 1), whole - 1)).toBe(0)
    expect(counter.feed(stream.subarray(whole - 1), 1)).toBe(1)
    expect(counter.countedBytes).toBe(whole)
  })

  test('without a mark, counts every data frame that is not empty', () => {
    const stream = Buffer.concat([frame(TEXT, 'a'), frame(TEXT, ''), frame(0x82, 'b'), frame(0x8a, 'c')])
    expect(count(stream, [], ANY_FRAME)).toEqual({ frames: 2, others: ['1 ', '10 c'] })
  })

  test('a mark that nothing has hands over everything', () => {
    expect(count(frame(TEXT, '["message"]'), [3], NO_FRAME)).toEqual({ frames: 0, others: ['1 ["message"]'] })
  })

  test('the mark may be changed between frames', () => {
    const heard: string[] = []
    const counter = new FrameCounter(NO_FRAME, (_, payload) => heard.push(payload.toString()))
    const stream = frame(TEXT, 'hello')
    expect(counter.feed(stream, stream.length)).toBe(0)
    counter.mark = ANY_FRAME
    expect(counter.feed(stream, stream.length)).toBe(1)
    expect(heard).toEqual(['hello'])
  })

  test('random streams, cut at random, count the same as whole', () => {
    const frames = fc.array(fc.tuple(fc.constantFrom(0x81, 0x82, 0x89, 0x8a), fc.uint8Array({ maxLength: 300 })), {
      maxLength: 20,
    })
    fc.assert(
      fc.property(frames, fc.array(fc.nat(6000)), (all, cutsAt) => {
        const stream = Buffer.concat(all.map(([first, payload]) => frame(first, Buffer.from(payload))))
        const cuts = cutsAt.map((cut) => cut % (stream.length + 1)).sort((a, b) => a - b)
        const expected = all.filter(([first, payload]) => first < 0x83 && payload[2] === MESSAGE.byte).length
        const { frames, others } = count(stream, cuts, MESSAGE)
        expect({ frames, others: others.length }).toEqual({ frames: expected, others: all.length - expected })
      }),
    )
  })
})
