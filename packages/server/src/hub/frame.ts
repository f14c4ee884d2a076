import { type Payload, toUtf8 } from '@rollcall/core'

// Opcodes of RFC 6455 section 5.2, with the FIN bit set.
const TEXT = 0x81
const BINARY = 0x82

/** A server's WebSocket frame: never masked, never fragmented (RFC 6455 section 5.2). */
export function encodeWire(payload: Payload): Uint8Array {
  const body = typeof payload === 'string' ? toUtf8(payload) : payload
  const head = encodeHead(typeof payload === 'string' ? TEXT : BINARY, body.length, body.length)
  head.set(body, head.length - body.length)
  return head
}

/** The head of such a frame, with room for `room` bytes behind it. */
export function encodeHead(firstByte: number, length: number, room: number = 0): Uint8Array {
  const size = length < 126 ? 2 : length < 0x10000 ? 4 : 10
  const head = new Uint8Array(size + room)
  head[0] = firstByte
  if (size === 2) head[1] = length
  else if (size === 4) {
    head[1] = 126
    head[2] = length >> 8
    head[3] = length & 0xff
  } else {
    head[1] = 127
    // Lengths fit 53 bits; the upper four bytes of the 64 stay within 21 of them.
    new DataView(head.buffer).setBigUint64(2, BigInt(length))
  }
  return head
}

/** What a frame is to those who must choose what a slow connection loses. */
export interface FrameKind {
  /** Its place in the topic's log; 0 without one. */
  readonly offset: number
  /** May be dropped. */
  readonly volatile: boolean
  /** Of volatile frames with the same key, only the newest matters. */
  readonly key: string | null
  /** A change of the roster: can be repaired with a fresh roster. */
  readonly roster: boolean
}

export const DIRECT: FrameKind = { offset: 0, volatile: false, key: null, roster: false }
export const ROSTER: FrameKind = { offset: 0, volatile: false, key: null, roster: true }

/** One delivery as one variant's bytes: encoded once, written to many. Usually one WebSocket message, sometimes several. */
export class Frame {
  readonly payloads: readonly Payload[]
  readonly kind: FrameKind
  /** The wire for those who take compressed messages, made by the first that needs it. */
  compressed: Uint8Array | null = null
  #wire: Uint8Array | null = null

  constructor(payloads: Payload | readonly Payload[], kind: FrameKind) {
    this.payloads = typeof payloads === 'string' || payloads instanceof Uint8Array ? [payloads] : payloads
    this.kind = kind
  }

  /** The frame as it goes over a WebSocket, header included. Shared: read only. */
  wire(): Uint8Array {
    if (this.#wire) return this.#wire
    const [first] = this.payloads
    this.#wire =
      this.payloads.length === 1 && first !== undefined ? encodeWire(first) : concat(this.payloads.map(encodeWire))
    return this.#wire
  }

  get byteLength(): number {
    return this.wire().length
  }
}

/** Consecutive frames for one connection or for many: what one write carries. */
export class Run {
  readonly frames: readonly Frame[]
  /** A transport's own form of the wire, made by the first that needs it and kept for the others. */
  native: unknown = null
  /** The same for those who take compressed messages. */
  compressed: unknown = null
  #wire: Uint8Array | null = null
  #length = -1

  constructor(frames: readonly Frame[]) {
    this.frames = frames
  }

  get byteLength(): number {
    if (this.#length < 0) {
      let length = 0
      for (const frame of this.frames) length += frame.byteLength
      this.#length = length
    }
    return this.#length
  }

  /** All frames in one buffer, joined once however many connections write it. Shared: read only. */
  wire(): Uint8Array {
    if (this.#wire) return this.#wire
    const [first] = this.frames
    this.#wire = this.frames.length === 1 && first ? first.wire() : concat(this.frames.map((frame) => frame.wire()))
    return this.#wire
  }
}

function concat(parts: readonly Uint8Array[]): Uint8Array {
  let length = 0
  for (const part of parts) length += part.length
  const joined = new Uint8Array(length)
  let at = 0
  for (const part of parts) {
    joined.set(part, at)
    at += part.length
  }
  return joined
}
