import type { Payload } from '../dialect.ts'
import type { Refusal } from '../errors.ts'
import { depthExceeds } from '../json.ts'
import type { ClientEffect } from './client-effects.ts'
import { MAX_DEPTH } from './decode.ts'
import { encodeClient } from './encode.ts'
import type { ClientFrame, Ref } from './frames.ts'
import { toUtf8 } from './text.ts'

/** A frame, ready to be written, however often. */
export interface Encoded {
  readonly payload: Payload
  readonly bytes: number
}

/** Numbers a client's requests, and writes only what a server takes: one frame too big would cost the connection. */
export class Writer {
  #ref = 0
  /** The server's limit, once it has told it. */
  maxMessageBytes = 65_536

  nextRef(): Ref {
    this.#ref += 1
    return this.#ref
  }

  /** A frame's bytes, or why it has none. */
  encode(frame: ClientFrame): Encoded | Refusal {
    try {
      const payload = encodeClient(frame)
      return { payload, bytes: typeof payload === 'string' ? toUtf8(payload).length : payload.length }
    } catch {
      // A BigInt, a ring, or a binary frame whose header is too long.
      return { code: 'invalid_payload', message: `Cannot ${frame.kind}: the payload is nothing that JSON can carry` }
    }
  }

  /** Writes a frame, or answers why the server would not take it. */
  write(out: ClientEffect[], { payload, bytes }: Encoded): Refusal | null {
    if (bytes > this.maxMessageBytes)
      return { code: 'too_big', message: `Cannot send ${bytes} bytes: the server takes ${this.maxMessageBytes}` }
    if (typeof payload === 'string' && depthExceeds(payload, MAX_DEPTH))
      return { code: 'too_deep', message: `Cannot send this payload: it is nested deeper than ${MAX_DEPTH}` }
    out.push({ kind: 'write', payload })
    return null
  }
}
