import type { Payload } from '@rollcall/core'

// Opcodes of RFC 6455 section 5.2, with the FIN bit set.
const TEXT = 0x81
const BINARY = 0x82

const LONGEST_HEAD = 10

const utf8 = new TextEncoder()

// Short frames lie one behind the other: bytes of their own for each would cost ten times as much. A slab lives as long as a
// frame in it, so it is small.
const SLAB_BYTES = 8_192
const SHORT_BYTES = 2_048
let slab = new Uint8Array(0)
let slabAt = 0

/** Room in a slab for up to `bytes`. What is used of it is added to `slabAt`. */
function reserve(bytes: number): void {
  if (slabAt + bytes <= slab.length) return
  slab = new Uint8Array(SLAB_BYTES)
  slabAt = 0
}

/**
 * A server's WebSocket frame: never masked, never fragmented (RFC 6455 section 5.2). Read only: other frames may lie beside it
 * in its `buffer`, unless it is wanted `apart`, as one should be that is kept for longer than they are.
 */
export function encodeWire(payload: Payload, apart: boolean = false): Uint8Array {
  if (typeof payload !== 'string') return wrap(BINARY, payload)
  // A code unit is three bytes of UTF-8 at most.
  const most = LONGEST_HEAD + payload.length * 3
  if (apart || most > SHORT_BYTES) return wrap(TEXT, utf8.encode(payload))
  reserve(most)
  const bodyAt = slabAt + LONGEST_HEAD
  const { written } = utf8.encodeInto(payload, slab.subarray(bodyAt))
  const size = headSize(written)
  slabAt = bodyAt + written
  const wire = slab.subarray(bodyAt - size, slabAt)
  writeHead(wire, TEXT, size, written)
  return wire
}

function wrap(firstByte: number, body: Uint8Array): Uint8Array {
  const wire = encodeHead(firstByte, body.length, body.length)
  wire.set(body, wire.length - body.length)
  return wire
}

/** The head of such a frame, with room for `room` bytes behind it. */
export function encodeHead(firstByte: number, length: number, room: number = 0): Uint8Array {
  const size = headSize(length)
  const head = new Uint8Array(size + room)
  writeHead(head, firstByte, size, length)
  return head
}

function headSize(length: number): number {
  return length < 126 ? 2 : length < 0x10000 ? 4 : LONGEST_HEAD
}

function writeHead(wire: Uint8Array, firstByte: number, size: number, length: number): void {
  wire[0] = firstByte
  if (size === 2) wire[1] = length
  else if (size === 4) {
    wire[1] = 126
    wire[2] = length >> 8
    wire[3] = length & 0xff
  } else {
    wire[1] = 127
    // Lengths fit 53 bits; the upper four bytes of the 64 stay within 21 of them.
    new DataView(wire.buffer, wire.byteOffset).setBigUint64(2, BigInt(length))
  }
}

/** What is in such a frame; null for what is none, or is not all of one. The body is a view. */
export function openWire(wire: Uint8Array): { readonly isText: boolean; readonly body: Uint8Array } | null {
  const firstByte = wire[0]
  const length = wire[1] ?? 0
  if (firstByte !== TEXT && firstByte !== BINARY) return null
  const body = wire.subarray(length < 126 ? 2 : length === 126 ? 4 : LONGEST_HEAD)
  const size = headSize(body.length)
  const head = encodeHead(firstByte, body.length)
  if (wire.length !== size + body.length || !head.every((byte, i) => byte === wire[i])) return null
  return { isText: firstByte === TEXT, body }
}

/** A copy, so that what the frame came in can go. */
export function keepWire(wire: Uint8Array): Uint8Array {
  if (wire.length > SHORT_BYTES) return new Uint8Array(wire)
  reserve(wire.length)
  const kept = slab.subarray(slabAt, slabAt + wire.length)
  kept.set(wire)
  slabAt += wire.length
  return kept
}
