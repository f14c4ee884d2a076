import { describe, expect, test } from 'vitest'
import { fromBase64, toBase64 } from '../../../src/socket.io/engine/base64.ts'
import { type CookieOptions, cookieHeader } from '../../../src/socket.io/engine/cookie.ts'
import { Cors, corsHeaders } from '../../../src/socket.io/engine/cors.ts'
import { jsonpAnswer, jsonpBody, jsonpIndex } from '../../../src/socket.io/engine/jsonp.ts'

describe('a cookie', () => {
  test.each<[CookieOptions, string]>([
    [{}, 'io=SID; Path=/; HttpOnly; SameSite=Lax'],
    [{ name: 'id', path: '/x', httpOnly: false, sameSite: 'strict' }, 'id=SID; Path=/x; SameSite=Strict'],
    [
      { sameSite: 'none', secure: true, domain: 'example.com', maxAge: 60 },
      'io=SID; Max-Age=60; Domain=example.com; Path=/; HttpOnly; Secure; SameSite=None',
    ],
  ])('with %j', (options, header) => {
    expect(cookieHeader(options)('SID')).toBe(header)
  })

  test.each<[CookieOptions, RegExp]>([
    [{ name: 'a b' }, /cookie.name "a b"/],
    [{ name: '' }, /cookie.name/],
    [{ path: '/;Secure' }, /cookie.path/],
    [{ domain: 'a\r\nb' }, /cookie.domain/],
    [{ maxAge: 1.5 }, /cookie.maxAge/],
  ])('cannot be %j', (options, message) => {
    expect(() => cookieHeader(options)).toThrow(message)
  })
})

describe('CORS', () => {
  const origin = 'https://app.example.com'

  test('is silent when it is off', () => {
    expect(corsHeaders(null, origin, true)).toEqual({})
  })

  test('names the origin that may connect, and no other', () => {
    const cors = new Cors({})
    expect(corsHeaders(cors, origin, true)).toEqual({ 'access-control-allow-origin': origin, vary: 'Origin' })
    expect(corsHeaders(cors, origin, false)).toEqual({ vary: 'Origin' })
    expect(corsHeaders(cors, undefined, true)).toEqual({ vary: 'Origin' })
  })

  test('says what it was told to', () => {
    const cors = new Cors({ credentials: true, exposedHeaders: ['x-a', 'x-b'], allowedHeaders: ['x-c'], maxAge: 5 })
    expect(cors.headers(origin, true)).toEqual({
      'access-control-allow-origin': origin,
      vary: 'Origin',
      'access-control-allow-credentials': 'true',
      'access-control-expose-headers': 'x-a,x-b',
    })
    expect(cors.preflight('x-asked')).toEqual({
      status: 204,
      headers: {
        'access-control-allow-methods': 'GET,HEAD,PUT,PATCH,POST,DELETE',
        'access-control-allow-headers': 'x-c',
        'access-control-max-age': '5',
      },
    })
    expect(new Cors({}).preflight('x-asked').headers).toMatchObject({ 'access-control-allow-headers': 'x-asked' })
    expect(new Cors({}).preflight(undefined).headers).not.toHaveProperty('access-control-allow-headers')
  })
})

describe('JSONP', () => {
  test.each([
    ['j=0', '0'],
    ['j=12', '12'],
    ['', null],
    ['j=', null],
    ['j=alert(1)', null],
    ['j=-1', null],
    ['j=1234567890', null],
  ])('the index of %j is %j', (query, index) => {
    expect(jsonpIndex(new URLSearchParams(query))).toBe(index)
  })

  test('an answer is a call with a text', () => {
    expect(jsonpAnswer('3', '42["</script>\u2028"]').body).toBe('___eio[3]("42[\\"</script>\\u2028\\"]");')
  })

  test.each([
    ['d=2%3A40', '2:40'],
    ['d=a%5Cnb', 'a\nb'],
    ['d=a%5C%5Cnb', 'a\\nb'],
    ['x=1', null],
    ['', null],
  ])('the form %j carries %j', (form, body) => {
    expect(jsonpBody(form)).toBe(body)
  })
})

test('base64 is that of everybody', () => {
  for (const length of [0, 1, 2, 3, 8_192, 8_193, 20_000]) {
    const bytes = Uint8Array.from({ length }, (_, i) => (i * 7) % 256)
    const text = Buffer.from(bytes).toString('base64')
    expect(toBase64(bytes)).toBe(text)
    expect(fromBase64(text)).toEqual(bytes)
  }
})
