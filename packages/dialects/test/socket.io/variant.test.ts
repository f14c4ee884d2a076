import type { Delivery } from '@rollcall/core'
import { describe, expect, test } from 'vitest'
import { type Manner, SocketIoVariant, Variants } from '../../src/socket.io/variant.ts'

const spread = new Set(['draw'])
const of = (manner: Partial<Manner> = {}) =>
  new SocketIoVariant({ nsp: '/room:a', version: 4, offsets: true, ...manner }, spread)
const delivery = (payload: unknown, more: Partial<Delivery> = {}): Delivery => ({
  topic: 'room:a',
  event: 'message',
  payload,
  from: null,
  at: 0,
  position: { epoch: 'e', offset: 7 },
  ...more,
})

describe('a message', () => {
  test.each<[string, Partial<Manner>, Delivery, unknown]>([
    ['with its offset', {}, delivery('hi'), ['42/room:a,["message","hi","7~e"]']],
    ['without it', { offsets: false }, delivery('hi'), ['42/room:a,["message","hi"]']],
    ['in the root', { nsp: '/' }, delivery({ a: 1 }), ['42["message",{"a":1},"7~e"]']],
    ['a list is one argument', { offsets: false }, delivery([1, 2]), ['42/room:a,["message",[1,2]]']],
    ['unless it is spread', { offsets: false }, delivery([1, 2], { event: 'draw' }), ['42/room:a,["draw",1,2]']],
    ['nothing to spread', { offsets: false }, delivery('x', { event: 'draw' }), ['42/room:a,["draw","x"]']],
    ['without payload', {}, delivery(undefined), ['42/room:a,["message",null,"7~e"]']],
    ['a text without place in the log', {}, delivery('hi', { position: null }), ['42/room:a,["message","hi",null]']],
    ['no text without place', {}, delivery(1, { position: null }), ['42/room:a,["message",1]']],
    ['nothing of it without place', {}, delivery([], { event: 'draw', position: null }), ['42/room:a,["draw",null]']],
    [
      'bytes',
      {},
      delivery(new Uint8Array([1])),
      ['451-/room:a,["message",{"_placeholder":true,"num":0},"7~e"]', new Uint8Array([1])],
    ],
    [
      'bytes for revision 3',
      { version: 3, offsets: false },
      delivery(new Uint8Array([1])),
      ['451-/room:a,["message",{"_placeholder":true,"num":0}]', new Uint8Array([4, 1])],
    ],
    ['a hostile name', { offsets: false }, delivery(1, { event: '"]\u2028' }), ['42/room:a,["\\"]\u2028",1]']],
  ])('%s', (_, manner, message, payloads) => {
    expect(of(manner).message(message)).toEqual(payloads)
  })
})

describe('presence', () => {
  const entry = (id: string, meta: unknown) => ({ id, key: `k${id}`, meta, rev: 1 })

  test('is told as a diff', () => {
    const diff = {
      version: { epoch: 'e', version: 2 },
      since: 1,
      joins: [entry('1', { name: 'A' })],
      updates: [{ entry: entry('2', { name: 'B' }), previous: entry('2', {}) }],
      leaves: [entry('3', null)],
    }
    expect(of({ nsp: '/' }).presence('room:a', diff)).toEqual([
      '42["presence_diff",{"joins":[{"id":"1","key":"k1","meta":{"name":"A"}}],' +
        '"updates":[{"id":"2","key":"k2","meta":{"name":"B"}}],"leaves":[{"id":"3","key":"k3","meta":null}]}]',
    ])
  })

  test('is told as a count', () => {
    expect(of().count('room:a', { version: { epoch: 'e', version: 2 }, members: 3, entries: 4 })).toEqual([
      '42/room:a,["presence_count",{"members":3,"entries":4}]',
    ])
  })
})

test('subscribers of one manner share a variant, others do not', () => {
  const variants = new Variants(spread)
  const manner: Manner = { nsp: '/', version: 4, offsets: true }
  expect(variants.of({ ...manner })).toBe(variants.of(manner))
  const ids = [
    manner,
    { ...manner, offsets: false },
    { ...manner, version: 3 as const },
    { ...manner, nsp: '/room:a' },
  ].map((each) => variants.of(each).id)
  expect(new Set(ids).size).toBe(4)
})

test('names that clients make up do not pile up', () => {
  const variants = new Variants(spread)
  const first = variants.of({ nsp: '/0', version: 4, offsets: true })
  for (let i = 1; i <= 1_000; i++) variants.of({ nsp: `/${i}`, version: 4, offsets: true })
  const again = variants.of({ nsp: '/0', version: 4, offsets: true })
  expect(again).not.toBe(first)
  expect(again.id).toBe(first.id)
})
