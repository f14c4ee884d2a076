import type { Payload } from '@rollcall/core'
import { encodeWire } from './wire.ts'

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
  #wire: Uint8Array | null

  /** `wire` is what `payloads` are encoded, if that is known. */
  constructor(payloads: Payload | readonly Payload[], kind: FrameKind, wire: Uint8Array | null = null) {
    this.payloads = typeof payloads === 'string' || payloads instanceof Uint8Array ? [payloads] : payloads
    this.kind = kind
    this.#wire = wire
  }

  /** The frame as it goes over a WebSocket, header included. Shared, as the memory around it may be: read only. */
  wire(): Uint8Array {
    if (this.#wire) return this.#wire
    const [first] = this.payloads
    // Those that have a place in a log are kept for others to come, not as short as they are.
    const apart = this.kind.offset > 0
    this.#wire =
      this.payloads.length === 1 && first !== undefined
        ? encodeWire(first, apart)
        : concat(this.payloads.map((payload) => encodeWire(payload)))
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
