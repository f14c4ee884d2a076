import { toUtf8 } from '@rollcall/core'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { readPosted } from '../../src/phoenix/posted.ts'

const BATCH = 'application/x-ndjson'
const batch = (text: string, max = 100) => readPosted(toUtf8(text), BATCH, max)
const bytes = (...values: number[]) => new Uint8Array(values)
const broken = { status: 400, reason: 'a message is neither JSON nor base64' }

describe('a batch', () => {
  test.each([
    ['', []],
    ['\n\n', []],
    ['[1]', ['[1]']],
    ['[1]\n[2]\n', ['[1]', '[2]']],
    ['[1]\r\n[2]', ['[1]', '[2]']],
    ['["a\\nb"]\n["ä"]', ['["a\\nb"]', '["ä"]']],
    ['AQID', [bytes(1, 2, 3)]],
    ['[1]\nAQ==\n[2]', ['[1]', bytes(1), '[2]']],
    // Text is the session's to judge.
    ['[not json', ['[not json']],
  ])('%j', (text, expected) => {
    expect(batch(text)).toEqual(expected)
  })

  test.each(['!', '[1]\n!', '{"topic":"t"}', 'A', 'AQ=x', ' [1]', '"text"', 'null\nnull\n?'])(
    '%j is refused as a whole',
    (text) => {
      expect(batch(text)).toEqual(broken)
    },
  )

  test('of broken UTF-8 is refused', () => {
    expect(readPosted(bytes(0x5b, 0xff, 0x5d), BATCH, 100)).toEqual(broken)
  })

  test('has a hundred messages at most', () => {
    expect(batch('[1]\n'.repeat(100))).toHaveLength(100)
    expect(batch('[1]\n'.repeat(101))).toEqual({ status: 413, reason: 'at most 100 messages in one request' })
    expect(batch('[1]\n'.repeat(500_000))).toMatchObject({ status: 413 })
  })

  test('has messages of a size', () => {
    expect(batch(`[${'1'.repeat(98)}]`)).toHaveLength(1)
    expect(batch(`[${'1'.repeat(99)}]`)).toEqual({ status: 413, reason: 'a message is above 100 bytes' })
    expect(batch(`[${'ä'.repeat(50)}]`)).toMatchObject({ status: 413 })
    expect(batch(Buffer.alloc(100).toString('base64'))).toHaveLength(1)
    expect(batch(Buffer.alloc(101).toString('base64'))).toMatchObject({ status: 413 })
  })

  test.each(['application/x-ndjson; charset=utf-8', 'Application/X-NDJSON'])('is what %s says', (type) => {
    expect(readPosted(toUtf8('[1]\n[2]'), type, 100)).toEqual(['[1]', '[2]'])
  })
})

describe('a body of any other type', () => {
  test.each([undefined, '', 'application/json', 'text/plain'])('%s is one text', (type) => {
    expect(readPosted(toUtf8('[1]\n[2]'), type, 100)).toEqual(['[1]\n[2]'])
    expect(readPosted(toUtf8('{"topic":"t"}'), type, 100)).toEqual(['{"topic":"t"}'])
    expect(readPosted(bytes(), type, 100)).toEqual([''])
    expect(readPosted(bytes(0xff), type, 100)).toEqual(broken)
    expect(readPosted(new Uint8Array(101).fill(0x20), type, 100)).toMatchObject({ status: 413 })
  })
})

test('whatever comes is messages or a refusal', () => {
  const body = fc.oneof(fc.uint8Array({ maxLength: 200 }), fc.string({ unit: 'binary', maxLength: 200 }).map(toUtf8))
  fc.assert(
    fc.property(body, fc.constantFrom(BATCH, 'application/json', undefined), (posted, type) => {
      const read = readPosted(posted, type, 50)
      if ('status' in read) expect([400, 413]).toContain(read.status)
      else for (const payload of read) expect(payload.length).toBeLessThanOrEqual(50)
    }),
    { numRuns: 500 },
  )
})
