import type { IncomingMessage } from 'node:http'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { handshakeOf, pathOf, targetUrl } from '../../src/http/handshake.ts'

const request = (headers: Record<string, string | string[] | undefined>, url = '/x') =>
  ({ headers, url, socket: {} }) as unknown as IncomingMessage

describe('the headers of a handshake', () => {
  test('are those of the request, in an object that has nothing else', () => {
    const given = { host: 'a.example', cookie: 's=1; t=2', 'x-empty': '', 'set-cookie': ['a', 'b'], gone: undefined }
    const { headers } = handshakeOf(request(given), 'websocket', '192.0.2.1')
    expect({ ...headers }).toEqual({ host: 'a.example', cookie: 's=1; t=2', 'x-empty': '', 'set-cookie': 'a, b' })
    expect(headers['constructor']).toBeUndefined()
    expect(Object.getPrototypeOf(headers)).toBeNull()
  })

  test('may be none, and may have names of an object’s own parts', () => {
    expect({ ...handshakeOf(request({}), 'websocket', '').headers }).toEqual({})
    const odd = JSON.parse('{"__proto__":"x","constructor":"y"}') as Record<string, string>
    const { headers } = handshakeOf(request(odd), 'websocket', '')
    expect(Object.entries(headers)).toEqual([
      ['__proto__', 'x'],
      ['constructor', 'y'],
    ])
  })
})

describe('the path of a target', () => {
  test.each([
    ['/rollcall', '/rollcall'],
    ['/rollcall?token=/../x', '/rollcall'],
    ['/socket.io/?EIO=4', '/socket.io/'],
    ['/a/../b', '/b'],
    ['/a/%2e%2e/b', '/b'],
    ['//evil.example/x', '/evil.example/x'],
    ['http://evil.example/x', '/'],
    ['/x\\..\\api', '/x%5C..%5Capi'],
    ['/a#b', '/a'],
    ['', '/'],
    ['*', '/'],
  ])('%j is %j', (target, path) => {
    expect(pathOf(target)).toBe(path)
  })

  test('is that of its URL, whatever it is', () => {
    const piece = fc.constantFrom(
      '/',
      'a',
      'Z9',
      '_',
      '-',
      '~',
      '.',
      '..',
      '%2e',
      '%',
      '\\',
      '?',
      '#',
      ' ',
      'ü',
      ':',
      '@',
      '\t',
    )
    const target = fc.oneof(
      fc.array(piece, { maxLength: 12 }).map((pieces) => `/${pieces.join('')}`),
      fc.webPath(),
      fc.string(),
    )
    fc.assert(
      fc.property(target, (text) => pathOf(text) === targetUrl(text).pathname),
      { numRuns: 5_000 },
    )
  })
})
