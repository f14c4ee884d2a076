import { manualClock } from '@rollcall/testkit'
import { describe, expect, test } from 'vitest'
import { History, retentionOf } from '../../src/socket.io/server/history.ts'
import { toPastEvent } from '../../src/socket.io/server/past.ts'
import { Returns } from '../../src/socket.io/server/returns.ts'

const ALL = { rooms: new Set<string>(), except: new Set<string>() }
const retention = (given = {}) => retentionOf({ messages: 3, bytes: 1_000_000, ageMs: 1_000, ...given }, 1)

describe('a history', () => {
  test('keeps the newest events, and knows what it covers', () => {
    const history = new History(retention(), 'e')
    expect([history.top, history.offset, history.next, history.covers(0, 0)]).toEqual([0, '0~e', '1~e', true])
    for (let n = 1; n <= 5; n++) history.keep(ALL, [`42["m",${n}]`], n)
    expect(history.offset).toBe('5~e')
    expect([1, 2, 3, 5].map((offset) => history.covers(offset, 5))).toEqual([false, true, true, true])
    expect(history.after(2).map(({ offset }) => offset)).toEqual([3, 4, 5])
    expect(history.after(4).map(({ payloads }) => payloads)).toEqual([['42["m",5]']])
    expect(history.after(5)).toEqual([])
  })

  test('lets go of what is old, and of what is too much', () => {
    const history = new History(retention(), 'e')
    history.keep(ALL, ['42["m",1]'], 0)
    history.keep(ALL, ['42["m",2]'], 500)
    expect(history.covers(0, 999)).toBe(true)
    expect(history.covers(0, 1_000)).toBe(false)
    expect(history.covers(1, 1_000)).toBe(true)
    const small = new History(retention({ bytes: 500 }), 'e')
    for (let n = 1; n <= 3; n++) small.keep(ALL, ['x'.repeat(100)], 0)
    expect(small.after(0).map(({ offset }) => offset)).toEqual([2, 3])
    small.keep(ALL, ['x'.repeat(10_000)], 0)
    expect([small.after(0).length, small.covers(4, 0), small.covers(3, 0)]).toEqual([0, true, false])
  })

  test('stays right while thousands pass through it', () => {
    const history = new History(retention({ messages: 100 }), 'e')
    for (let n = 1; n <= 5_000; n++) {
      history.keep(ALL, [`42["m",${n}]`], 0)
      const kept = Math.min(n, 100)
      expect(history.after(n - kept).map(({ offset }) => offset)[0]).toBe(n - kept + 1)
    }
  })

  test.each<[unknown, number | null]>([
    ['0~e', 0],
    ['3~e', 3],
    ['4~e', null],
    ['1~other', null],
    ['hello', null],
    ['-1~e', null],
    ['1e3~e', null],
    ['__proto__', null],
    ['', null],
    [undefined, null],
    [3, null],
    [{ toString: () => '1~e' }, null],
    ['9'.repeat(600), null],
  ])('reads the offset %j as %j', (offset, expected) => {
    const history = new History(retention(), 'e')
    for (let n = 1; n <= 3; n++) history.keep(ALL, ['x'], 0)
    expect(history.read(offset)).toBe(expected)
  })

  test('finds the newest that fit', () => {
    const history = new History(retention({ messages: 10 }), 'e')
    for (let n = 1; n <= 6; n++)
      history.keep({ rooms: new Set(n % 2 === 0 ? ['even'] : []), except: new Set() }, [`42["m",${n}]`], n)
    const even = history.latest(2, ({ target }) => target.rooms.has('even'), 6)
    expect(even.map(({ offset }) => offset)).toEqual([4, 6])
  })

  test('reads events back as they were sent', () => {
    const kept = { offset: 1, at: 7, target: ALL }
    expect(toPastEvent({ ...kept, payloads: ['42/a,["m",1,{"b":2},"1~e"]'] }, true)).toEqual({
      event: 'm',
      args: [1, { b: 2 }],
      at: 7,
    })
    const bytes = Buffer.from([1, 2])
    const payloads = ['451-["m",{"_placeholder":true,"num":0}]', bytes]
    expect(toPastEvent({ ...kept, payloads }, false)).toEqual({ event: 'm', args: [bytes], at: 7 })
  })

  test.each(['messages', 'ageMs', 'bytes'])('refuses a bound that is none: %s', (name) => {
    for (const value of [0, -1, Number.NaN, '5'])
      expect(() => retentionOf({ [name]: value }, 1)).toThrow(`history.${name} must be a number above 0`)
  })
})

describe('those who may return', () => {
  const returns = (lost = 10) => {
    const clock = manualClock()
    let n = 0
    const random = { fraction: () => 0, token: () => `pid${++n}` }
    let swept = 0
    const all = new Returns<string>(clock, random, { withinMs: 1_000, lost }, () => swept++)
    return { clock, all, swept: () => swept }
  }

  test('are found while they have somebody, and for a time after', async () => {
    const { clock, all, swept } = returns()
    const stay = all.begin('owner', 'id', 3)
    expect(all.find('pid1')).toBe(stay)
    expect([all.find('pid2'), all.find('__proto__'), all.find('')]).toEqual([null, null, null])
    await clock.advance(5_000)
    expect(all.find('pid1')?.owner).toBe('owner')
    all.lose(stay, new Map([['room', 2]]), { a: 1 })
    await clock.advance(999)
    expect(all.find('pid1')).toMatchObject({ id: 'id', since: 3, owner: null, data: { a: 1 } })
    await clock.advance(1)
    expect([all.find('pid1'), all.lost, swept(), clock.pending]).toEqual([null, 0, 1, 0])
  })

  test('have one owner at a time', () => {
    const { all } = returns()
    const stay = all.begin('first', 'id', 0)
    all.lose(stay, new Map(), {})
    all.take(stay, 'second')
    expect([all.find('pid1')?.owner, all.lost]).toEqual(['second', 0])
    all.end(stay)
    expect(all.find('pid1')).toBeNull()
  })

  test('are bounded: who was lost first is forgotten', () => {
    const { all } = returns(2)
    const stays = ['a', 'b', 'c'].map((owner) => all.begin(owner, owner, 0))
    for (const stay of stays) all.lose(stay, new Map(), {})
    expect(['pid1', 'pid2', 'pid3'].map((pid) => all.find(pid)?.id)).toEqual([undefined, 'b', 'c'])
  })

  test('are all over when the server stops', () => {
    const { clock, all } = returns()
    all.lose(all.begin('a', 'a', 0), new Map(), {})
    all.close()
    expect([all.find('pid1'), clock.pending]).toEqual([null, 0])
  })
})
