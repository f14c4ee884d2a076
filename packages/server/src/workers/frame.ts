// What goes over the line between a worker and the primary. Numbers are little-endian:
//
//   length u32 of all that follows, kind u8, id u32, subject length u16, node length u16, subject, node, payload
//
// A message keeps its very bytes on its way from a worker through the primary to the others.

/** The largest message, question or answer that is carried, in bytes. Pages of a log may be larger. */
export const MAX_BYTES: number = 32 * 1024 * 1024

const PREFIX = 4
const HEADER = 13
const MAX_TEXT_BYTES = 0xffff

/** What a frame says. `id` is that of a question unless something else is said here. */
export const Kind = {
  // Both ways
  /** `payload` on `subject`, of `node`. */
  message: 1,
  /** From a worker: what I have said before, has it taken effect? From the primary: it has. */
  sync: 2,
  answered: 3,
  /** Nobody was reached. */
  nobody: 4,
  /** The one who was reached failed. */
  failed: 5,

  // From a worker
  /** Its first: it is `node`. */
  hello: 8,
  subscribe: 9,
  unsubscribe: 10,
  provide: 11,
  withdraw: 12,
  /** A question to `node`. */
  ask: 13,
  /** A question to whoever provides `subject`. */
  request: 14,
  /** The answer is not waited for any more. */
  forget: 15,

  // From the primary
  /** A question of `node` to this node. */
  asked: 16,
  /** A question of `node` to one who provides `subject` here. */
  requested: 17,
  /** Whoever had the question has ended. */
  lost: 18,
  /** The ids of the other workers, as JSON. */
  peers: 19,

  // From a worker, about the log; `subject` is a topic
  append: 32,
  readAfter: 33,
  readBefore: 34,
  top: 35,
  follow: 36,
  unfollow: 37,

  // From the primary, about the log; `subject` is an epoch
  logged: 48,
  /** The log refused: `subject` is the error's name, `node` its message. */
  refused: 49,
  /** The next message of the feed `id`. */
  fed: 50,
  /** The feed `id` goes on elsewhere; `node` is the reason. */
  reset: 51,
} as const

/** Whether a frame of a worker is for the log. */
export function isForLog(kind: number): boolean {
  return kind >= Kind.append && kind <= Kind.unfollow
}

export interface Frame {
  readonly kind: number
  readonly id: number
  readonly subject: string
  readonly node: string
  /** A view of what was read. */
  readonly payload: Buffer
  /** The frame as it was read, its length included. */
  readonly raw: Buffer
}

export const NOTHING: Uint8Array = new Uint8Array()

/** @throws RangeError if a text is too long for any frame. */
export function encodeFrame(kind: number, id: number, subject = '', node = '', payload: Uint8Array = NOTHING): Buffer {
  const subjectBytes = Buffer.byteLength(subject)
  const nodeBytes = Buffer.byteLength(node)
  if (subjectBytes > MAX_TEXT_BYTES || nodeBytes > MAX_TEXT_BYTES)
    throw new RangeError(`A subject or an id of more than ${MAX_TEXT_BYTES} bytes cannot be carried`)
  const bodyAt = HEADER + subjectBytes + nodeBytes
  const frame = Buffer.allocUnsafe(bodyAt + payload.byteLength)
  frame.writeUInt32LE(frame.length - PREFIX, 0)
  frame[4] = kind
  frame.writeUInt32LE(id, 5)
  frame.writeUInt16LE(subjectBytes, 9)
  frame.writeUInt16LE(nodeBytes, 11)
  frame.write(subject, HEADER, 'utf8')
  frame.write(node, HEADER + subjectBytes, 'utf8')
  frame.set(payload, bodyAt)
  return frame
}

/** Cuts what arrives into frames. */
export class FrameReader {
  #parts: Buffer[] = []
  #have = 0
  #need = PREFIX

  /**
   * Takes the next bytes, and tells the frames that they complete.
   * @throws RangeError on what is no frame; nothing can be read after that.
   */
  push(chunk: Buffer, heard: (frame: Frame) => void): void {
    this.#parts.push(chunk)
    this.#have += chunk.length
    // A large frame comes in many chunks: they are joined once, when it is complete.
    if (this.#have < this.#need) return
    let rest = this.#parts.length === 1 ? chunk : Buffer.concat(this.#parts, this.#have)
    for (;;) {
      this.#need = rest.length < PREFIX ? PREFIX : PREFIX + rest.readUInt32LE(0)
      if (rest.length < this.#need) break
      heard(frameOf(rest.subarray(0, this.#need)))
      rest = rest.subarray(this.#need)
    }
    this.#parts = rest.length > 0 ? [rest] : []
    this.#have = rest.length
  }
}

function frameOf(raw: Buffer): Frame {
  const nodeAt = raw.length < HEADER ? HEADER : HEADER + raw.readUInt16LE(9)
  const bodyAt = raw.length < HEADER ? HEADER : nodeAt + raw.readUInt16LE(11)
  if (raw.length < bodyAt) throw new RangeError('The line carries what is no frame')
  return {
    kind: raw[4] ?? 0,
    id: raw.readUInt32LE(5),
    subject: raw.toString('utf8', HEADER, nodeAt),
    node: raw.toString('utf8', nodeAt, bodyAt),
    payload: raw.subarray(bodyAt),
    raw,
  }
}
