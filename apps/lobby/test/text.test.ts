import { describe, expect, it } from 'vitest'
import { initialsOf, tintOf } from '../web/src/model/avatar.ts'
import { isEmoji, toPieces } from '../web/src/model/text.ts'
import { dayOf, listOf } from '../web/src/model/time.ts'

const text = (text: string) => ({ kind: 'text', text })
const link = (text: string, href = text) => ({ kind: 'link', text, href })

describe('addresses in a text', () => {
  it.each([
    ['', []],
    ['hello', [text('hello')]],
    ['https://a.example/', [link('https://a.example/')]],
    ['see https://a.example/x, please', [text('see '), link('https://a.example/x'), text(', please')]],
    ['(https://a.example/x)', [text('('), link('https://a.example/x'), text(')')]],
    ['https://a.example/x_(y)', [link('https://a.example/x_(y)')]],
    ['https://a.example/x_(y)).', [link('https://a.example/x_(y)'), text(').')]],
    ['HTTPS://A.example/', [link('HTTPS://A.example/', 'https://a.example/')]],
    ['<https://a.example/>', [text('<'), link('https://a.example/'), text('>')]],
    ['https://a.example/ https://b.example/', [link('https://a.example/'), text(' '), link('https://b.example/')]],
    ['javascript:alert(1)', [text('javascript:alert(1)')]],
    ['data:text/html,x', [text('data:text/html,x')]],
    ['https://', [text('https://')]],
    ['https://[', [text('https://[')]],
    ['xhttps://a.example', [text('xhttps://a.example')]],
    ['https://a.example/\u0000', [link('https://a.example/'), text('\u0000')]],
  ])('%o', (given, pieces) => {
    expect(toPieces(given)).toEqual(pieces)
  })

  it('lose no sign of the text, however nasty', () => {
    for (const nasty of [
      `https://a.example/${')'.repeat(4_000)}`,
      `https://a.example/${'('.repeat(2_000)}${')'.repeat(2_000)}`,
      'https://a.example/.'.repeat(200),
      '\ud800https://a.example/\udfff',
    ])
      expect(
        toPieces(nasty)
          .map((piece) => piece.text)
          .join(''),
      ).toBe(nasty)
  })
})

describe('a message of emoji', () => {
  it.each(['🎉', '🎉🎉 🎉', '👩‍🚀', '👍🏽', '❤️'])('%s is one', (message) => expect(isEmoji(message)).toBe(true))
  it.each(['', '7', 'ok 🎉', '🎉🎉🎉🎉', '🎉'.repeat(100)])('%s is none', (message) =>
    expect(isEmoji(message)).toBe(false),
  )
})

describe('a sign for a name', () => {
  it.each([
    ['Ada Lovelace', 'AL'],
    ['ada', 'A'],
    ['Zoë Ümlaut', 'ZÜ'],
    ['anna-maria b. c', 'AC'],
    ['🦊 Fox', '🦊'],
    ['👩‍🚀 Kim', '👩‍🚀'],
    ['Kim 👩‍🚀', 'K'],
    ['李 小龍', '李小'],
    ['', '?'],
    ['   ', '?'],
    ['---', '?'],
  ])('of %o is %o', (name, initials) => {
    expect(initialsOf(name)).toBe(initials)
  })

  it('has a colour that is always the same', () => {
    expect(tintOf('BhttbYJjx7MDhvltVrtKtD')).toBe(tintOf('BhttbYJjx7MDhvltVrtKtD'))
    const tints = Array.from({ length: 240 }, (_, i) => tintOf(`person ${i}`))
    for (let tint = 0; tint < 12; tint++) expect(tints.filter((each) => each === tint).length).toBeGreaterThan(5)
    expect(Math.max(...tints)).toBe(11)
  })
})

describe('words', () => {
  it.each([
    [[], ''],
    [['Ada'], 'Ada'],
    [['Ada', 'Bob'], 'Ada and Bob'],
    [['Ada', 'Bob', 'Eve'], 'Ada, Bob and Eve'],
    [['Ada', 'Bob', 'Eve', 'Dan', 'Kim'], 'Ada, Bob and 3 others'],
  ])('list %j as %o', (names, list) => {
    expect(listOf(names)).toBe(list)
  })

  it('name the days around this one', () => {
    const now = new Date(2026, 2, 1, 0, 30).getTime()
    expect(dayOf(now, now)).toBe('Today')
    expect(dayOf(new Date(2026, 1, 28, 23, 59).getTime(), now)).toBe('Yesterday')
    expect(dayOf(new Date(2026, 1, 27, 23, 59).getTime(), now)).toMatch(/27/)
    expect(dayOf(new Date(2024, 1, 29).getTime(), now)).toMatch(/2024/)
  })
})
