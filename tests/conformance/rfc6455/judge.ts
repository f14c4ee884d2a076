import { CLOSE, close, text } from '../../support/frames.ts'
import { RawSocket } from '../../support/raw-socket.ts'
import { type Case, type Expected, lengthOf, type Way } from './case.ts'

/** An endpoint that echoes every message to the connection that sent it, and to no other. */
export interface EchoEndpoint {
  /** An address for one connection. */
  address(): string
}

// A longer case is not written byte by byte: its split points are those of a shorter one.
const MAX_BYTE_WISE = 2_048

/** Whether a case is to be tried in a way of writing. */
export function applies(each: Case, way: Way): boolean {
  if (each.pieceBytes !== undefined) return way === 'whole'
  return way !== 'byte-wise' || lengthOf(each) <= MAX_BYTE_WISE
}

/** A second connection: what it is answered shows that the server still serves, and has seen what was sent before. */
export class Witness {
  readonly #raw: RawSocket
  #count = 0

  private constructor(raw: RawSocket) {
    this.#raw = raw
  }

  static async open(endpoint: EchoEndpoint): Promise<Witness> {
    return new Witness(await RawSocket.open(endpoint.address()))
  }

  /** Two round trips: by then the server has read what was written before, and has written what it had to say. */
  async pause(): Promise<void> {
    for (let i = 0; i < 2; i++) {
      const { frames } = this.#raw
      const seen = frames.length
      this.#raw.write(text(`witness ${this.#count++}`))
      await this.#raw.until(() => frames.length > seen, 'an echo for another connection')
    }
  }

  close(): void {
    this.#raw.destroy()
  }
}

/** Carries out a case. Answers null if the server did as it has to within the deadline, else what it did. */
export async function judge(
  endpoint: EchoEndpoint,
  each: Case,
  way: Way,
  witness: Witness,
  deadlineMs = 10_000,
): Promise<string | null> {
  const raw = await RawSocket.open(endpoint.address())
  try {
    raw.write(text('ready?'))
    await raw.until(() => raw.frames.length === 1, 'the first echo')
    raw.frames.length = 0
    return (await carryOut(raw, each, way, witness, deadlineMs)) ?? raw.fault?.message ?? null
  } catch (error) {
    return `${(error as Error).message}; got ${shown(raw)}`
  } finally {
    raw.destroy()
  }
}

async function carryOut(
  raw: RawSocket,
  each: Case,
  way: Way,
  witness: Witness,
  deadlineMs: number,
): Promise<string | null> {
  let waiting: Buffer[] = []
  const flush = async () => {
    const frames = waiting
    waiting = []
    await write(raw, frames, way, each)
  }
  let turns = 0
  for (const step of each.steps) {
    if ('write' in step) {
      waiting.push(step.write)
      if (!each.inTurns) continue
      await flush()
      const wanted = ++turns
      await raw.until(() => raw.frames.length >= wanted || raw.ended, `echo ${wanted}`, deadlineMs)
      continue
    }
    await flush()
    await witness.pause()
    if (!same(raw, step.seen)) return `after the pause it has sent ${shown(raw)}`
  }
  await flush()
  return conclude(raw, each, witness, deadlineMs)
}

async function conclude(
  raw: RawSocket,
  { expected, or, ending }: Case,
  witness: Witness,
  deadlineMs: number,
): Promise<string | null> {
  if (ending.kind === 'clean') {
    await raw.until(() => raw.frames.length >= expected.length || raw.ended, 'the echo', deadlineMs)
    // What is too much comes right behind.
    await witness.pause()
    if (!same(raw, expected)) return `it has sent ${shown(raw)}`
    raw.write(close(1000))
  }
  await raw.until(() => raw.ended, 'the end', deadlineMs)
  const before = raw.frames.filter(({ opcode }) => opcode !== CLOSE)
  const closes = raw.frames.length - before.length
  if (!same({ frames: before }, expected) && !(or && same({ frames: before }, or))) return `it has sent ${shown(raw)}`
  if (closes > 1 || (closes === 1 && raw.frames.at(-1)?.opcode !== CLOSE)) return `it has sent ${shown(raw)}`
  const codes = ending.kind === 'clean' ? [1000] : ending.codes
  const { closeCode } = raw
  const silent = closeCode === undefined && ending.kind === 'fails'
  if (!silent && !codes.includes(closeCode as never)) return `it has closed with ${closeCode}`
  await raw.gone()
  await witness.pause()
  return null
}

async function write(raw: RawSocket, frames: readonly Buffer[], way: Way, { pieceBytes }: Case): Promise<void> {
  const writes = pieces(frames, way, pieceBytes)
  for (const bytes of writes) {
    raw.write(bytes)
    // A turn of the event loop, so that the pieces are read one by one.
    if (writes.length > 1) await new Promise((resolve) => setImmediate(resolve))
  }
}

function pieces(frames: readonly Buffer[], way: Way, pieceBytes: number | undefined): readonly Buffer[] {
  if (way === 'frame-wise') return frames
  const all = Buffer.concat(frames)
  if (typeof way === 'object') return [all.subarray(0, way.cutAt), all.subarray(way.cutAt)]
  const size = pieceBytes ?? (way === 'byte-wise' ? 1 : all.length)
  const cut: Buffer[] = []
  for (let at = 0; at < all.length; at += size) cut.push(all.subarray(at, at + size))
  return cut
}

function same({ frames }: Pick<RawSocket, 'frames'>, expected: readonly Expected[]): boolean {
  return (
    frames.length === expected.length &&
    frames.every(
      ({ opcode, fin, rsv, payload }, i) =>
        fin && rsv === 0 && opcode === expected[i]?.opcode && payload.equals(expected[i].payload),
    )
  )
}

function shown({ frames }: RawSocket): string {
  const some = frames.slice(0, 12).map(({ opcode, payload }) => {
    const hex = payload.toString('hex', 0, 16)
    return `${opcode}:${hex}${payload.length > 16 ? `… (${payload.length} bytes)` : ''}`
  })
  return `[${some.join(', ')}${frames.length > 12 ? `, … ${frames.length} frames` : ''}]`
}
