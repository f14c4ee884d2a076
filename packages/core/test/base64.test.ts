import { Buffer } from 'node:buffer'
import { base64url, fromBase64url } from '@rollcall/core'
import fc from 'fast-check'
import { expect, test } from 'vitest'

test.each([
  ['', []],
  ['AA', [0]],
  ['_w', [255]],
  ['-_8', [251, 255]],
  ['Zm9v', [102, 111, 111]],
])('%j is %o', (text, bytes) => {
  expect(base64url(Uint8Array.from(bytes))).toBe(text)
  expect(fromBase64url(text)).toEqual(Uint8Array.from(bytes))
})

test.each([
  ['the other alphabet', '+/8', [251, 255]],
  ['padding', '_w==', [255]],
])('reading understands %s', (_, text, bytes) => {
  expect(fromBase64url(text)).toEqual(Uint8Array.from(bytes))
})

test.each(['A', 'AAAAA', 'A A', 'AA\n', '*', 'é', 'A=A', '\u0000', '🎉'])('%j is none', (text) => {
  expect(fromBase64url(text)).toBeNull()
})

test('bytes come back, and look as Node writes them', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
      const text = base64url(bytes)
      expect(text).toBe(Buffer.from(bytes).toString('base64url'))
      expect(fromBase64url(text)).toEqual(bytes)
    }),
  )
})
