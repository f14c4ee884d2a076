import { binary, CLOSE, close, frame, more, ping, text } from '../../../support/frames.ts'
import { bytesOf, type Case, type Ending, textOf, writes } from '../case.ts'

const good = 'Hello World!'
const open = { fin: false }
const NORMAL: Ending = { kind: 'closed', codes: [1000] }
const REFUSED: Ending = { kind: 'fails', codes: [1002] }
const big = Buffer.alloc(262_144, 0x42)

const VALID = [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 3000, 3999, 4000, 4999]
const INVALID = [0, 999, 1004, 1005, 1006, 1016, 1100, 2000, 2999]
const UNDEFINED = [5000, 65535]

const withCode = (group: string, codes: readonly number[], ending: (code: number) => Ending): Case[] =>
  codes.map((code, i) => ({
    id: `${group}.${i + 1}`,
    name: `close code ${code}`,
    steps: writes(close(code)),
    expected: [],
    ending: ending(code),
  }))

/** Category 7: closing. */
export const closing: readonly Case[] = [
  {
    id: '7.1.1',
    name: 'a message, then a close',
    steps: writes(text(good), close(1000)),
    expected: [textOf(good)],
    ending: NORMAL,
  },
  {
    id: '7.1.2',
    name: 'two closes: the second one is ignored',
    steps: writes(close(1000), close(1001)),
    expected: [],
    ending: NORMAL,
  },
  { id: '7.1.3', name: 'a ping behind the close', steps: writes(close(1000), ping()), expected: [], ending: NORMAL },
  {
    id: '7.1.4',
    name: 'a text behind the close',
    steps: writes(close(1000), text(good)),
    expected: [],
    ending: NORMAL,
  },
  {
    id: '7.1.5',
    name: 'a close between two fragments',
    steps: writes(text('fragment1', open), close(1000), more('fragment2')),
    expected: [],
    ending: NORMAL,
  },
  {
    id: '7.1.6',
    name: '256 KiB, a close and a ping in one burst',
    steps: writes(binary(big), close(1000), ping()),
    expected: [bytesOf(big)],
    or: [],
    ending: NORMAL,
  },
  {
    id: '7.3.1',
    name: 'a close without a payload',
    steps: writes(close()),
    expected: [],
    ending: { kind: 'closed', codes: [null, 1000] },
  },
  { id: '7.3.2', name: 'a close with 1 byte', steps: writes(frame(CLOSE, 'a')), expected: [], ending: REFUSED },
  { id: '7.3.3', name: 'a close with a code', steps: writes(close(1000)), expected: [], ending: NORMAL },
  { id: '7.3.4', name: 'a close with a reason', steps: writes(close(1000, 'bye')), expected: [], ending: NORMAL },
  {
    id: '7.3.5',
    name: 'a reason of 123 bytes',
    steps: writes(close(1000, '*'.repeat(123))),
    expected: [],
    ending: NORMAL,
  },
  {
    id: '7.3.6',
    name: 'a reason of 124 bytes',
    steps: writes(close(1000, '*'.repeat(124))),
    expected: [],
    ending: REFUSED,
  },
  {
    id: '7.5.1',
    name: 'a reason that is not UTF-8',
    steps: writes(close(1000, Buffer.from('cebae1bdb9cf83cebcceb5eda080656469746564', 'hex'))),
    expected: [],
    ending: { kind: 'fails', codes: [1007, 1002] },
  },
  ...withCode('7.7', VALID, (code) => ({ kind: 'closed', codes: [1000, code] })),
  ...withCode('7.9', INVALID, () => REFUSED),
  ...withCode('7.13', UNDEFINED, () => REFUSED),
]

/** Codes that were registered after the RFC, and one that never goes over a wire. Not among the numbered cases. */
export const laterCodes: readonly Case[] = [
  ...withCode('later', [1012, 1013, 1014], (code) => ({ kind: 'closed', codes: [1000, code] })),
  ...withCode('never', [1015], () => REFUSED),
]
