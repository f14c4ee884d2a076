import type { Joined } from '@rollcall/core'
import { channel } from '@rollcall/core'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { readJoin } from '../../src/phoenix/join.ts'
import { joinedResponse, keptOutResponse, refusedResponse, sentResponse } from '../../src/phoenix/response.ts'

const bare = channel({})
const full = channel({ presence: z.object({ name: z.string() }), history: {} })

describe('the payload of a join', () => {
  test.each([
    [{}, { input: {}, presence: undefined, since: null }],
    [{ invitation: 'x' }, { input: { invitation: 'x' }, presence: undefined, since: null }],
    // A name is the application's, too.
    [{ name: 'Tyr' }, { input: { name: 'Tyr' }, presence: { name: 'Tyr' }, since: null }],
    [{ name: 5 }, { input: { name: 5 }, presence: undefined, since: null }],
    [
      { presence: { a: 1 }, name: 'Tyr' },
      { input: { name: 'Tyr' }, presence: { a: 1 }, since: null },
    ],
    [
      { presence: false, name: 'Tyr' },
      { input: { name: 'Tyr' }, presence: undefined, since: null },
    ],
    [
      { presence: 'off', name: 'Tyr' },
      { input: { name: 'Tyr' }, presence: undefined, since: null },
    ],
    [
      { presence: null, name: 'Tyr' },
      { input: { name: 'Tyr' }, presence: undefined, since: null },
    ],
    [{ since: ['e', 5] }, { input: {}, presence: undefined, since: { position: { epoch: 'e', offset: 5 } } }],
    [{ last: 20 }, { input: {}, presence: undefined, since: { last: 20 } }],
    [
      { since: ['e', 5], last: 20 },
      { input: {}, since: { position: { epoch: 'e', offset: 5 } } },
    ],
    // Of another shape they are the application's own.
    [
      { since: 'monday', last: 'name' },
      { input: { since: 'monday', last: 'name' }, since: null },
    ],
    [{ since: ['e', -1] }, { input: { since: ['e', -1] }, since: null }],
    [
      { since: ['e', 1.5], last: -1 },
      { input: { since: ['e', 1.5], last: -1 }, since: null },
    ],
    [{ since: ['e', 5, 6] }, { input: { since: ['e', 5, 6] }, since: null }],
    [
      { since: null, last: 3 },
      { input: { since: null }, since: { last: 3 } },
    ],
  ])('%j, where there are presence and history', (payload, expected) => {
    expect(readJoin(payload, full)).toMatchObject(expected)
  })

  test('is the application’s where there are none', () => {
    const payload = { name: 'Tyr', presence: {}, since: ['e', 5], last: 3 }
    expect(readJoin(payload, bare)).toEqual({ input: payload, presence: undefined, since: null })
  })

  test.each([['text'], [null], [[1]], [5], [new Uint8Array([1])]])('%j is no object: all of it is', (payload) => {
    expect(readJoin(payload, full)).toEqual({ input: payload, presence: undefined, since: null })
  })

  test('with names that objects have of themselves has them as any others', () => {
    const { input } = readJoin(JSON.parse('{"__proto__":{"presence":{}},"constructor":1}'), full)
    expect(JSON.stringify(input)).toBe('{"__proto__":{"presence":{}},"constructor":1}')
  })

  test('inherits no presence', () => {
    expect(readJoin(Object.create({ presence: {}, name: 'Tyr' }), full).presence).toBeUndefined()
  })
})

describe('the answer to a join', () => {
  const joined = (more: Partial<Joined>): Joined => ({
    entry: null,
    position: null,
    recovery: 'fresh',
    roster: null,
    reply: undefined,
    ...more,
  })
  const position = { epoch: 'e', offset: 5 }

  test.each<[Partial<Joined>, string]>([
    [{}, '{}'],
    [{ reply: { a: 1 } }, '{"a":1}'],
    [{ reply: null }, '{}'],
    [{ reply: 'text' }, '{"reply":"text"}'],
    [{ reply: [1] }, '{"reply":[1]}'],
    [{ position }, '{"position":["e",5],"recovery":"fresh"}'],
    [{ position, recovery: 'recovered' }, '{"position":["e",5],"recovery":"recovered"}'],
    [{ position, recovery: { gap: 'too_old' } }, '{"position":["e",5],"recovery":"gap","gap":"too_old"}'],
    // What the application says goes before what we say.
    [{ position, reply: { position: 'mine' } }, '{"position":"mine","recovery":"fresh"}'],
  ])('%j', (more, expected) => {
    expect(JSON.stringify(joinedResponse(joined(more)))).toBe(expected)
  })

  test.each([
    ['too_many_channels', { reason: 'too many channels joined' }],
    ['internal', { reason: 'join crashed' }],
    ['refused', { reason: 'why', code: 'refused' }],
    ['invalid_payload', { reason: 'why', code: 'invalid_payload' }],
  ] as const)('that was refused as %s', (code, expected) => {
    expect(keptOutResponse({ code, message: 'why' })).toEqual(expected)
  })

  test('that was refused has the application’s details, and when to try again', () => {
    expect(refusedResponse({ code: 'unavailable', message: 'why', retryAfterMs: 5, details: { a: 1 } })).toEqual({
      reason: 'why',
      code: 'unavailable',
      retryAfterMs: 5,
      details: { a: 1 },
    })
  })
})

test.each([
  [null, {}],
  [{ position: null }, {}],
  [{ position: { epoch: 'e', offset: 5 } }, { position: ['e', 5] }],
  ['text', {}],
  [7, {}],
])('the answer to a send whose handler answers %j', (result, expected) => {
  expect(sentResponse(result)).toEqual(expected)
})
