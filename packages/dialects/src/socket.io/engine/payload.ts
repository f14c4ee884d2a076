import { fromUtf8, type Payload, toUtf8 } from '@rollcall/core'
import { toBase64 } from './base64.ts'
import { BINARY_MESSAGE, type EngineVersion } from './packet.ts'

// Several packets in one body of HTTP. Packets are as they go over a WebSocket: text, or bytes for a binary message.

/** The packets of a body, in order; or what is wrong with it. Each packet is still to be read. */
export type Packets = readonly Payload[] | 'too_many' | 'broken'

const SEPARATOR = '\x1e'

/** How a client wants its answers. */
export interface Carriage {
  readonly version: EngineVersion
  /** Whether bytes may go as they are. Only revision 3 knows that. */
  readonly binary: boolean
}

/** What answers a poll. */
export function encodePayload(packets: readonly Payload[], { version, binary }: Carriage): Payload {
  if (version === 4) return packets.map(toText4).join(SEPARATOR)
  if (binary && packets.some((packet) => typeof packet !== 'string')) return encodeBytes3(packets)
  let text = ''
  for (const packet of packets) {
    const each = toText3(packet)
    text += `${each.length}:${each}`
  }
  return text
}

/** What a POST carries. `maxPackets` bounds what a small body can make of work. */
export function decodePayload(body: Payload, version: EngineVersion, maxPackets: number): Packets {
  if (version === 4) return typeof body === 'string' ? decodeText4(body, maxPackets) : 'broken'
  return typeof body === 'string' ? decodeText3(body, maxPackets) : decodeBytes3(body, maxPackets)
}

function toText4(packet: Payload): string {
  return typeof packet === 'string' ? packet : `b${toBase64(packet)}`
}

function decodeText4(body: string, maxPackets: number): Packets {
  const packets = body.split(SEPARATOR, maxPackets + 1)
  return packets.length > maxPackets ? 'too_many' : packets
}

// Revision 3

function toText3(packet: Payload): string {
  // Bytes begin with their type, which stands before the base64.
  return typeof packet === 'string' ? packet : `b4${toBase64(packet.subarray(1))}`
}

// `<length>:<packet>`, again and again; lengths count UTF-16 code units.
function decodeText3(body: string, maxPackets: number): Packets {
  const packets: Payload[] = []
  let at = 0
  while (at < body.length) {
    const colon = body.indexOf(':', at)
    const length = colon < 0 || colon - at > 9 ? '' : body.slice(at, colon)
    const end = colon + 1 + Number(length)
    if (!/^\d+$/.test(length) || length === '0' || end > body.length) return 'broken'
    if (packets.length === maxPackets) return 'too_many'
    packets.push(body.slice(colon + 1, end))
    at = end
  }
  return packets.length === 0 ? 'broken' : packets
}

const TEXT = 0
const BYTES = 1
const END_OF_LENGTH = 0xff

// Kind, length as one byte for each decimal digit, 0xff, packet; again and again.
function encodeBytes3(packets: readonly Payload[]): Uint8Array {
  const parts: Uint8Array[] = []
  for (const packet of packets) {
    const bytes = typeof packet === 'string' ? toUtf8(packet) : packet
    const digits = [...String(bytes.length)].map(Number)
    parts.push(Uint8Array.of(typeof packet === 'string' ? TEXT : BYTES, ...digits, END_OF_LENGTH), bytes)
  }
  return joined(parts)
}

function decodeBytes3(body: Uint8Array, maxPackets: number): Packets {
  const packets: Payload[] = []
  let at = 0
  while (at < body.length) {
    const kind = body[at]
    let length = 0
    let digits = 0
    for (at++; body[at] !== END_OF_LENGTH; at++, digits++) {
      const digit = body[at]
      if (digit === undefined || digit > 9 || digits === 9) return 'broken'
      length = length * 10 + digit
    }
    const end = ++at + length
    if (digits === 0 || length === 0 || end > body.length) return 'broken'
    if (packets.length === maxPackets) return 'too_many'
    const bytes = body.subarray(at, end)
    const packet = kind === BYTES ? bytes : kind === TEXT ? fromUtf8(bytes) : null
    if (packet === null) return 'broken'
    packets.push(packet)
    at = end
  }
  return packets.length === 0 ? 'broken' : packets
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((length, part) => length + part.length, 0))
  let at = 0
  for (const part of parts) {
    whole.set(part, at)
    at += part.length
  }
  return whole
}

/** A binary message as revision 3 sends it over a WebSocket. */
export function typedBytes(bytes: Uint8Array): Uint8Array {
  return joined([Uint8Array.of(BINARY_MESSAGE), bytes])
}
