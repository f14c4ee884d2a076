import { describe, expect, it } from 'vitest'
import { type BlockHead, bytesAfter, decodeBlock, encodeBlock, ownBlock, toEntry, topOf } from '../src/log/block.ts'

const head: BlockHead = {
  id: 'block',
  prev: 7,
  prevId: 'before',
  epoch: 'e',
  base: 41,
  bytesBefore: 1000,
  retention: { messages: 10, ageMs: 20, bytes: 30 },
}
const from = { key: 'u', connection: 'c', name: 'Tyr' }
const entry = (payload: unknown, key?: string) => toEntry({ event: 'message', payload, from, at: 5 }, key)

describe('a block', () => {
  it.each<[string, unknown]>([
    ['a text', 'hi'],
    ['null', null],
    ['a nested value', { a: [1, { b: 'é 💥 \u0000' }] }],
    ['a name __proto__', JSON.parse('{"__proto__":{"x":1}}')],
    ['a lone surrogate', 'a\ud800'],
    ['no bytes', new Uint8Array(0)],
    ['bytes', Uint8Array.of(0, 255, 123, 125)],
    ['a view of bytes', Uint8Array.of(9, 1, 2, 9).subarray(1, 3)],
  ])('carries %s, and what this node keeps of it is what others read', (_, payload) => {
    const entries = [entry(payload, 'k'), entry('between'), entry(payload)]
    const block = decodeBlock(encodeBlock(head, entries))
    expect(JSON.stringify(block.messages[0]?.payload)).toBe(JSON.stringify(payload))
    expect(block.messages[0]?.payload instanceof Uint8Array).toBe(payload instanceof Uint8Array)
    expect(JSON.stringify(block)).toBe(JSON.stringify(ownBlock(head, entries)))
    expect(block.messages.map(({ offset }) => offset)).toEqual([41, 42, 43])
    expect(block.keys).toEqual(['k', undefined, undefined])
    expect(topOf(block)).toBe(43)
    expect(bytesAfter(block)).toBe(1000 + entries.reduce((sum, each) => sum + each.byteLength, 0))
  })

  it('may be without messages, and before any retention is known', () => {
    const first = { ...head, prev: 0, prevId: '', base: 1, bytesBefore: 0, retention: null }
    const block = decodeBlock(encodeBlock(first, []))
    expect(block).toEqual({ ...first, messages: [], keys: [], byteLengths: [] })
    expect(topOf(block)).toBe(0)
  })

  it.each<[string, Uint8Array]>([
    ['nothing', new Uint8Array(0)],
    ['another version', Uint8Array.of(2, 0, 0, 0, 2, 123, 125)],
    ['a head that ends early', Uint8Array.of(1, 0, 0)],
    ['a length beyond the end', Uint8Array.of(1, 255, 255, 255, 255, 91)],
    ['no JSON', Uint8Array.of(1, 0, 0, 0, 1, 120)],
    ['another JSON', Uint8Array.of(1, 0, 0, 0, 2, 123, 125)],
  ])('is refused where there is %s', (_, bytes) => {
    expect(() => decodeBlock(bytes)).toThrow()
  })

  it('is not made of what JSON cannot carry', () => {
    expect(() => entry(1n)).toThrow(TypeError)
    expect(decodeBlock(encodeBlock(head, [entry(() => {})])).messages[0]?.payload).toBe(null)
  })
})
