// A constant mask: servers may not skip unmasking for it, as some do for zeros, and the generator saves the random bytes.
const MASK = [0x37, 0xfa, 0x21, 0x3d] as const

/** A client's frame of RFC 6455, masked. Opcode 1 is text, 9 ping, 10 pong, 8 close. */
export function clientFrame(opcode: number, payload: Buffer): Buffer {
  const size = payload.length
  const head = size < 126 ? 2 : size < 0x10000 ? 4 : 10
  const frame = Buffer.allocUnsafe(head + 4 + size)
  frame[0] = 0x80 | opcode
  if (head === 2) frame[1] = 0x80 | size
  else if (head === 4) {
    frame[1] = 0xfe
    frame.writeUInt16BE(size, 2)
  } else {
    frame[1] = 0xff
    frame.writeUInt32BE(0, 2)
    frame.writeUInt32BE(size, 6)
  }
  for (let i = 0; i < 4; i++) frame[head + i] = MASK[i] as number
  for (let i = 0; i < size; i++) frame[head + 4 + i] = (payload[i] as number) ^ (MASK[i & 3] as number)
  return frame
}

/** A text frame. */
export function textFrame(text: string): Buffer {
  return clientFrame(1, Buffer.from(text))
}
