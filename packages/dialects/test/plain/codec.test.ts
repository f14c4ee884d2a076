import type { Delivery } from '@rollcall/core'
import { describe, expect, test } from 'vitest'
import { plainCodec } from '../../src/plain/codec.ts'

const delivery = (payload: unknown, event = 'message'): Delivery => ({
  topic: 'room:lobby',
  event,
  payload,
  from: null,
  at: 0,
  position: null,
})

describe('plain frames', () => {
  const text = plainCodec('message', 'text', 3)
  const json = plainCodec('message', 'json', 3)

  test.each([
    ['hello', 'hello', '"hello"'],
    ['', '', '""'],
    ['"quoted"', '"quoted"', '"\\"quoted\\""'],
    [{ a: [1] }, '{"a":[1]}', '{"a":[1]}'],
    [7, '7', '7'],
    [null, 'null', 'null'],
    [undefined, 'null', 'null'],
    [new Uint8Array([1, 0]), new Uint8Array([1, 0]), new Uint8Array([1, 0])],
  ])('%j goes out', (payload, asText, asJson) => {
    expect(text.variant.message(delivery(payload))).toEqual(asText)
    expect(json.variant.message(delivery(payload))).toEqual(asJson)
  })

  test('other events are not told', () => {
    expect(text.variant.message(delivery('x', 'typing'))).toEqual([])
  })

  test('presence, counts and positions are not told', () => {
    const version = { epoch: 'e', version: 1 }
    expect(text.variant.presence('t', { version, since: 0, joins: [], updates: [], leaves: [] })).toBeNull()
    expect(text.variant.count('t', { version, members: 1, entries: 1 })).toBeNull()
    expect(text.variant.position('t', { epoch: 'e', offset: 1 })).toBeNull()
  })

  test.each([
    ['hi', { payload: 'hi' }, { fault: 'not_json' }],
    ['', { payload: '' }, { fault: 'not_json' }],
    ['{"__proto__":1}', { payload: '{"__proto__":1}' }, { payload: JSON.parse('{"__proto__":1}') }],
    ['[[[1]]]', { payload: '[[[1]]]' }, { payload: [[[1]]] }],
    ['[[[[]]]]', { payload: '[[[[]]]]' }, { fault: 'too_deep' }],
    ['"\u0000"', { payload: '"\u0000"' }, { fault: 'not_json' }],
    [new Uint8Array([255]), { payload: new Uint8Array([255]) }, { payload: new Uint8Array([255]) }],
  ])('%j comes in', (frame, asText, asJson) => {
    expect(text.decode(frame)).toEqual(asText)
    expect(json.decode(frame)).toEqual(asJson)
  })

  test('formats and events are variants of their own', () => {
    const ids = [text, json, plainCodec('note', 'text', 3)].map(({ variant }) => variant.id)
    expect(new Set(ids).size).toBe(3)
  })
})
