import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  decodeAppend,
  decodeAppended,
  decodeMessage,
  decodePage,
  decodePosition,
  encodeAppend,
  encodeAppended,
  encodeMessage,
  encodeNumbers,
  encodePage,
} from '../../src/workers/log-codec.ts'

const from = { key: 'u', connection: 'c', name: 'Tyr' }
const retention = { messages: 10, ageMs: 1_000, bytes: 4_096 }
const base = { event: 'message', payload: 'hi', from, at: 5 }

describe('what the frames of the log carry', () => {
  it.each([
    ['a key', { retention, idempotencyKey: 'k' }],
    ['an empty key', { retention, idempotencyKey: '' }],
    ['a key with half a character', { retention, idempotencyKey: '\ud800' }],
    ['no key', { retention }],
    ['bounds without end', { retention: { messages: Infinity, ageMs: Infinity, bytes: Infinity } }],
    ['bounds that are none', { retention: { messages: Number.NaN, ageMs: -1, bytes: 0 } }],
  ])('an append with %s', (_, options) => {
    expect(decodeAppend(encodeAppend(base, options))).toEqual({ record: base, options })
  })

  it.each([
    ['nobody’s', { ...base, from: null }],
    ['bytes', { ...base, payload: new Uint8Array([0, 255, 1]) }],
    ['no bytes', { ...base, payload: new Uint8Array() }],
    ['null', { ...base, payload: null }],
    ['names that objects have', { ...base, payload: JSON.parse('{"__proto__":1,"constructor":2}') }],
    ['an event of no letters', { ...base, event: '' }],
  ])('a message that is %s', (_, record) => {
    expect(decodeMessage(encodeMessage(7, record))).toEqual({ offset: 7, ...record })
  })

  it('bytes are a copy: what came with them can be let go', () => {
    const frame = encodeMessage(1, { ...base, payload: new Uint8Array([1, 2]) })
    const { payload } = decodeMessage(frame)
    frame.fill(0)
    expect(payload).toEqual(new Uint8Array([1, 2]))
  })

  it('what JSON cannot carry is refused', () => {
    const ring: unknown[] = []
    ring.push(ring)
    for (const payload of [1n, ring]) expect(() => encodeAppend({ ...base, payload }, { retention })).toThrow(TypeError)
  })

  it('places and answers', () => {
    expect(decodePosition('e', encodeNumbers(9_007_199_254_740_991))).toEqual({
      epoch: 'e',
      offset: 9_007_199_254_740_991,
    })
    for (const duplicate of [true, false]) {
      const appended = { position: { epoch: 'e', offset: 3 }, duplicate }
      expect(decodeAppended('e', encodeAppended(appended))).toEqual(appended)
    }
  })

  it('pages come out as they went in', () => {
    const message = fc.record({
      offset: fc.nat(),
      event: fc.string(),
      payload: fc.oneof(
        fc.jsonValue().map((value) => JSON.parse(JSON.stringify(value)) as unknown),
        fc.uint8Array(),
      ),
      from: fc.constantFrom(null, from),
      at: fc.nat(),
    })
    const page = fc.record({
      epoch: fc.string(),
      messages: fc.array(message, { maxLength: 6 }),
      first: fc.nat(),
      top: fc.nat(),
    })
    fc.assert(
      fc.property(page, (sent) => {
        expect(decodePage(sent.epoch, encodePage(sent))).toEqual(sent)
      }),
    )
  })
})
