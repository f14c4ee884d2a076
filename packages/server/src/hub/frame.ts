import { fromUtf8, type Payload } from '@rollcall/core'
import { encodeWire, keepWire, openWire } from './wire.ts'

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
  readonly kind: FrameKind
  /** The wire for those who take compressed messages, made by the first that needs it. */
  compressed: Uint8Array | null = null
  #payloads: readonly Payload[] | null
  #wire: Uint8Array | null = null

  constructor(payloads: Payload | readonly Payload[], kind: FrameKind) {
    this.#payloads = typeof payloads === 'string' || payloads instanceof Uint8Array ? [payloads] : payloads
    this.kind = kind
  }

  /** A frame that was encoded elsewhere, as one message. It is not read until somebody asks for its payload. */
  static fromWire(wire: Uint8Array, kind: FrameKind): Frame {
    const frame = new Frame([], kind)
    frame.#payloads = null
    frame.#wire = keepWire(wire)
    return frame
  }

  /** What it says, a message each. @throws Error if it came as a wire that nobody should have sent. */
  get payloads(): readonly Payload[] {
    this.#payloads ??= [readWire(this.wire())]
    return this.#payloads
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

function readWire(wire: Uint8Array): Payload {
  const opened = openWire(wire)
  const payload = opened?.isText ? fromUtf8(opened.body) : opened?.body
  if (payload === undefined || payload === null) throw new Error('A frame that was encoded elsewhere cannot be read')
  return payload
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
