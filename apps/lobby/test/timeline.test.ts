import { describe, expect, it } from 'vitest'
import { toRows } from '../web/src/model/rows.ts'
import {
  away,
  EMPTY,
  gapAt,
  type Item,
  miss,
  move,
  type Page,
  read,
  readBefore,
  reading,
  type Said,
  say,
  type Timeline,
} from '../web/src/model/timeline.ts'

const NOON = new Date(2026, 5, 1, 12).getTime()
const MINUTE = 60_000

function said(
  offset: number,
  { epoch = 'e', key = 'ada', name = key, at = NOON }: Partial<Said & { epoch: string }> = {},
): Said {
  return { kind: 'said', id: `${epoch}:${offset}`, position: { epoch, offset }, text: `${offset}`, key, name, at }
}

function page(offsets: readonly number[], more: boolean, epoch = 'e'): Page {
  return { epoch, more, said: offsets.map((offset) => said(offset, { epoch })) }
}

function of(...offsets: readonly number[]): Timeline {
  return offsets.reduce<Timeline>((line, offset) => say(line, said(offset)), EMPTY)
}

/** `1 2 ⟨more⟩ 7`: what a timeline holds, in a line. */
function show({ items }: Timeline): string {
  return items.map(showItem).join(' ')
}

function showItem(item: Item): string {
  if (item.kind === 'said') return item.text
  if (item.kind === 'missed') return `⟨${item.reading}⟩`
  if (item.kind === 'away') return `away:${item.count}`
  return `+${item.joined.map(({ key }) => key)}-${item.left.map(({ key }) => key)}`
}

describe('messages', () => {
  it('are held once, in the order in which they came', () => {
    const line = of(1, 2, 3)
    expect(show(line)).toBe('1 2 3')
    expect(say(line, said(2))).toBe(line)
  })

  it('are told apart by their epoch', () => {
    expect(show(say(of(1, 2), said(1, { epoch: 'f' })))).toBe('1 2 1')
  })
})

describe('people who come and go', () => {
  const ada = { key: 'ada', name: 'Ada' }
  const bob = { key: 'bob', name: 'Bob' }

  it('stand in one line while nothing is said', () => {
    let line = move(of(1), ada, 'joined', NOON)
    line = move(line, bob, 'joined', NOON + 1)
    expect(show(line)).toBe('1 +ada,bob-')
    expect(show(move(say(line, said(2)), ada, 'left', NOON + 2))).toBe('1 +ada,bob- 2 +-ada')
  })

  it('leave no trace if they come back at once', () => {
    let line = move(of(1), ada, 'left', NOON)
    line = move(line, bob, 'left', NOON)
    line = move(line, ada, 'joined', NOON + 1)
    expect(show(line)).toBe('1 +-bob')
    expect(show(move(line, bob, 'joined', NOON + 2))).toBe('1')
  })

  it('stand in another line later', () => {
    expect(show(move(move(of(1), ada, 'left', NOON), bob, 'left', NOON + 6 * MINUTE))).toBe('1 +-ada +-bob')
  })

  it('are forgotten when there are too many lines', () => {
    let line = EMPTY
    for (let i = 1; i <= 100; i++) line = say(move(line, ada, 'left', NOON), said(i))
    expect(line.items.filter(({ kind }) => kind === 'moved')).toHaveLength(30)
    expect(line.items.filter(({ kind }) => kind === 'said')).toHaveLength(100)
  })
})

describe('what was sent while the connection was lost', () => {
  it('is counted for each loss', () => {
    let line = of(1)
    for (const offset of [2, 3]) line = say(away(line, 'away:1'), said(offset))
    line = say(line, said(4))
    line = say(away(line, 'away:2'), said(5))
    expect(show(line)).toBe('1 away:2 2 3 4 away:1 5')
  })
})

describe('reading older messages', () => {
  it('goes on in front of the first one', () => {
    let line: Timeline = { ...of(4, 5), older: 'more' }
    expect(readBefore(line, null, null)).toEqual({ epoch: 'e', offset: 4 })
    line = read(reading(line, null, 'reading'), null, page([2, 3], true))
    expect(show(line)).toBe('2 3 4 5')
    expect(line.older).toBe('more')
    line = read(line, null, page([1], false))
    expect(show(line)).toBe('1 2 3 4 5')
    expect(line.older).toBe('all')
  })

  it('begins at the end of the log where nothing was said yet', () => {
    expect(readBefore(EMPTY, null, { epoch: 'e', offset: 7 })).toEqual({ epoch: 'e', offset: 8 })
    expect(readBefore(EMPTY, null, null)).toBeNull()
  })

  it('holds no message twice', () => {
    expect(show(read(of(2, 3), null, page([1, 2, 3], false)))).toBe('1 2 3')
  })
})

