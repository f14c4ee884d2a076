import { channel } from '@rollcall/core'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { type Auth, askedOf, credentialsOf, queryAuth, splitQuery } from '../../src/socket.io/auth.ts'

const plain = channel({})
const seen = channel({ presence: z.object({ name: z.string() }) })
const asking = channel({ join: z.object({ invitation: z.string() }), presence: z.object({ name: z.string() }) })

describe('auth asks for', () => {
  test.each<[string, Auth | undefined, typeof plain | typeof seen | typeof asking, object]>([
    ['nothing', undefined, seen, { input: undefined, presence: undefined, last: null }],
    ['being seen by a name', { name: 'Tyr' }, seen, { input: undefined, presence: { name: 'Tyr' }, last: null }],
    ['being seen as it says', { name: 'a', presence: { name: 'b' } }, seen, { presence: { name: 'b' } }],
    ['being seen as null', { presence: null }, seen, { presence: null }],
    ['not being seen', { name: 'Tyr', presence: false }, seen, { presence: undefined }],
    ['not being seen, in a query', { name: 'Tyr', presence: 'off' }, seen, { presence: undefined }],
    ['no name that is none', { name: { a: 1 } }, seen, { presence: undefined }],
    ['presence where there is none', { name: 'Tyr', presence: {} }, plain, { presence: undefined }],
    ['a place, with all of it', { invitation: 'x' }, asking, { input: { invitation: 'x' } }],
    [
      'a place, without what recovers',
      { invitation: 'x', pid: 'p', offset: 'o' },
      asking,
      { input: { invitation: 'x' } },
    ],
    ['a place, with its input', { token: 't', input: { invitation: 'x' } }, asking, { input: { invitation: 'x' } }],
    ['a place, with nothing', undefined, asking, { input: {} }],
    ['the newest messages', { last: 5 }, plain, { last: 5 }],
    ['the newest messages, in a query', { last: '5' }, plain, { last: 5 }],
    ['no such number of them', { last: -1 }, plain, { last: null }],
    ['no such text of them', { last: '5x' }, plain, { last: null }],
  ])('%s', (_, auth, spec, asked) => {
    expect(askedOf(auth, spec)).toMatchObject(asked)
  })

  test('nothing that only the prototype has', () => {
    const auth = JSON.parse('{"__proto__":{"name":"Tyr","last":3,"presence":{"name":"x"}}}') as Auth
    expect(askedOf(auth, seen)).toEqual({ input: undefined, presence: undefined, last: null })
  })
})

test('credentials are what the client itself says', () => {
  expect(credentialsOf(undefined)).toBeUndefined()
  expect(credentialsOf({})).toBeUndefined()
  expect(credentialsOf({ pid: 'p', offset: 'o' })).toBeUndefined()
  expect(JSON.stringify(credentialsOf({ token: 't', pid: 'p', offset: 'o' }))).toBe('{"token":"t"}')
})

test('in revision 3 it is a query', () => {
  const query = new URLSearchParams('EIO=3&transport=polling&t=1&b64=1&sid=s&j=0&token=a&token=b&__proto__=c')
  expect(JSON.stringify(queryAuth(query))).toBe('{"token":"a","__proto__":"c"}')
  expect(queryAuth(new URLSearchParams('EIO=3'))).toBeUndefined()
  expect([splitQuery('/chat?a=1?b'), splitQuery('/chat')].map(({ nsp, query }) => [nsp, `${query}`])).toEqual([
    ['/chat', 'a=1%3Fb'],
    ['/chat', ''],
  ])
})
