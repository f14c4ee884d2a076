import type { Payload } from '../dialect.ts'
import type { Refusal } from '../errors.ts'
import type { ClientEffect } from './client-effects.ts'
import { encodeClient } from './encode-client.ts'
import { type ClientFrame, MAX_DEPTH, type Ref } from './frames.ts'
import { toUtf8 } from './text.ts'

/** A frame, ready to be written, however often. */
export interface Encoded {
  readonly payload: Payload
  readonly bytes: number
}

const FRAME_LOAD = 1_024

/** Collects what a client session wants done. Numbers requests, and writes only what a server takes. */
export class Writer {
  /** The server's limit, once it has told it. */
  maxMessageBytes = 65_536
  /** What waits to be written: bytes, and as many more for each frame, since frames have their own price. */
  load = 0
  #ref = 0
  #effects: ClientEffect[] = []

  nextRef(): Ref {
    this.#ref += 1
    return this.#ref
  }

  tell(effect: ClientEffect): void {
    this.#effects.push(effect)
  }

  /** All effects since the last time. */
  take(): ClientEffect[] {
    const effects = this.#effects
    this.load = 0
    this.#effects = []
    return effects
  }

  encode(frame: ClientFrame): Encoded {
    const payload = encodeClient(frame)
    return { payload, bytes: typeof payload === 'string' ? toUtf8(payload).length : payload.length }
  }

  /** Writes a frame, or answers why the server would not take it: that would cost the connection. */
  write(frame: ClientFrame | Encoded): Refusal | null {
    const { payload, bytes } = 'kind' in frame ? this.encode(frame) : frame
    if (bytes > this.maxMessageBytes)
      return { code: 'too_big', message: `${bytes} bytes are too many: the server takes ${this.maxMessageBytes}` }
    if (typeof payload === 'string' && depthOf(payload) > MAX_DEPTH)
      return { code: 'too_deep', message: `Nested deeper than ${MAX_DEPTH}` }
    this.load += bytes + FRAME_LOAD
    this.tell({ kind: 'write', payload })
    return null
  }
}

/** How deep JSON nests. Written for its size, as a page carries it; what a server receives is measured by `parseJson`. */
function depthOf(json: string): number {
  let depth = 0
  let deepest = 0
  for (const [bracket] of json.replace(/"(?:[^"\\]+|\\.)*"/g, '').matchAll(/[[{]|[\]}]/g)) {
    depth += /[[{]/.test(bracket) ? 1 : -1
    deepest = Math.max(deepest, depth)
  }
  return deepest
}
