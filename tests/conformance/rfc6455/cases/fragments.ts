import { frame, more, PING, PONG, ping, text } from '../../../support/frames.ts'
import { type Case, CLEAN, FAILS, pongOf, textOf, writes } from '../case.ts'

const open = { fin: false }
const two = [text('fragment1', open), more('fragment2')]
const both = [textOf('fragment1fragment2')]

const stray = (fin: boolean) => ({
  name: `a continuation of nothing, FIN ${fin ? 'set' : 'clear'}, then a good text`,
  steps: writes(more('nothing to continue', { fin }), text('Hello, world!')),
  expected: [],
  ending: FAILS,
})

const strayBefore = (fin: boolean) => ({
  name: `a continuation of nothing before a fragmented text, twice, FIN ${fin ? 'set' : 'clear'}`,
  steps: writes(more('fragment1', { fin }), ...two, more('fragment1', { fin }), ...two),
  expected: [],
  ending: FAILS,
})

const five = (name: string) => ({
  name,
  steps: [
    ...writes(text('fragment1', open), more('fragment2', open), ping('ping1')),
    { seen: [pongOf('ping1')] },
    ...writes(more('fragment3', open), more('fragment4', open), ping('ping2')),
    { seen: [pongOf('ping1'), pongOf('ping2')] },
    ...writes(more('fragment5')),
  ],
  expected: [pongOf('ping1'), pongOf('ping2'), textOf('fragment1fragment2fragment3fragment4fragment5')],
  ending: CLEAN,
})

// The sheet numbers the ways of writing; here every case is tried in all of them.
const cases: readonly Omit<Case, 'id'>[] = [
  {
    name: 'a ping in two fragments',
    steps: writes(frame(PING, 'fragment1', open), more('fragment2')),
    expected: [],
    ending: FAILS,
  },
  {
    name: 'a pong in two fragments',
    steps: writes(frame(PONG, 'fragment1', open), more('fragment2')),
    expected: [],
    ending: FAILS,
  },
  { name: 'a text in two fragments, in one write', steps: writes(...two), expected: both, ending: CLEAN },
  { name: 'a text in two fragments, a write each', steps: writes(...two), expected: both, ending: CLEAN },
  {
    name: 'a text in two fragments, byte by byte',
    steps: writes(...two),
    expected: both,
    ending: CLEAN,
    pieceBytes: 1,
  },
  ...['in one write', 'a write each', 'byte by byte'].map((how, i) => ({
    name: `a ping between two fragments, ${how}`,
    steps: writes(two[0]!, ping('ping'), two[1]!),
    expected: [pongOf('ping'), ...both],
    ending: CLEAN,
    ...(i === 2 && { pieceBytes: 1 }),
  })),
  stray(true),
  stray(true),
  { ...stray(true), pieceBytes: 1 },
  stray(false),
  stray(false),
  { ...stray(false), pieceBytes: 1 },
  {
    name: 'a fragmented text, a stray continuation without FIN, then a text',
    steps: writes(...two, more('fragment3', open), text('fragment4')),
    expected: both,
    or: [],
    ending: FAILS,
  },
  strayBefore(false),
  strayBefore(true),
  {
    name: 'a second fragment that says text instead of continuation',
    steps: writes(text('fragment1', open), text('fragment2')),
    expected: [],
    ending: FAILS,
  },
  five('five fragments with pings behind the second and the fourth'),
  five('the same, each frame pushed out at once'),
]

/** Category 5: fragmentation. */
export const fragments: readonly Case[] = cases.map((each, i) => ({ id: `5.${i + 1}`, ...each }))
