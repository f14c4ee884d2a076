import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { fromToken, MAX_TOKEN_LENGTH, MAX_TOKEN_SOURCE, tokenCache, toToken } from '../src/token.ts'

const text = fc.oneof(
  fc.string({ unit: 'grapheme', maxLength: 120 }).filter((each) => each.length <= MAX_TOKEN_SOURCE),
  fc.string({ unit: fc.constantFrom('.', '*', '>', ' ', '=', '~', '_', 'a', 'A', 'é', '0', '\r', '\n', '\0') }),
)

describe('a subject token', () => {
  it.each([
    ['room:1', 'room:1'],
    ['message room:1', 'message=20room:1'],
    ['a.b', 'a=2Eb'],
    ['a.b.*', '~YS5iLio'],
    ['a rather long name.*', '~YSByYXRoZXIgbG9uZyBuYW1lLio'],
    ['a/rather/long/name.*', 'a/rather/long/name=2E=2A'],
    ['*', '=2A'],
    ['>', '=3E'],
    ['', '~'],
    ['~', '=7E'],
    ['=', '=3D'],
    ['é', '~w6k'],
    ['café', '~Y2Fmw6k'],
    ['a/long/café:1', 'a/long/caf=C3=A9:1'],
    ['房间', '~5oi_6Ze0'],
    ['__proto__', '__proto__'],
  ])('of %j is %s', (source, token) => {
    expect(toToken(source)).toBe(token)
    expect(fromToken(token)).toBe(source)
  })

  it('holds no separator, wildcard or space, is not empty, and is bounded', () => {
    fc.assert(
      fc.property(text, (source) => {
        const token = toToken(source)
        expect(token).toMatch(/^[A-Za-z0-9_:@/=~-]+$/)
        expect(token.length).toBeLessThanOrEqual(1 + 4 * source.length)
      }),
      { numRuns: 2000 },
    )
  })

  it('belongs to one text alone', () => {
    fc.assert(
      fc.property(text, (source) => fromToken(toToken(source)) === source),
      { numRuns: 2000 },
    )
  })

  it('of the longest text stays within the bound', () => {
    const token = toToken('房'.repeat(MAX_TOKEN_SOURCE))
    expect(token.length).toBe(2049)
    expect(MAX_TOKEN_LENGTH).toBe(2049)
  })

  it.each([
    ['x'.repeat(513), 'A subject of 513 code units is too long: at most 512'],
    ['a\ud800b', 'A subject must be well-formed text: it has a lone surrogate'],
    ['\udc00', 'A subject must be well-formed text: it has a lone surrogate'],
  ])('is refused to what cannot have one', (source, message) => {
    expect(() => toToken(source)).toThrow(new RangeError(message))
  })

  it('may be remembered', () => {
    const tokenOf = tokenCache()
    for (let i = 0; i < 25_000; i++) expect(tokenOf(`a ${i % 15_000}`)).toBe(`a=20${i % 15_000}`)
  })
})
