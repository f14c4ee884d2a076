import { binary, text } from '../../../support/frames.ts'
import { bytesOf, type Case, CLEAN, textOf, writes } from '../case.ts'

const SIZES = [0, 125, 126, 127, 128, 65_535, 65_536]

const payload = (size: number, fill: number) => Buffer.alloc(size, fill)

/** Category 1: sizes on the borders of the 7-bit, 16-bit and 64-bit lengths. */
export const sizes: readonly Case[] = [
  ...SIZES.map(
    (size, i): Case => ({
      id: `1.1.${i + 1}`,
      name: `a text of ${size} bytes`,
      steps: writes(text(payload(size, 0x2a))),
      expected: [textOf(payload(size, 0x2a))],
      ending: CLEAN,
    }),
  ),
  {
    id: '1.1.8',
    name: 'a text of 65536 bytes, written in pieces of 997',
    steps: writes(text(payload(65_536, 0x2a))),
    expected: [textOf(payload(65_536, 0x2a))],
    ending: CLEAN,
    pieceBytes: 997,
  },
  ...SIZES.map(
    (size, i): Case => ({
      id: `1.2.${i + 1}`,
      name: `${size} bytes`,
      steps: writes(binary(payload(size, 0xfe))),
      expected: [bytesOf(payload(size, 0xfe))],
      ending: CLEAN,
    }),
  ),
  {
    id: '1.2.8',
    name: '65536 bytes, written in pieces of 997',
    steps: writes(binary(payload(65_536, 0xfe))),
    expected: [bytesOf(payload(65_536, 0xfe))],
    ending: CLEAN,
    pieceBytes: 997,
  },
]
