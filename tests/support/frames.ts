// RFC 6455 section 5.2, written down once more: what tests send must be able to be wrong, and what they get must be judged
// by somebody else than the library under test.

export const CONTINUATION = 0
export const TEXT = 1
export const BINARY = 2
export const CLOSE = 8
export const PING = 9
export const PONG = 10

export interface FrameOptions {
  /** Default true. */
  readonly fin?: boolean
  /** The three reserved bits as a number from 0 to 7. Default 0. */
  readonly rsv?: number
  /** Default: the mask of the RFC's example; null leaves the frame unmasked. */
  readonly mask?: Uint8Array | null
  /** Bits of the length. Default: the shortest form. */
  readonly lengthForm?: 7 | 16 | 64
  /** The length that is claimed. Default: that of the payload. */
  readonly length?: bigint
}

const MASK = Uint8Array.of(0x37, 0xfa, 0x21, 0x3d)

/** A frame as a client sends it. */
export function frame(opcode: number, payload: string | Uint8Array = '', options: FrameOptions = {}): Buffer {
  const body = typeof payload === 'string' ? Buffer.from(payload) : payload
  const { fin = true, rsv = 0, mask = MASK, length = BigInt(body.length) } = options
  const form = options.lengthForm ?? (length < 126n ? 7 : length < 0x10000n ? 16 : 64)
  const lengthBytes = form === 7 ? 0 : form / 8
  const head = Buffer.alloc(2 + lengthBytes + (mask ? 4 : 0))
  head[0] = (fin ? 0x80 : 0) | (rsv << 4) | opcode
  head[1] = (mask ? 0x80 : 0) | (form === 7 ? Number(length) : form === 16 ? 126 : 127)
  if (form === 16) head.writeUInt16BE(Number(length), 2)
  if (form === 64) head.writeBigUInt64BE(length, 2)
  if (!mask) return Buffer.concat([head, body])
  head.set(mask, 2 + lengthBytes)
  const masked = Buffer.allocUnsafe(body.length)
  for (let i = 0; i < body.length; i++) masked[i] = body[i]! ^ mask[i & 3]!
  return Buffer.concat([head, masked])
}

export const text = (payload: string | Uint8Array, options?: FrameOptions): Buffer => frame(TEXT, payload, options)
export const binary = (payload: string | Uint8Array, options?: FrameOptions): Buffer => frame(BINARY, payload, options)
export const more = (payload: string | Uint8Array, options?: FrameOptions): Buffer =>
  frame(CONTINUATION, payload, options)
export const ping = (payload: string | Uint8Array = '', options?: FrameOptions): Buffer => frame(PING, payload, options)
export const pong = (payload: string | Uint8Array = '', options?: FrameOptions): Buffer => frame(PONG, payload, options)

/** A close frame: without a code it is empty. */
export function close(code?: number, reason: string | Uint8Array = '', options?: FrameOptions): Buffer {
  if (code === undefined) return frame(CLOSE, '', options)
  return frame(CLOSE, closePayload(code, reason), options)
}

export function closePayload(code: number, reason: string | Uint8Array = ''): Buffer {
  const head = Buffer.alloc(2)
  head.writeUInt16BE(code)
  return Buffer.concat([head, typeof reason === 'string' ? Buffer.from(reason) : reason])
}

/** The same message in pieces of a size, as fragments. */
export function fragmented(opcode: number, payload: Uint8Array, size: number): Buffer[] {
  const frames: Buffer[] = []
  for (let at = 0; at === 0 || at < payload.length; at += size)
    frames.push(
      frame(at === 0 ? opcode : CONTINUATION, payload.subarray(at, at + size), { fin: at + size >= payload.length }),
    )
  return frames
}

/** A frame that a server sent. */
export interface ServerFrame {
  readonly opcode: number
  readonly fin: boolean
  readonly rsv: number
  readonly payload: Buffer
}

/** Cuts what a server sends into frames. Throws on what a server must not send. */
export class ServerFrames {
  #chunks: Buffer[] = []
  #length = 0

  /** The frames that a chunk completes. */
  push(chunk: Buffer): ServerFrame[] {
    this.#chunks.push(chunk)
    this.#length += chunk.length
    const frames: ServerFrame[] = []
    for (let next = this.#next(); next; next = this.#next()) frames.push(next)
    return frames
  }

  /** Bytes that are no whole frame yet. */
  get rest(): number {
    return this.#length
  }

  #next(): ServerFrame | null {
    if (this.#length < 2) return null
    const head = this.#peek(Math.min(10, this.#length))
    const [first, second] = [head[0]!, head[1]!]
    if (second & 0x80) throw new Error('a server frame is masked')
    const short = second & 0x7f
    const headLength = short < 126 ? 2 : short === 126 ? 4 : 10
    if (head.length < headLength) return null
    const length = short < 126 ? short : short === 126 ? head.readUInt16BE(2) : Number(head.readBigUInt64BE(2))
    if ((short === 126 && length < 126) || (short === 127 && length < 0x10000))
      throw new Error(`a server frame of ${length} bytes has a length of ${headLength - 2} bytes`)
    if (this.#length < headLength + length) return null
    const whole = this.#take(headLength + length)
    return {
      opcode: first & 0x0f,
      fin: (first & 0x80) !== 0,
      rsv: (first >> 4) & 7,
      payload: whole.subarray(headLength),
    }
  }

  #peek(count: number): Buffer {
    if (this.#chunks[0]!.length < count) this.#chunks = [Buffer.concat(this.#chunks)]
    return this.#chunks[0]!.subarray(0, count)
  }

  #take(count: number): Buffer {
    const joined = this.#chunks.length === 1 ? this.#chunks[0]! : Buffer.concat(this.#chunks)
    this.#length -= count
    this.#chunks = this.#length > 0 ? [joined.subarray(count)] : []
    return joined.subarray(0, count)
  }
}
