/**
 * Tells frames of interest from others without decoding them: `byte` stands at `offset` of the payload. Of frames that are
 * too short to have it, none is of interest.
 */
export interface Mark {
  readonly offset: number
  readonly byte: number
}

/** Matches every data frame that is not empty. */
export const ANY_FRAME: Mark | null = null

/** Matches nothing: no payload has a NUL in front. */
export const NO_FRAME: Mark = { offset: 0, byte: 0 }

const NOTHING = Buffer.alloc(0)
const TEXT = 0x81
const BINARY = 0x82

/**
 * Takes a stream of server frames (RFC 6455, section 5.2) apart by their headers alone. Frames with the mark are counted
 * when their last byte is here; all others, control frames included, go to `other` whole.
 */
export class FrameCounter {
  /** What is counted. May be changed between frames. */
  mark: Mark | null
  /** Payload and header bytes of counted frames, so far. */
  countedBytes = 0
  readonly #other: (opcode: number, payload: Buffer) => void
  /** Bytes of a counted frame that are still to come. */
  #missing = 0
  /** The beginning of a frame of which too little is here to know what it is, or that must be kept whole. */
  #rest: Buffer = NOTHING

  constructor(mark: Mark | null, other: (opcode: number, payload: Buffer) => void) {
    this.mark = mark
    this.#other = other
  }

  /** Counts in the first `length` bytes of `chunk`, which is not kept. Returns how many marked frames ended in it. */
  feed(chunk: Buffer, length: number): number {
    let at = 0
    let counted = 0
    if (this.#missing > 0) {
      if (length < this.#missing) {
        this.#missing -= length
        return 0
      }
      at = this.#missing
      this.#missing = 0
      counted = 1
    } else if (this.#rest.length > 0) {
      chunk = Buffer.concat([this.#rest, chunk.subarray(0, length)])
      length = chunk.length
      this.#rest = NOTHING
    }
    const offset = this.mark?.offset ?? 0
    const byte = this.mark?.byte ?? -1
    while (at + 2 <= length) {
      const opcode = chunk[at] as number
      let size = (chunk[at + 1] as number) & 0x7f
      let payload = at + 2
      if (size === 126) {
        if (at + 4 > length) break
        size = ((chunk[at + 2] as number) << 8) | (chunk[at + 3] as number)
        payload = at + 4
      } else if (size === 127) {
        if (at + 10 > length) break
        size = chunk.readUInt32BE(at + 2) * 0x1_0000_0000 + chunk.readUInt32BE(at + 6)
        payload = at + 10
      }
      const next = payload + size
      const data = opcode === TEXT || opcode === BINARY
      if (next <= length) {
        if (data && size > offset && (byte < 0 || chunk[payload + offset] === byte)) {
          counted++
          this.countedBytes += next - at
        } else this.#other(opcode & 0x0f, chunk.subarray(payload, next))
        at = next
      } else if (data && size > offset && payload + offset < length && (byte < 0 || chunk[payload + offset] === byte)) {
        this.#missing = next - length
        this.countedBytes += next - at
        return counted
      } else break
    }
    if (at < length) this.#rest = Buffer.from(chunk.subarray(at, length))
    return counted
  }
}
