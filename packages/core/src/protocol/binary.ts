import type { Payload } from '../dialect.ts'
import { fromUtf8, toUtf8 } from './text.ts'

// A frame whose payload is bytes: two bytes of header length, big-endian; the frame's JSON with null where the payload
// stands; the payload.

const MAX_HEADER = 0xffff

/** Joins a frame's JSON, with null in the payload's place, and the payload's bytes. */
export function joinBinary(header: string, payload: Uint8Array): Uint8Array {
  const head = toUtf8(header)
  if (head.length > MAX_HEADER) throw new RangeError('The header of a binary frame is too long')
  const frame = new Uint8Array(2 + head.length + payload.length)
  frame[0] = head.length >> 8
  frame[1] = head.length & 0xff
  frame.set(head, 2)
  frame.set(payload, 2 + head.length)
  return frame
}

/** Takes a binary frame apart; the payload is a view of `frame`, not a copy. Null if it is too short or not UTF-8. */
export function splitBinary(frame: Uint8Array): { header: string; payload: Uint8Array } | null {
  if (frame.length < 2) return null
  const length = ((frame[0] ?? 0) << 8) | (frame[1] ?? 0)
  if (frame.length < 2 + length) return null
  const header = fromUtf8(frame.subarray(2, 2 + length))
  return header === null ? null : { header, payload: frame.subarray(2 + length) }
}

/** Where a frame's payload stands, by frame kind. Only these kinds may be binary. */
const PAYLOAD_SLOTS: ReadonlyMap<unknown, number> = new Map([
  ['send', 4],
  ['call', 4],
  ['message', 3],
  ['ok', 2],
])

/** Puts the payload of a binary frame into the frame. Answers false if the frame has no place for it. */
export function placePayload(frame: unknown[], payload: Uint8Array): boolean {
  // The first place holds the kind, and never null.
  const slot = PAYLOAD_SLOTS.get(frame[0]) ?? 0
  const free = frame[slot] === null
  if (free) frame[slot] = payload
  return free
}

/** A frame as text, or as bytes if its payload is bytes. The array's payload slot must hold the payload. */
export function encodeFrame(frame: readonly unknown[], slot: number): Payload {
  const payload = frame[slot]
  if (!(payload instanceof Uint8Array)) return JSON.stringify(frame)
  return joinBinary(JSON.stringify(frame.with(slot, null)), payload)
}
