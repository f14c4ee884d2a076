import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { decodePacket, type EnginePacket } from '../../../src/socket.io/engine/packet.ts'

const bytes = (...values: number[]) => new Uint8Array(values)

describe('a packet of revision 4', () => {
  test.each<[string | Uint8Array, EnginePacket | null]>([
    ['0{"sid":"x"}', { type: 'open', content: '{"sid":"x"}' }],
    ['1', { type: 'close', content: '' }],
    ['2', { type: 'ping', content: '' }],
    ['2probe', { type: 'ping', content: 'probe' }],
    ['3', { type: 'pong', content: '' }],
    ['4', { type: 'message', content: '' }],
    ['42["a"]', { type: 'message', content: '2["a"]' }],
    ['4\u0000€😀', { type: 'message', content: '\u0000€😀' }],
    ['5', { type: 'upgrade', content: '' }],
    ['6', { type: 'noop', content: '' }],
    ['b', { type: 'message', content: bytes() }],
    ['bAQIDBA==', { type: 'message', content: bytes(1, 2, 3, 4) }],
    ['bAQIDBA', { type: 'message', content: bytes(1, 2, 3, 4) }],
    [bytes(), { type: 'message', content: bytes() }],
    [bytes(4, 1), { type: 'message', content: bytes(4, 1) }],
    ['', null],
    ['7', null],
    ['9', null],
    ['/', null],
    ['x', null],
    ['b!!!', null],
    ['bAQ ID', null],
    ['\ud800', null],
  ])('%j is %j', (frame, packet) => {
    expect(decodePacket(frame, 4)).toEqual(packet)
  })
})

describe('a packet of revision 3', () => {
  test.each<[string | Uint8Array, EnginePacket | null]>([
    ['2', { type: 'ping', content: '' }],
    ['40', { type: 'message', content: '0' }],
    ['b4AQID', { type: 'message', content: bytes(1, 2, 3) }],
    [bytes(4, 1, 2, 3), { type: 'message', content: bytes(1, 2, 3) }],
    [bytes(4), { type: 'message', content: bytes() }],
    [bytes(2), { type: 'ping', content: '' }],
    ['bAQID', null],
    ['b0AQID', null],
    ['', null],
    [bytes(), null],
    [bytes(7), null],
    [bytes(255), null],
  ])('%j is %j', (frame, packet) => {
    expect(decodePacket(frame, 3)).toEqual(packet)
  })
})

test('no frame makes it throw', () => {
  const frame = fc.oneof(fc.string({ unit: 'binary' }), fc.uint8Array())
  fc.assert(
    fc.property(frame, fc.constantFrom(3 as const, 4 as const), (frame, version) => {
      const packet = decodePacket(frame, version)
      expect(packet === null || typeof packet.type === 'string').toBe(true)
    }),
  )
})
