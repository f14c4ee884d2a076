import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { decode } from '../../../src/socket.io/packet/decode.ts'

const limits = { depth: 8, attachments: 10, attachedBytes: 100 }
const event = (args: unknown[], more: object = {}) => ({ kind: 'event', nsp: '/', id: null, event: 'a', args, ...more })
const ack = (args: unknown[], more: object = {}) => ({ kind: 'ack', nsp: '/', id: null, args, ...more })

describe('a text is read', () => {
  test.each<[string, object]>([
    ['0', { kind: 'connect', nsp: '/', auth: undefined }],
    ['0{"token":1}', { kind: 'connect', nsp: '/', auth: { token: 1 } }],
    ['0/admin,', { kind: 'connect', nsp: '/admin', auth: undefined }],
    ['0/random', { kind: 'connect', nsp: '/random', auth: undefined }],
    ['0/admin,{"a":","}', { kind: 'connect', nsp: '/admin', auth: { a: ',' } }],
    ['0/a b/ä?#,{}', { kind: 'connect', nsp: '/a b/ä?#', auth: {} }],
    ['0/__proto__,', { kind: 'connect', nsp: '/__proto__', auth: undefined }],
    ['0/chat?token=abc,', { kind: 'connect', nsp: '/chat?token=abc', auth: undefined }],
    ['1', { kind: 'disconnect', nsp: '/' }],
    ['1/admin,', { kind: 'disconnect', nsp: '/admin' }],
    ['1/admin', { kind: 'disconnect', nsp: '/admin' }],
    ['2["a"]', event([])],
    ['2["a",1,null,{"b":[true]}]', event([1, null, { b: [true] }])],
    ['2/admin,13["a"]', event([], { nsp: '/admin', id: '13' })],
    ['20["a"]', event([], { id: '0' })],
    ['2007["a"]', event([], { id: '007' })],
    ['29007199254740991["a"]', event([], { id: '9007199254740991' })],
    ['2[1,2]', event([2], { event: '1' })],
    ['2[""]', event([], { event: '' })],
    ['2["__proto__"]', event([], { event: '__proto__' })],
    ['2["error"]', event([], { event: 'error' })],
    ['2["connection"]', event([], { event: 'connection' })],
    ['2["constructor"]', event([], { event: 'constructor' })],
    ['2["a",{"_placeholder":true,"num":0}]', event([{ _placeholder: true, num: 0 }])],
    ['2["a",1e999]', event([Number.POSITIVE_INFINITY])],
    ['2["a",{"x":1,"x":2}]', event([{ x: 2 }])],
    ['2["a","\\ud800"]', event(['\ud800'])],
    ['3', ack([])],
    ['3[1]', ack([1])],
    ['3999[1]', ack([1], { id: '999' })],
    ['3/admin,13["result"]', ack(['result'], { nsp: '/admin', id: '13' })],
    ['3/admin,', ack([], { nsp: '/admin' })],
    [
      '51-["a",{"_placeholder":true,"num":0}]',
      { kind: 'incomplete', packet: event([{ _placeholder: true, num: 0 }]), attachments: 1 },
    ],
    ['510-/x,3["a"]', { kind: 'incomplete', packet: event([], { nsp: '/x', id: '3' }), attachments: 10 }],
    ['61-13[{}]', { kind: 'incomplete', packet: ack([{}], { id: '13' }), attachments: 1 }],
  ])('%s', (text, packet) => {
    expect(decode(text, limits)).toEqual(packet)
  })

  test('an own __proto__ stays an own name', () => {
    const packet = decode('2["a",{"__proto__":{"polluted":1}}]', limits) as unknown as { args: [object] }
    expect(JSON.stringify(packet.args[0])).toBe('{"__proto__":{"polluted":1}}')
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined()
  })
})

describe('a text is refused', () => {
  test.each([
    '',
    '7',
    '9',
    'x',
    '-1',
    '4{}',
    '4/x,{"message":"a"}',
    '0[1]',
    '0null',
    '0"x"',
    '01',
    '0{',
    '0{}x',
    '0/x,{}{}',
    '1{}',
    '1/x,1',
    '2',
    '21',
    '2/x,',
    '2[]',
    '2[null]',
    '2[{}]',
    '2[true]',
    '2[[]]',
    '2[{"toString":"x"}]',
    '2{}',
    '2"a"',
    '2null',
    '2["a"',
    '2["a"]x',
    '2 ["a"]',
    '2\n["a"]',
    '2["connect"]',
    '2["connect_error"]',
    '2["disconnect"]',
    '2["disconnecting"]',
    '2["newListener"]',
    '2["removeListener"]',
    '29007199254740993["a"]',
    '210000000000000000000000["a"]',
    '2-1["a"]',
    '20x1["a"]',
    '21.5["a"]',
    '3{}',
    '3 [1]',
    '5["a"]',
    '5-["a"]',
    '50-["a"]',
    '500-["a"]',
    '511-["a"]',
    '5100-["a"]',
    '51.5-["a"]',
    '51e1-["a"]',
    '50x1-["a"]',
    '5 1-["a"]',
    '5-1-["a"]',
    '51["a"]',
    '51-',
    '51-[]',
    '51-["connect"]',
    '61-',
    '60-[1]',
  ])('%s', (text) => {
    expect(decode(text, limits)).toMatchObject({ kind: 'fault', tooDeep: false })
  })

  test.each(['0', '2', '3', '51-', '0/x,', '2/x,1'])('too deep behind %s', (head) => {
    const open = head.startsWith('0') ? '{"a":' : '['
    const close = head.startsWith('0') ? '}' : ']'
    const nested = (depth: number) => `${head}${open.repeat(depth)}1${close.repeat(depth)}`
    expect(decode(nested(9), limits)).toMatchObject({ kind: 'fault', tooDeep: true })
    expect(decode(nested(6_000), limits)).toMatchObject({ kind: 'fault', tooDeep: true })
    expect(decode(nested(8), limits)).not.toMatchObject({ tooDeep: true })
  })
})

test('no text makes it throw, cut or changed at any place', () => {
  const good = [
    '0/admin,{"token":1}',
    '2/x,13["a",{"b":[1]}]',
    '3/x,13["r"]',
    '52-/x,7["a",{"_placeholder":true,"num":0}]',
  ]
  const signs = ['', '\u0000', '0', '9', '-', ',', '/', '[', ']', '{', '"', '\\', '\ud800', 'e', ' ']
  for (const text of good)
    for (let at = 0; at <= text.length; at++) {
      decode(text.slice(0, at), limits)
      for (const sign of signs) {
        decode(text.slice(0, at) + sign + text.slice(at), limits)
        decode(text.slice(0, at) + sign + text.slice(at + 1), limits)
      }
    }
  const part = fc.oneof(
    fc.constantFrom('0', '2', '3', '51-', '/x,', '12', '["a"', ',', ']', '{}'),
    fc.string(),
    fc.json(),
  )
  fc.assert(
    fc.property(fc.array(part, { maxLength: 6 }), (parts) => {
      expect(typeof decode(parts.join(''), limits).kind).toBe('string')
    }),
    { numRuns: 1_000 },
  )
})
