import type { Payload } from '@rollcall/core'
import { fromBase64 } from './base64.ts'

/** Revisions of Engine.IO: 4 carries Socket.IO 5, 3 carries Socket.IO 4 and clients of the years before 2020. */
export type EngineVersion = 3 | 4

export type PacketType = 'open' | 'close' | 'ping' | 'pong' | 'message' | 'upgrade' | 'noop'

/** What one text or binary frame of Engine.IO says. Only messages may be bytes. */
export interface EnginePacket {
  readonly type: PacketType
  readonly content: Payload
}

/** By their digits. */
export const PACKET_TYPES: readonly PacketType[] = ['open', 'close', 'ping', 'pong', 'message', 'upgrade', 'noop']

/** Packets without content, as they go out. */
export const PING = '2'
export const PONG = '3'
export const PROBE_PONG = '3probe'
export const CLOSE = '1'
export const NOOP = '6'
export const OPEN = '0'

/** In revision 3 binary messages begin with their type. */
export const BINARY_MESSAGE = 0x04

/** Reads a frame; null if it is not one. */
export function decodePacket(frame: Payload, version: EngineVersion): EnginePacket | null {
  if (typeof frame !== 'string') return version === 4 ? { type: 'message', content: frame } : fromTyped(frame)
  const first = frame.charCodeAt(0)
  // b: bytes as base64, for transports of text.
  if (first === 0x62) return version === 4 ? fromText(frame, 1) : frame[1] === '4' ? fromText(frame, 2) : null
  const type = PACKET_TYPES[first - 0x30]
  return type === undefined ? null : { type, content: frame.slice(1) }
}

function fromText(frame: string, at: number): EnginePacket | null {
  const content = fromBase64(frame.slice(at))
  return content && { type: 'message', content }
}

function fromTyped(frame: Uint8Array): EnginePacket | null {
  const [first] = frame
  if (first === BINARY_MESSAGE) return { type: 'message', content: frame.subarray(1) }
  const type = first === undefined ? undefined : PACKET_TYPES[first]
  return type === undefined ? null : { type, content: '' }
}