describe('a gap', () => {
  const gap = gapAt({ epoch: 'e', offset: 9 })
  const missed = miss(of(1, 2), 'too_old', { epoch: 'e', offset: 2 }, { epoch: 'e', offset: 9 })

  it('stands between what was before and what comes after', () => {
    const line = say(missed, said(10))
    expect(show(line)).toBe('1 2 ⟨more⟩ 10')
    expect(readBefore(line, gap, null)).toEqual({ epoch: 'e', offset: 10 })
    expect(readBefore(missed, gap, null)).toEqual({ epoch: 'e', offset: 10 })
  })

  it('is noted once', () => {
    expect(miss(missed, 'too_old', { epoch: 'e', offset: 2 }, { epoch: 'e', offset: 9 })).toBe(missed)
  })

  it('is filled page by page, and gone when nothing is missing', () => {
    let line = read(say(missed, said(10)), gap, page([7, 8, 9], true))
    expect(show(line)).toBe('1 2 ⟨more⟩ 7 8 9 10')
    line = read(line, gap, page([3, 4, 5, 6], true))
    expect(show(line)).toBe('1 2 3 4 5 6 7 8 9 10')
  })

  it('takes nothing that belongs in front of it', () => {
    const line: Timeline = { ...missed, items: missed.items.slice(1) }
    expect(show(read(line, gap, page([1, 2, 3, 4, 5, 6, 7, 8, 9], false)))).toBe('2 3 4 5 6 7 8 9')
  })

  it('stays where the log does not reach back to it', () => {
    expect(show(read(missed, gap, page([6, 7, 8, 9], false)))).toBe('1 2 ⟨all⟩ 6 7 8 9')
    expect(show(read(missed, gap, page([], false)))).toBe('1 2 ⟨all⟩')
  })

  it('stays between two logs', () => {
    const until = { epoch: 'f', offset: 1 }
    const line = miss(of(1, 2), 'epoch_changed', { epoch: 'e', offset: 2 }, until)
    expect(show(read(line, gapAt(until), page([1], false, 'f')))).toBe('1 2 ⟨all⟩ 1')
  })

  it('has nothing to be read where the log is a new one', () => {
    const line = miss(of(1, 2), 'epoch_changed', { epoch: 'e', offset: 2 }, { epoch: 'f', offset: 0 })
    expect(show(line)).toBe('1 2 ⟨all⟩')
    expect(miss(EMPTY, 'epoch_changed', null, { epoch: 'f', offset: 0 })).toEqual({ older: 'all', items: [] })
  })

  it('is no gap where nothing was seen before', () => {
    const line = miss(EMPTY, 'too_old', { epoch: 'e', offset: 2 }, { epoch: 'e', offset: 9 })
    expect(line).toEqual({ older: 'more', items: [] })
  })
})

describe('rows', () => {
  function rows(items: readonly Item[], firstNew: string | null = null): string {
    return toRows(items, firstNew)
      .map((row) => (row.kind === 'group' ? `${row.name}(${row.messages.map(({ text }) => text)})` : row.kind))
      .join(' ')
  }

  it('put what one says in a row under one head', () => {
    const items = [said(1), said(2), said(3, { key: 'bob' }), said(4)]
    expect(rows(items)).toBe('day ada(1,2) bob(3) ada(4)')
  })

  it('begin a new head after a pause, a change of name, and at the first new message', () => {
    expect(rows([said(1), said(2, { at: NOON + 5 * MINUTE })])).toBe('day ada(1) ada(2)')
    expect(rows([said(1), said(2, { name: 'Ada L.' })])).toBe('day ada(1) Ada L.(2)')
    expect(rows([said(1), said(2), said(3)], 'e:2')).toBe('day ada(1) new ada(2,3)')
  })

  it('set days apart', () => {
    const midnight = new Date(2026, 5, 2).getTime()
    expect(rows([said(1, { at: midnight - 1 }), said(2, { at: midnight })])).toBe('day ada(1) day ada(2)')
  })

  it('have different ids', () => {
    let line = of(1, 2)
    line = miss(line, 'epoch_changed', { epoch: 'e', offset: 2 }, { epoch: 'f', offset: 0 })
    line = say(line, said(1, { epoch: 'f', at: NOON + 86_400_000 }))
    const ids = toRows(line.items, 'f:1').map(({ id }) => id)
    expect(new Set(ids).size).toBe(ids.length)
    expect(ids).toHaveLength(6)
  })
})
