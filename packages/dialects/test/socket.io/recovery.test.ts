import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  decodeOffset,
  decodePid,
  encodeOffset,
  encodePid,
  positionOf,
  staleOffset,
} from '../../src/socket.io/recovery.ts'

const at = (offset: number, epoch = 'e') => ({ epoch, offset })

describe('an offset', () => {
  test.each([
    [at(0), '0~e'],
    [at(9_007_199_254_740_991, 'a~b'), '9007199254740991~a~b'],
    [at(7, ''), '7~'],
  ])('of %j is %s', (position, text) => {
    expect(encodeOffset(position)).toBe(text)
    expect(decodeOffset(text)).toEqual(position)
  })

  test.each([
    undefined,
    null,
    7,
    '',
    '7',
    '~e',
    '-1~e',
    '1.5~e',
    '1e3~e',
    ' 7~e',
    '9007199254740992~e',
    'hi',
    `7~${'x'.repeat(600)}`,
    {},
  ])('is not %j', (value) => {
    expect(decodeOffset(value)).toBeNull()
  })
})

describe('a pid', () => {
  test.each([
    { token: 't', joined: null, stale: null },
    { token: 't.node', joined: at(5), stale: null },
    { token: 't', joined: at(0, 'a~%7E%'), stale: '3~old' },
    { token: 't', joined: null, stale: '~%25~' },
  ])('says %j', (pid) => {
    expect(decodePid(encodePid(pid, 'm'))).toEqual(pid)
    expect(encodePid(pid, 'm')).not.toBe(encodePid(pid, 'n'))
  })

  test.each([undefined, null, 7, '', 't', '~~~', 't~m~', 't~m~x~', 't~m~~~', `t~m~~${'x'.repeat(600)}`, ['t~m~~'], {}])(
    'is not %j',
    (value) => {
      expect(decodePid(value)).toBeNull()
    },
  )

  test('says whatever it is made of', () => {
    const text = fc.string({ minLength: 1, maxLength: 40, unit: 'binary' })
    fc.assert(
      fc.property(text, text, text, fc.nat(), (token, epoch, stale, offset) => {
        const pid = { token, joined: { epoch, offset }, stale }
        const encoded = encodePid(pid, 'm')
        if (encoded.length <= 512) expect(decodePid(encoded)).toEqual(pid)
      }),
    )
  })
})

describe('a client that comes back stands', () => {
  const pid = { token: 't', joined: at(10), stale: '7~old' }
  test.each<[string, unknown, ReturnType<typeof positionOf>]>([
    ['where it joined, if it got nothing since', undefined, at(10)],
    ['where it joined, if it shows what it held before', '7~old', at(10)],
    ['where it says', '12~e', at(12)],
    ['where it says, in whatever epoch', '3~f', at(3, 'f')],
    ['nowhere, with an offset that is none', 'hi', null],
    ['nowhere, with a number', 12, null],
  ])('%s', (_, offset, position) => {
    expect(positionOf(pid, offset)).toEqual(position)
  })

  test('nowhere on a channel without history', () => {
    expect(positionOf({ token: 't', joined: null, stale: null }, '12~e')).toBeNull()
  })
})

test('an offset that cannot be one is not remembered', () => {
  expect(['7~e', 'x'.repeat(129), 7, undefined].map(staleOffset)).toEqual(['7~e', null, null, null])
})
