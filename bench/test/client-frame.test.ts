import { expect, test } from 'vitest'
import { clientFrame, textFrame } from '../src/generator/client-frame.ts'

/** Takes a masked frame apart, as a server does: RFC 6455, section 5.3. */
function unmask(frame: Buffer): { first: number; head: number; payload: Buffer } {
  const length = (frame[1] ?? 0) & 127
  const head = length < 126 ? 2 : length === 126 ? 4 : 10
  const key = frame.subarray(head, head + 4)
  const payload = Buffer.from(frame.subarray(head + 4).map((byte, i) => byte ^ (key[i % 4] ?? 0)))
  return { first: frame[0] ?? 0, head, payload }
}

test('the example of RFC 6455, section 5.7: a masked "Hello"', () => {
  expect(textFrame('Hello').toString('hex')).toBe('818537fa213d7f9f4d5158')
})

test.each([
  [0, 2],
  [125, 2],
  [126, 4],
  [65_535, 4],
  [65_536, 10],
])('a payload of %i bytes has a head of %i before its mask', (size, head) => {
  const payload = Buffer.alloc(size, 'payload')
  const frame = clientFrame(1, payload)
  expect(frame.length).toBe(head + 4 + size)
  expect(unmask(frame)).toEqual({ first: 0x81, head, payload })
})

test('text beyond ASCII is counted in bytes', () => {
  expect(unmask(textFrame('Týr\u0000€')).payload.toString()).toBe('Týr\u0000€')
})

test('control frames keep their opcode', () => {
  expect([...clientFrame(8, Buffer.from([3, 232])).subarray(0, 2)]).toEqual([0x88, 0x82])
})
