import type { Payload } from '@rollcall/core'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { hasBytes } from '../../../src/socket.io/packet/attachments.ts'
import { PacketDecoder } from '../../../src/socket.io/packet/decoder.ts'
import { encodeAck, encodeEvent } from '../../../src/socket.io/packet/encode.ts'

const limits = { depth: 16, attachments: 3, attachedBytes: 100 }
const bytes = (...values: number[]) => new Uint8Array(values)
const slot = (num: unknown) => ({ _placeholder: true, num })

function takeAll(...messages: Payload[]) {
  const decoder = new PacketDecoder(limits)
  return messages.map((message) => decoder.take(message))
}

const args = (...messages: Payload[]) => (takeAll(...messages).at(-1) as { args?: unknown } | null)?.args

describe('a packet with attachments', () => {
  test('is complete with the last of them', () => {
    const decoder = new PacketDecoder(limits)
    expect(decoder.take(`52-["a",${JSON.stringify({ x: [slot(1)], y: slot(0) })}]`)).toBeNull()
    expect(decoder.incomplete).toBe(true)
    expect(decoder.take(bytes(1))).toBeNull()
    expect(decoder.take(bytes(2))).toEqual({
      kind: 'event',
      nsp: '/',
      id: null,
      event: 'a',
      args: [{ x: [bytes(2)], y: bytes(1) }],
    })
    expect(decoder.incomplete).toBe(false)
    expect(decoder.take('2["b"]')).toMatchObject({ event: 'b' })
  })

  test.each<[string, string, unknown]>([
    ['one that is used twice', `["a",${JSON.stringify([slot(0), slot(0)])}]`, [[bytes(7), bytes(7)]]],
    ['one that is not used', '["a",1]', [1]],
    ['what only looks like a placeholder', '["a",{"_placeholder":1,"num":0}]', [{ _placeholder: 1, num: 0 }]],
    ['under the name __proto__', `["a",{"__proto__":${JSON.stringify(slot(0))}}]`, undefined],
  ])('%s', (_, json, expected) => {
    const got = args(`51-${json}`, bytes(7))
    if (expected !== undefined) return expect(got).toEqual(expected)
    const [value] = got as [object]
    expect(Object.hasOwn(value, '__proto__')).toBe(true)
    expect(Object.getPrototypeOf(value)).toBe(Object.prototype)
  })

  test.each([5, 1, -1, 0.5, 'splice', '0', null, true, [0], undefined])('a num of %j is refused', (num) => {
    expect(takeAll(`51-${JSON.stringify(['a', slot(num)])}`, bytes(7)).at(-1)).toMatchObject({ kind: 'fault' })
  })

  test.each<[string, Payload[]]>([
    ['bytes that nothing announced', [bytes(1)]],
    ['text in between', [`52-["a"]`, bytes(1), '2["b"]']],
    ['the end of the session in between', [`51-["a"]`, '1']],
    ['too many bytes', [`53-["a"]`, bytes(...Array(60).fill(0)), bytes(...Array(41).fill(0))]],
    ['more than announced', [`51-["a"]`, bytes(1), bytes(2)]],
  ])('%s is a fault', (_, messages) => {
    expect(takeAll(...messages).at(-1)).toMatchObject({ kind: 'fault' })
  })

  test('what is too deep for placeholders is refused before', () => {
    expect(takeAll(`51-["a",${'['.repeat(20)}${']'.repeat(20)}]`)).toMatchObject([{ kind: 'fault', tooDeep: true }])
  })
})

describe('what goes out', () => {
  test.each<[readonly Payload[], Payload[]]>([
    [encodeEvent('', ['a', 1], 4), ['42["a",1]']],
    [encodeEvent('/x,', ['a'], 4), ['42/x,["a"]']],
    [encodeEvent('', ['a', undefined], 4), ['42["a",null]']],
    [encodeEvent('', ['a', bytes(1, 2)], 4), ['451-["a",{"_placeholder":true,"num":0}]', bytes(1, 2)]],
    [encodeEvent('', ['a', bytes(1, 2)], 3), ['451-["a",{"_placeholder":true,"num":0}]', bytes(4, 1, 2)]],
    [
      encodeEvent('/x,', ['a', { p: [bytes(1)], q: bytes(2) }], 4),
      ['452-/x,["a",{"p":[{"_placeholder":true,"num":0}],"q":{"_placeholder":true,"num":1}}]', bytes(1), bytes(2)],
    ],
    [encodeAck('/x,', '13', ['r'], 4), ['43/x,13["r"]']],
    [encodeAck('', '13', [bytes(1)], 4), ['461-13[{"_placeholder":true,"num":0}]', bytes(1)]],
  ])('%j', (payloads, expected) => {
    expect(payloads).toEqual(expected)
  })

  test('dates, and whatever else has its own way to JSON, go that way', () => {
    const date = new Date(0)
    expect(encodeEvent('', ['a', { date }], 4)).toEqual(['42["a",{"date":"1970-01-01T00:00:00.000Z"}]'])
    expect(encodeEvent('', ['a', { date, b: bytes(1) }], 4)[0]).toContain('"date":"1970-01-01T00:00:00.000Z"')
  })
})

const value = fc.letrec((tie) => ({
  any: fc.oneof({ maxDepth: 4 }, tie('leaf'), tie('array'), tie('object')),
  leaf: fc.oneof(
    fc.string({ unit: 'grapheme' }),
    fc.integer(),
    fc.boolean(),
    fc.constant(null),
    fc.uint8Array({ maxLength: 9 }),
  ),
  array: fc.array(tie('any'), { maxLength: 3 }),
  object: fc.dictionary(fc.constantFrom('a', 'b', '__proto__', 'constructor', 'num'), tie('any'), { maxKeys: 3 }),
})).any

const sameBytes = (_: string, value: unknown) => (value instanceof Uint8Array ? `bytes ${[...value]}` : value)

test('events arrive as they were sent', () => {
  fc.assert(
    fc.property(fc.array(value, { maxLength: 4 }), (sent) => {
      const decoder = new PacketDecoder({ depth: 64, attachments: 99, attachedBytes: 1e6 })
      const payloads = encodeEvent('/x,', ['a', ...sent], 4)
      expect(payloads.length > 1).toBe(hasBytes(sent))
      const [packet] = payloads
        .map((payload, at) => decoder.take(at === 0 ? (payload as string).slice(1) : payload))
        .slice(-1)
      expect(JSON.stringify((packet as { args: unknown }).args, sameBytes)).toBe(JSON.stringify(sent, sameBytes))
    }),
  )
})

test('no messages in any order make it throw', () => {
  const message = fc.oneof(
    fc.uint8Array({ maxLength: 4 }),
    fc.constantFrom(`51-["a",${JSON.stringify(slot(0))}]`, '52-["a"]', '2["a"]', '0', '1', ''),
    fc.string(),
  )
  fc.assert(
    fc.property(fc.array(message, { maxLength: 12 }), (messages) => {
      takeAll(...messages)
    }),
  )
})
