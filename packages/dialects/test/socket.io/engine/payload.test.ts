import { fromUtf8, type Payload, toUtf8 } from '@rollcall/core'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { decodePacket, PACKET_TYPES } from '../../../src/socket.io/engine/packet.ts'
import { type Carriage, decodePayload, encodePayload, typedBytes } from '../../../src/socket.io/engine/payload.ts'

const bytes = (...values: number[]) => new Uint8Array(values)
const ascii = (text: string) => toUtf8(text)
const V4: Carriage = { version: 4, binary: false }
const V3: Carriage = { version: 3, binary: false }
const V3_BINARY: Carriage = { version: 3, binary: true }

describe('what answers a poll', () => {
  test.each<[string, readonly Payload[], Carriage, Payload]>([
    ['one packet', ['2'], V4, '2'],
    ['packets', ['40{}', '42["a"]', '6'], V4, '40{}\x1e42["a"]\x1e6'],
    ['bytes', ['451-["a",{}]', bytes(1, 2, 3, 4)], V4, '451-["a",{}]\x1ebAQIDBA=='],
    ['no bytes', [bytes()], V4, 'b'],
    ['texts of revision 3', ['40', '4€'], V3, '2:402:4€'],
    ['bytes of revision 3 in text', ['40', bytes(4, 1, 2, 3)], V3, '2:406:b4AQID'],
    ['bytes of revision 3', ['40', bytes(4, 1)], V3_BINARY, bytes(0, 2, 255, 0x34, 0x30, 1, 2, 255, 4, 1)],
    ['texts of revision 3 for who takes bytes', ['40'], V3_BINARY, '2:40'],
  ])('%s', (_, packets, carriage, body) => {
    expect(encodePayload(packets, carriage)).toEqual(body)
  })

  test('a length of two digits is two bytes', () => {
    expect(encodePayload(['4'.repeat(12), bytes(4)], V3_BINARY)).toEqual(
      bytes(0, 1, 2, 255, ...Array.from({ length: 12 }, () => 0x34), 1, 1, 255, 4),
    )
  })
})

describe('what a post carries', () => {
  test.each<[string, Payload, 3 | 4, ReturnType<typeof decodePayload>]>([
    ['packets', '40\x1e42["a"]', 4, ['40', '42["a"]']],
    ['nothing', '', 4, ['']],
    ['a separator at the end', '3\x1e', 4, ['3', '']],
    ['bytes', bytes(4), 4, 'broken'],
    ['too many packets', '3\x1e3\x1e3\x1e3', 4, 'too_many'],
    ['as many as may be', '3\x1e3\x1e3', 4, ['3', '3', '3']],
    ['texts of revision 3', '2:4€2:40', 3, ['4€', '40']],
    ['a text of two code units', '3:4😀', 3, ['4😀']],
    ['too many of revision 3', '1:21:21:21:2', 3, 'too_many'],
    ['nothing of revision 3', '', 3, 'broken'],
    ['a length without packet', '5:40', 3, 'broken'],
    ['no length', ':40', 3, 'broken'],
    ['a length of nothing', '0:', 3, 'broken'],
    ['a negative length', '-1:40', 3, 'broken'],
    ['a length that is no number', '1e1:0123456789', 3, 'broken'],
    ['a length without end', '1'.repeat(400), 3, 'broken'],
    ['no colon', '40', 3, 'broken'],
    ['bytes of revision 3', bytes(0, 2, 255, 0x34, 0x30, 1, 2, 255, 4, 1), 3, ['40', bytes(4, 1)]],
    ['no bytes', bytes(), 3, 'broken'],
    ['an unknown kind', bytes(2, 1, 255, 4), 3, 'broken'],
    ['a length that does not end', bytes(1, 1, 1), 3, 'broken'],
    ['a digit of ten', bytes(1, 10, 255, 4), 3, 'broken'],
    ['a length of ten digits', bytes(1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 255, 4), 3, 'broken'],
    ['more length than bytes', bytes(1, 9, 255, 4), 3, 'broken'],
    ['text that is not UTF-8', bytes(0, 1, 255, 0xff), 3, 'broken'],
    ['four of bytes', bytes(...Array.from({ length: 4 }, () => [1, 1, 255, 4]).flat()), 3, 'too_many'],
  ])('%s', (_, body, version, packets) => {
    expect(decodePayload(body, version, 3)).toEqual(packets)
  })

  test('a small body cannot make much work: 490,000 packets are counted no further than the limit', () => {
    // Time of this process: others may have the machine meanwhile.
    const started = process.cpuUsage()
    expect(decodePayload('3\x1e'.repeat(490_000), 4, 10_000)).toBe('too_many')
    const { user, system } = process.cpuUsage(started)
    expect((user + system) / 1_000).toBeLessThan(100)
  })
})

const text = fc
  .tuple(fc.integer({ min: 0, max: 6 }), fc.string({ unit: 'grapheme' }))
  .map(([type, content]) => `${type}${content.replaceAll('\x1e', '')}`)
const message = fc.uint8Array({ maxLength: 300 })

describe('both ways', () => {
  test.each([
    [V4, (each: Uint8Array) => each],
    [V3, typedBytes],
    [V3_BINARY, typedBytes],
  ] as const)('packets arrive as they were sent, with %j', (carriage, typed) => {
    fc.assert(
      fc.property(fc.array(fc.oneof(text, message), { minLength: 1, maxLength: 8 }), (sent) => {
        const body = encodePayload(
          sent.map((packet) => (typeof packet === 'string' ? packet : typed(packet))),
          carriage,
        )
        const got = decodePayload(body, carriage.version, 8)
        if (typeof got === 'string') throw new Error(got)
        expect(got.map((packet) => decodePacket(packet, carriage.version))).toEqual(
          sent.map((packet) =>
            typeof packet === 'string'
              ? { type: PACKET_TYPES[Number(packet[0])], content: packet.slice(1) }
              : { type: 'message', content: packet },
          ),
        )
      }),
    )
  })

  test('a body cut anywhere, or changed anywhere, does not make it throw', () => {
    const bodies: readonly Uint8Array[] = [
      ascii('40{"a":1}\x1e451-["f",{"_placeholder":true,"num":0}]\x1ebAQIDBA=='),
      ascii('2:409:b4AQIDBA=2:4€'),
      bytes(0, 2, 255, 0x34, 0x30, 1, 1, 1, 255, 4, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10),
    ]
    for (const body of bodies)
      for (let at = 0; at <= body.length; at++)
        for (const changed of [body.subarray(0, at), body.subarray(at), body.with(Math.min(at, body.length - 1), 255)])
          for (const version of [3, 4] as const)
            for (const given of [changed, fromUtf8(changed) ?? '']) decodePayload(given, version, 100)
  })
})
