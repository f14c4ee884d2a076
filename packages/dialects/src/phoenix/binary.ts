import { fromUtf8, toUtf8 } from '@rollcall/core'
import { type Frame, type FrameFault, type Ref, toFrame } from './frames.ts'

// Bytes in frames of protocol 2: a kind, the lengths of some texts in one byte each, the texts, and the rest is the payload.

const PUSH = 0
const REPLY = 1
const BROADCAST = 2

/** Reads a client's push. Clients send no other kind. */
export function decodeBinary(bytes: Uint8Array): Frame | FrameFault {
  if (bytes[0] !== PUSH) return { fault: 'a binary frame must be a push' }
  const texts: string[] = []
  let at = 5
  for (let i = 1; i <= 4; i++) {
    const end = at + (bytes[i] ?? Number.NaN)
    // Not true of NaN either: the lengths themselves are cut off.
    if (!(end <= bytes.length)) return { fault: 'a binary frame ends within its header' }
    const text = fromUtf8(bytes.subarray(at, end))
    if (text === null) return { fault: 'a binary frame has broken UTF-8' }
    texts.push(text)
    at = end
  }
  const [joinRef, ref, topic, event] = texts
  // There is no null here; the empty text stands for it.
  return toFrame(joinRef || null, ref || null, topic, event, bytes.subarray(at))
}

/** A reply; null where one of its texts is too long for one. */
export function encodeBinaryReply(
  joinRef: Ref,
  ref: Ref,
  topic: string,
  status: string,
  payload: Uint8Array,
): Uint8Array | null {
  const refs = [joinRef, ref].map(textOf)
  return refs.includes(null) ? null : encode(REPLY, [...(refs as string[]), topic, status], payload)
}

/** A broadcast; null where one of its texts is too long for one. */
export function encodeBinaryBroadcast(topic: string, event: string, payload: Uint8Array): Uint8Array | null {
  return encode(BROADCAST, [topic, event], payload)
}

// Here refs are texts; a client that chose something else gets its reply otherwise.
function textOf(ref: Ref): string | null {
  const value = JSON.parse(ref) as unknown
  return value === null ? '' : typeof value === 'string' ? value : null
}

function encode(kind: number, texts: readonly string[], payload: Uint8Array): Uint8Array | null {
  const parts = texts.map(toUtf8)
  if (parts.some(({ length }) => length > 255)) return null
  const head = 1 + parts.length
  const frame = new Uint8Array(parts.reduce((sum, { length }) => sum + length, head + payload.length))
  frame[0] = kind
  let at = head
  for (const [i, part] of parts.entries()) {
    frame[1 + i] = part.length
    frame.set(part, at)
    at += part.length
  }
  frame.set(payload, at)
  return frame
}
