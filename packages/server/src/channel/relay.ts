import { type Delivery, fromUtf8, joinBinary, splitBinary, toUtf8 } from '@rollcall/core'
import { Broadcast } from '../hub/broadcast.ts'
import type { FrameKind } from '../hub/frame.ts'

// How a message without history crosses from node to node: a JSON header, then the payload as JSON or as bytes.

interface Header {
  readonly event: string
  readonly from: Delivery['from']
  readonly at: number
  readonly volatile: boolean
  readonly key: string | null
  readonly bytes: boolean
}

export function encodeRelay({ event, payload, from, at }: Delivery, { volatile, key }: FrameKind): Uint8Array {
  const bytes = payload instanceof Uint8Array
  const header: Header = { event, from, at, volatile, key, bytes }
  return joinBinary(JSON.stringify(header), bytes ? payload : toUtf8(JSON.stringify(payload ?? null)))
}

/** Null for what no node of this version would send. */
export function decodeRelay(topic: string, relayed: Uint8Array): Broadcast | null {
  const parts = splitBinary(relayed)
  if (!parts) return null
  try {
    const { event, from, at, volatile, key, bytes } = JSON.parse(parts.header) as Header
    const payload: unknown = bytes ? parts.payload : JSON.parse(fromUtf8(parts.payload) ?? '')
    return new Broadcast(
      { topic, event, payload, from, at, position: null },
      { offset: 0, volatile, key, roster: false },
    )
  } catch {
    return null
  }
}
