import { deflateRawSync, inflateRawSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { DIRECT, Frame, Run } from '../../src/hub/frame.ts'
import { encodeWire } from '../../src/hub/wire.ts'
import { compressedOf } from '../../src/transport/deflate/compressed.ts'
import { Inflation } from '../../src/transport/deflate/inflation.ts'
import { acceptDeflate } from '../../src/transport/deflate/offer.ts'

const BARE = 'permessage-deflate; server_no_context_takeover; client_no_context_takeover'
const WITH_BITS = `${BARE}; server_max_window_bits=15`

describe('an offer of permessage-deflate', () => {
  it.each([
    [undefined, null],
    ['', null],
    ['x-unknown', null],
    ['permessage-deflate', BARE],
    ['permessage-deflate; client_max_window_bits', BARE],
    ['permessage-deflate; client_max_window_bits=8', BARE],
    ['permessage-deflate; client_max_window_bits="12"', BARE],
    ['permessage-deflate; server_no_context_takeover; client_no_context_takeover', BARE],
    ['permessage-deflate; server_max_window_bits=15', WITH_BITS],
    ['x-other, permessage-deflate; server_max_window_bits=10, permessage-deflate', BARE],
    // What cannot be taken is declined, not an error (RFC 7692 section 7.1).
    ['permessage-deflate; server_max_window_bits=10', null],
    ['permessage-deflate; server_max_window_bits', null],
    ['permessage-deflate; server_max_window_bits=16', null],
    ['permessage-deflate; client_max_window_bits=7', null],
    ['permessage-deflate; client_max_window_bits=16', null],
    ['permessage-deflate; client_max_window_bits=015', null],
    ['permessage-deflate; client_max_window_bits=9; client_max_window_bits=9', null],
    ['permessage-deflate; client_no_context_takeover=1', null],
    ['permessage-deflate; constructor', null],
    ['permessage-deflate; __proto__=1', null],
    ['constructor, __proto__; toString', null],
    ['permessage-deflate; a="', null],
    ['permessage-deflate;', null],
    [`permessage-deflate; a="${'\\'.repeat(50_000)}`, null],
  ])('%.80s', (header, answer) => {
    expect(acceptDeflate(header)).toBe(answer)
  })
})

/** What a peer sends for a text: without the tail that is left out. */
const deflated = (text: string | Buffer) => deflateRawSync(text, { finishFlush: 2 }).subarray(0, -4)

function inflate(inflation: Inflation, bytes: Uint8Array, last = true): Promise<string> {
  return new Promise((resolve, reject) =>
    inflation.decompress(Buffer.from(bytes), last, (error, out) => (error ? reject(error) : resolve(`${out}`))),
  )
}

describe('what a peer sends compressed', () => {
  const codes: number[] = []
  const inflation = new Inflation(10_000, (code) => codes.push(code))

  it('is inflated, cut anywhere, one message after another', async () => {
    for (const text of ['', 'x', 'the same, the same, the same', 'é'.repeat(5_000)]) {
      const bytes = deflated(text)
      expect(await inflate(inflation, bytes)).toBe(text)
      const cuts = Math.min(bytes.length, 40)
      for (let at = 0; at <= cuts; at++) {
        expect(await inflate(inflation, bytes.subarray(0, at), false)).toBe('')
        expect(await inflate(inflation, bytes.subarray(at))).toBe(text)
      }
    }
    expect(codes).toEqual([])
  })

  it('may end with a final block of its own', async () => {
    expect(await inflate(inflation, deflateRawSync('final'))).toBe('final')
  })

  it('is given up in the middle beyond the limit, with 1009', async () => {
    expect(await inflate(inflation, deflated(Buffer.alloc(10_000)))).toHaveLength(10_000)
    await expect(inflate(inflation, deflated(Buffer.alloc(10_001)))).rejects.toThrow()
    expect(codes.splice(0)).toEqual([1009])
    const bomb = deflateRawSync(Buffer.alloc(100 * 1024 * 1024), { level: 9 })
    expect(bomb.length).toBeLessThan(110_000)
    const before = process.memoryUsage()
    await expect(inflate(inflation, bomb)).rejects.toThrow()
    const { arrayBuffers, external } = process.memoryUsage()
    expect(arrayBuffers - before.arrayBuffers).toBeLessThan(2_000_000)
    expect(external - before.external).toBeLessThan(2_000_000)
    expect(codes.splice(0)).toEqual([1009])
  })

  it.each([
    ['a block of a type that is none', 'ff'],
    ['a distance that reaches before the beginning', '4b04a200'],
    ['lengths that do not match', '0005000000'],
  ])('%s is 1007, and the next message is fine', async (_, hex) => {
    await expect(inflate(inflation, Buffer.from(hex, 'hex'))).rejects.toThrow()
    expect(codes.splice(0)).toEqual([1007])
    expect(await inflate(inflation, deflated('fine'))).toBe('fine')
  })
})

describe('a run for those who take compressed messages', () => {
  const long = JSON.stringify(Array.from({ length: 100 }, (_, i) => ({ id: i, text: 'again and again' })))

  /** The messages of a wire, inflated where they say so. */
  function read(wire: Buffer): { compressed: boolean; opcode: number; content: string }[] {
    const messages: { compressed: boolean; opcode: number; content: string }[] = []
    for (let at = 0; at < wire.length; ) {
      const [first, short] = [wire[at]!, wire[at + 1]!]
      const head = short < 126 ? 2 : short === 126 ? 4 : 10
      const length =
        short < 126 ? short : short === 126 ? wire.readUInt16BE(at + 2) : Number(wire.readBigUInt64BE(at + 2))
      const body = wire.subarray(at + head, at + head + length)
      const compressed = (first & 0x40) !== 0
      const tail = Buffer.from([0, 0, 255, 255])
      const content = compressed ? inflateRawSync(Buffer.concat([body, tail]), { finishFlush: 2 }) : body
      messages.push({ compressed, opcode: first & 15, content: content.toString('latin1') })
      at += head + length
    }
    return messages
  }

  it('has messages from the size on compressed, and the others as they are', () => {
    const noise = Uint8Array.from({ length: 2_000 }, (_, i) => (i * 7919 * (i % 251)) >> 3)
    const frames = ['short', long, 'x'.repeat(1_023), 'x'.repeat(1_024)].map((payload) => new Frame(payload, DIRECT))
    frames.push(new Frame([long, 'short', new TextEncoder().encode(long)], DIRECT))
    expect(read(compressedOf(new Run(frames), 1_024))).toEqual([
      { compressed: false, opcode: 1, content: 'short' },
      { compressed: true, opcode: 1, content: long },
      { compressed: false, opcode: 1, content: 'x'.repeat(1_023) },
      { compressed: true, opcode: 1, content: 'x'.repeat(1_024) },
      { compressed: true, opcode: 1, content: long },
      { compressed: false, opcode: 1, content: 'short' },
      { compressed: true, opcode: 2, content: long },
    ])
    expect(compressedOf(new Run([new Frame(long, DIRECT)]), 1_024).length).toBeLessThan(long.length / 5)
    expect(read(compressedOf(new Run([new Frame(noise, DIRECT)]), 1_024))).toHaveLength(1)
  })

  it('leaves what does not get smaller as it is', () => {
    const noise = Buffer.from(Array.from({ length: 2_000 }, () => Math.floor(Math.random() * 256)))
    const run = new Run([new Frame(new Uint8Array(noise), DIRECT)])
    expect(compressedOf(run, 1_024).equals(Buffer.from(encodeWire(noise)))).toBe(true)
  })

  it('is made once, whatever the number of receivers and of runs that a frame is in', () => {
    const frame = new Frame(long, DIRECT)
    const [one, two] = [new Run([frame]), new Run([frame, new Frame('more', DIRECT)])]
    const wire = compressedOf(one, 1_024)
    expect(compressedOf(one, 1_024)).toBe(wire)
    const { compressed } = frame
    compressedOf(two, 1_024)
    expect(frame.compressed).toBe(compressed)
  })
})
