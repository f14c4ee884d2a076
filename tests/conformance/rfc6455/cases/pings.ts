import { ping, pong } from '../../../support/frames.ts'
import { type Case, CLEAN, FAILS, pongOf, writes } from '../case.ts'

const NOT_UTF8 = Buffer.from('00fffefdfcfb00ff', 'hex')
const TEN = Array.from({ length: 10 }, (_, i) => `payload-${i}`)

/** Category 2: pings and pongs. */
export const pings: readonly Case[] = [
  ...(
    [
      ['nothing', ''],
      ['a short text', 'Hello, world!'],
      ['bytes that are no UTF-8', NOT_UTF8],
      ['125 bytes', Buffer.alloc(125, 0xfe)],
    ] as const
  ).map(
    ([name, payload], i): Case => ({
      id: `2.${i + 1}`,
      name: `a ping with ${name}`,
      steps: writes(ping(payload)),
      expected: [pongOf(payload)],
      ending: CLEAN,
    }),
  ),
  {
    id: '2.5',
    name: 'a ping of 126 bytes',
    steps: writes(ping(Buffer.alloc(126, 0xfe))),
    expected: [],
    ending: FAILS,
  },
  {
    id: '2.6',
    name: 'a ping of 125 bytes, byte by byte',
    steps: writes(ping(Buffer.alloc(125, 0xfe))),
    expected: [pongOf(Buffer.alloc(125, 0xfe))],
    ending: CLEAN,
    pieceBytes: 1,
  },
  { id: '2.7', name: 'a pong that nobody asked for', steps: writes(pong()), expected: [], ending: CLEAN },
  { id: '2.8', name: 'one with a payload', steps: writes(pong('unsolicited')), expected: [], ending: CLEAN },
  {
    id: '2.9',
    name: 'one, and a ping behind it',
    steps: writes(pong('unsolicited'), ping('ping')),
    expected: [pongOf('ping')],
    ending: CLEAN,
  },
  {
    id: '2.10',
    name: 'ten pings in a row',
    steps: writes(...TEN.map((payload) => ping(payload))),
    expected: TEN.map(pongOf),
    ending: CLEAN,
  },
  {
    id: '2.11',
    name: 'ten pings in a row, byte by byte',
    steps: writes(...TEN.map((payload) => ping(payload))),
    expected: TEN.map(pongOf),
    ending: CLEAN,
    pieceBytes: 1,
  },
]
