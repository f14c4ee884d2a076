import { more, text } from '../../../support/frames.ts'
import { type Case, CLEAN, NOT_UTF8, textOf, writes } from '../case.ts'
import { sequence } from './sequence.ts'

// The word κόσμε, its accent in the three bytes of U+1F79.
const GREEK = Buffer.from('cebae1bdb9cf83cebcceb5', 'hex')
const GREETING = Buffer.from('Hello-µ@ßöäüàá-UTF-8!!')
// The Greek word, an encoded surrogate, and something behind it.
const BROKEN = Buffer.from('cebae1bdb9cf83cebcceb5eda080656469746564', 'hex')

const open = { fin: false }

/** A text with so many bytes in each fragment. */
const cut = (bytes: Buffer, size: number) => {
  const frames: Buffer[] = []
  for (let at = 0; at < bytes.length; at += size) {
    const fin = at + size >= bytes.length
    const piece = bytes.subarray(at, at + size)
    frames.push(at === 0 ? text(piece, { fin }) : more(piece, { fin }))
  }
  return writes(...frames)
}

const structure: readonly Case[] = [
  { id: '6.1.1', name: 'an empty text', steps: writes(text('')), expected: [textOf('')], ending: CLEAN },
  {
    id: '6.1.2',
    name: 'three empty fragments',
    steps: writes(text('', open), more('', open), more('')),
    expected: [textOf('')],
    ending: CLEAN,
  },
  {
    id: '6.1.3',
    name: 'an empty, a full and an empty fragment',
    steps: writes(text('', open), more('middle frame payload', open), more('')),
    expected: [textOf('middle frame payload')],
    ending: CLEAN,
  },
  {
    id: '6.2.1',
    name: 'a text that is not ASCII, whole',
    steps: writes(text(GREETING)),
    expected: [textOf(GREETING)],
    ending: CLEAN,
  },
  {
    id: '6.2.2',
    name: 'cut between characters',
    steps: writes(text(GREETING.subarray(0, 12), open), more(GREETING.subarray(12))),
    expected: [textOf(GREETING)],
    ending: CLEAN,
  },
  {
    id: '6.2.3',
    name: 'a byte in each fragment',
    steps: cut(GREETING, 1),
    expected: [textOf(GREETING)],
    ending: CLEAN,
  },
  {
    id: '6.2.4',
    name: 'a Greek word, a byte in each fragment',
    steps: cut(GREEK, 1),
    expected: [textOf(GREEK)],
    ending: CLEAN,
  },
  { id: '6.3.1', name: 'an encoded surrogate inside', steps: writes(text(BROKEN)), expected: [], ending: NOT_UTF8 },
  { id: '6.3.2', name: 'the same, a byte in each fragment', steps: cut(BROKEN, 1), expected: [], ending: NOT_UTF8 },
  ...[
    { name: 'beyond U+10FFFF, in the second of three frames', valid: GREEK, breaking: 'f4908080' },
    { name: 'a byte that never occurs, in the second of three frames', valid: GREEK, breaking: 'f7' },
  ].map(
    ({ name, valid, breaking }, i): Case => ({
      id: `6.4.${i + 1}`,
      name,
      steps: [
        ...writes(text(valid, open)),
        { seen: [] },
        ...writes(more(Buffer.from(breaking, 'hex'), open)),
        ...writes(more('edited')),
      ],
      expected: [],
      ending: NOT_UTF8,
    }),
  ),
  ...[
    { name: 'beyond U+10FFFF, in the second of three pieces of a frame', breaking: 'f4908080' },
    { name: 'a byte that never occurs, in the second of three pieces of a frame', breaking: 'f7' },
  ].map(({ name, breaking }, i): Case => {
    const whole = text(Buffer.concat([GREEK, Buffer.from(breaking, 'hex'), Buffer.from('edited')]))
    const first = whole.length - breaking.length / 2 - 6
    return {
      id: `6.4.${i + 3}`,
      name,
      steps: [
        ...writes(whole.subarray(0, first)),
        { seen: [] },
        ...writes(whole.subarray(first, -6), whole.subarray(-6)),
      ],
      expected: [],
      ending: NOT_UTF8,
    }
  }),
]

const prefixes = Array.from({ length: GREEK.length }, (_, i) => GREEK.subarray(0, i + 1))
const endsOnCharacter = new Set([2, 5, 7, 9, 11])

const all = (from: number, to: number, behind: number[] = []) =>
  Array.from({ length: to - from + 1 }, (_, i) => [from + i, ...behind]).flat()

const withoutLast = (codePoint: number, length: number) => sequence(codePoint, length).slice(0, -1)

const LARGEST = [0x7f, 0x7ff, 0xffff, 0x1fffff, 0x3ffffff, 0x7fffffff]
const SMALLEST = [0, 0x80, 0x800, 0x10000, 0x200000, 0x4000000]
const LONG = [2, 3, 4, 5, 6]

