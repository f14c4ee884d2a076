import { describe, expect, test } from 'vitest'
import { readConnect, readWebSocketConnect } from '../../src/phoenix/connect.ts'
import { toParams } from '../../src/phoenix/params.ts'

const query = (text: string) => new URLSearchParams(text)
const url = (text: string) => new URL(`/socket/websocket?${text}`, 'http://host')
const plain = (value: unknown) => JSON.parse(JSON.stringify(value)) as unknown

describe('parameters', () => {
  test.each([
    ['', {}],
    ['a=1&b=2', { a: '1', b: '2' }],
    ['a=1&a=2', { a: '2' }],
    ['a[b]=c', { a: { b: 'c' } }],
    ['a[b][c]=d&a[b][e]=f&a[g]=h', { a: { b: { c: 'd', e: 'f' }, g: 'h' } }],
    ['a[]=1&a[]=2', { a: ['1', '2'] }],
    ['a[0]=x&a[1]=y', { a: { 0: 'x', 1: 'y' } }],
    ['a[b][]=1&a[b][]=2', { a: { b: ['1', '2'] } }],
    ['a[][b]=1&a[][b]=2', { a: [{ b: '1' }, { b: '2' }] }],
    ['a=1&a[b]=2', { a: { b: '2' } }],
    ['a[b]=1&a=2', { a: '2' }],
    ['a[=1&b]=2&[c]=3&d[e=4&f]g[=5', { 'a[': '1', 'b]': '2', '[c]': '3', 'd[e': '4', 'f]g[': '5' }],
    ['a%5Bb%5D=%C3%A4+%00', { a: { b: 'ä \u0000' } }],
    ['a=', { a: '' }],
  ])('%s', (text, expected) => {
    expect(plain(toParams(query(text)))).toEqual(expected)
  })

  test('of names that objects have of themselves are as any others', () => {
    const params = toParams(query('__proto__=1&a[__proto__][polluted]=2&constructor[prototype]=3'))
    expect(Object.keys(params ?? {})).toEqual(['__proto__', 'a', 'constructor'])
    expect(({} as { polluted?: number }).polluted).toBeUndefined()
    expect(JSON.stringify(params)).toBe(
      '{"__proto__":"1","a":{"__proto__":{"polluted":"2"}},"constructor":{"prototype":"3"}}',
    )
  })

  test('may not be nested too deep', () => {
    expect(toParams(query(`a${'[b]'.repeat(15)}=1`))).not.toBeNull()
    expect(toParams(query(`a${'[b]'.repeat(16)}=1`))).toBeNull()
    expect(toParams(query(`a${'[]'.repeat(5_000)}=1`))).toBeNull()
  })
})

describe('the version', () => {
  test.each([
    ['', 1],
    ['vsn=1.0.0', 1],
    ['vsn=1.0.7', 1],
    ['vsn=2.0.0', 2],
    ['vsn=2.0.13', 2],
    ['vsn=1.0.0&vsn=2.0.0', 2],
  ])('%s is of protocol %i', (text, version) => {
    expect(readConnect(query(text), null)?.format.version).toBe(version)
  })

  test.each(['3.0.0', '2.1.0', '2.0', '2', '', 'two', '2.0.0-rc.0', '2.0.01', ' 2.0.0', '22.0.0'])(
    '%j is refused',
    (vsn) => {
      expect(readConnect([['vsn', vsn]], null)).toBeNull()
    },
  )

  test.each(['vsn[]=2.0.0', 'vsn[a]=2.0.0'])('%s is refused', (text) => {
    expect(readConnect(query(text), null)).toBeNull()
  })
})

describe('credentials', () => {
  test('are the parameters, without those of the protocol', () => {
    const connect = readConnect(query('name=Tyr&user[id]=7&token=t&vsn=2.0.0&stamp=1'), null)
    expect(plain(connect?.credentials)).toEqual({ name: 'Tyr', user: { id: '7' }, token: 't' })
    expect(connect?.format).toEqual({ version: 2, stamped: true })
  })

  test('have the token that was not among the parameters', () => {
    expect(plain(readConnect(query('token=weak'), 'strong')?.credentials)).toEqual({ token: 'strong' })
  })

  test('of the name __proto__ are as any others', () => {
    const credentials = readConnect(query('__proto__=1&vsn=2.0.0'), null)?.credentials
    expect(Object.keys(credentials ?? {})).toEqual(['__proto__'])
    expect(Object.getPrototypeOf(credentials)).toBeNull()
  })
})

describe('subprotocols', () => {
  test.each([
    ['none', undefined, {}],
    ['its own', 'phoenix', {}],
    ['its own among others', 'a, phoenix ,b', {}],
    ['a token', 'phoenix, base64url.bearer.phx.c2VjcmV0', { token: 'secret' }],
    ['a token of the standard alphabet', 'phoenix, base64url.bearer.phx.Pz8/Pj4+', { token: '???>>>' }],
    ['a token of the alphabet of URLs', 'phoenix, base64url.bearer.phx.Pz8_Pj4-', { token: '???>>>' }],
    ['a token with padding', 'phoenix, base64url.bearer.phx.YQ==', { token: 'a' }],
    ['a token of UTF-8', 'phoenix, base64url.bearer.phx.w6Q', { token: 'ä' }],
    ['a token of other bytes', 'phoenix, base64url.bearer.phx.5A', { token: 'ä' }],
  ])('%s: let in', (_, header, credentials) => {
    const connect = readWebSocketConnect(url('vsn=2.0.0'), header)
    expect(plain(connect?.credentials)).toEqual(credentials)
    expect(connect?.protocols).toEqual(['phoenix'])
  })

  test.each([
    ['another', 'graphql-ws'],
    ['nothing', ''],
    ['a token alone', 'base64url.bearer.phx.c2VjcmV0'],
    ['an empty token', 'phoenix, base64url.bearer.phx.'],
    ['a token that is no base64', 'phoenix, base64url.bearer.phx.!!!'],
    ['a token of an impossible length', 'phoenix, base64url.bearer.phx.a'],
  ])('%s: refused', (_, header) => {
    expect(readWebSocketConnect(url('vsn=2.0.0'), header)).toBeNull()
  })
})
