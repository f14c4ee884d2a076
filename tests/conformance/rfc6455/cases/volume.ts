import { BINARY, binary, fragmented, TEXT, text } from '../../../support/frames.ts'
import { bytesOf, type Case, CLEAN, textOf, writes } from '../case.ts'

const KIB = 1024
const MIB = 1024 * KIB
const kinds = [
  { opcode: TEXT, name: 'text', frame: text, echo: textOf, fill: 'a text of ASCII, again and again; ' },
  { opcode: BINARY, name: 'binary', frame: binary, echo: bytesOf, fill: Buffer.from([0xff, 0, 0x80, 0x7f, 0xc0]) },
] as const

const shown = (bytes: number) =>
  bytes >= MIB ? `${bytes / MIB} MiB` : bytes >= KIB ? `${bytes / KIB} KiB` : `${bytes} B`

/** Groups come in pairs: the odd one with text, the even one with bytes. */
const pairs = (
  first: number,
  each: (kind: (typeof kinds)[number], payload: (size: number) => Buffer) => Omit<Case, 'id'>[],
) =>
  kinds.flatMap((kind, k) =>
    each(kind, (size) => Buffer.alloc(size, kind.fill)).map(
      (one, i): Case => ({ id: `9.${first + k}.${i + 1}`, ...one }),
    ),
  )

const large = pairs(1, ({ name, frame, echo }, payload) =>
  [64 * KIB, 256 * KIB, MIB, 4 * MIB, 8 * MIB, 16 * MIB].map((size) => ({
    name: `${name}, ${shown(size)} in one frame`,
    get steps() {
      return writes(frame(payload(size)))
    },
    get expected() {
      return [echo(payload(size))]
    },
    ending: CLEAN,
    pieceBytes: Number.POSITIVE_INFINITY,
  })),
)

const inFragments = pairs(3, ({ name, opcode, echo }, payload) =>
  [64, 256, KIB, 4 * KIB, 16 * KIB, 64 * KIB, 256 * KIB, MIB, 4 * MIB].map((size) => ({
    name: `${name}, 4 MiB in fragments of ${shown(size)}`,
    get steps() {
      return writes(...fragmented(opcode, payload(4 * MIB), size))
    },
    get expected() {
      return [echo(payload(4 * MIB))]
    },
    ending: CLEAN,
    pieceBytes: Number.POSITIVE_INFINITY,
  })),
)

const inPieces = pairs(5, ({ name, frame, echo }, payload) =>
  [64, 128, 256, 512, 1024, 2048].map((size) => ({
    name: `${name}, 1 MiB in one frame, written in pieces of ${size} bytes`,
    get steps() {
      return writes(frame(payload(MIB)))
    },
    get expected() {
      return [echo(payload(MIB))]
    },
    ending: CLEAN,
    pieceBytes: size,
  })),
)

const roundTrips = pairs(7, ({ name, frame, echo }, payload) =>
  [0, 16, 64, 256, 1024, 4096].map((size) => ({
    name: `${name}, 1,000 round trips of ${size} bytes`,
    get steps() {
      return writes(...Array.from({ length: 1000 }, () => frame(payload(size))))
    },
    get expected() {
      return Array.from({ length: 1000 }, () => echo(payload(size)))
    },
    ending: CLEAN,
    inTurns: true,
    pieceBytes: Number.POSITIVE_INFINITY,
  })),
)

/** Category 9: large messages and many. Payloads are made when they are asked for: together they are hundreds of MiB. */
export const volume: readonly Case[] = [...large, ...inFragments, ...inPieces, ...roundTrips]