const truncated = [...LONG.map((n) => withoutLast(0, n)), ...LONG.map((n) => withoutLast(LARGEST[n - 1]!, n))]

/** The content of text messages, by group: valid or not. */
const groups: readonly (readonly [
  id: string,
  name: string,
  valid: boolean,
  contents: readonly (readonly number[])[],
])[] = [
  [
    '6.5',
    'characters of 1, 2, 3, 4 and all lengths',
    true,
    ['Hello', 'äöüß', '日本語', '𐍈𝄞😀', 'aä日😀'].map((each) => [...Buffer.from(each)]),
  ],
  ['6.7', 'the smallest code point of a length', true, [1, 2, 3, 4].map((n) => sequence(SMALLEST[n - 1]!, n))],
  ['6.8', 'the smallest form of 5 or 6 bytes', false, [5, 6].map((n) => sequence(SMALLEST[n - 1]!, n))],
  [
    '6.9',
    'the largest code point of a length',
    true,
    [0x7f, 0x7ff, 0xffff, 0x10ffff].map((codePoint, i) => sequence(codePoint, i + 1)),
  ],
  ['6.10', 'the largest form of 4, 5 or 6 bytes', false, [4, 5, 6].map((n) => sequence(LARGEST[n - 1]!, n))],
  [
    '6.12',
    'continuation bytes alone',
    false,
    [[0x80], [0xbf], ...[2, 3, 4, 5, 6].map((n) => all(1, n).map((i) => (i % 2 ? 0x80 : 0xbf))), all(0x80, 0xbf)],
  ],
  [
    '6.13',
    'lead bytes, each before a space',
    false,
    [
      [0xc0, 0xdf],
      [0xe0, 0xef],
      [0xf0, 0xf7],
      [0xf8, 0xfb],
      [0xfc, 0xfd],
    ].map(([from, to]) => all(from!, to!, [0x20])),
  ],
  ['6.14', 'a sequence without its last byte', false, truncated],
  ['6.15', 'all of them in a row', false, [truncated.flat()]],
  ['6.16', 'bytes that never occur', false, [[0xfe], [0xff], [0xfe, 0xfe, 0xff, 0xff]]],
  ['6.17', 'a slash in too many bytes', false, LONG.map((n) => sequence(0x2f, n))],
  ['6.18', 'the largest code point in a byte too many', false, LONG.map((n) => sequence(LARGEST[n - 2]!, n))],
  ['6.19', 'NUL in too many bytes', false, LONG.map((n) => sequence(0, n))],
  [
    '6.20',
    'a surrogate alone',
    false,
    [0xd800, 0xdb7f, 0xdb80, 0xdbff, 0xdc00, 0xdf80, 0xdfff].map((codePoint) => sequence(codePoint, 3)),
  ],
  [
    '6.21',
    'a pair of surrogates',
    false,
    [0xd800, 0xdb7f, 0xdb80, 0xdbff].flatMap((high) =>
      [0xdc00, 0xdfff].map((low) => [...sequence(high, 3), ...sequence(low, 3)]),
    ),
  ],
  [
    '6.22',
    'a non-character at the end of a plane',
    true,
    all(0, 16).flatMap((plane) => [0xfffe, 0xffff].map((low) => sequence(plane * 0x10000 + low, plane === 0 ? 3 : 4))),
  ],
  ['6.23', 'the last characters of the first plane', true, all(0xfff9, 0xffff).map((each) => sequence(each, 3))],
]

const contents: readonly Case[] = [
  ...prefixes.map((prefix, i) => message(`6.6.${i + 1}`, 'a Greek word', endsOnCharacter.has(i + 1), [...prefix])),
  ...[0xd7ff, 0xe000, 0xfffd, 0x10ffff, 0x110000].map((codePoint, i) =>
    message(
      `6.11.${i + 1}`,
      `U+${codePoint.toString(16).toUpperCase()}`,
      codePoint < 0x110000,
      sequence(codePoint, codePoint > 0xffff ? 4 : 3),
    ),
  ),
  ...groups.flatMap(([id, name, valid, list]) => list.map((bytes, i) => message(`${id}.${i + 1}`, name, valid, bytes))),
]

function message(id: string, name: string, valid: boolean, bytes: readonly number[]): Case {
  const payload = Buffer.from(bytes)
  const hex = payload.toString('hex', 0, 16).replace(/..(?=.)/g, '$& ')
  return {
    id,
    name: `${name}: ${hex}${payload.length > 16 ? ' …' : ''} is ${valid ? 'valid' : 'not valid'}`,
    steps: writes(text(payload)),
    expected: valid ? [textOf(payload)] : [],
    ending: valid ? CLEAN : NOT_UTF8,
  }
}

const byNumber = (a: Case, b: Case) => a.id.localeCompare(b.id, 'en', { numeric: true })

/** Category 6: UTF-8. */
export const utf8: readonly Case[] = [...structure, ...[...contents].sort(byNumber)]
