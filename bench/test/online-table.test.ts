import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Names, OnlineTable } from '../src/generator/online-table.ts'

test('a table follows states and diffs, and counts nobody twice', () => {
  const table = new OnlineTable(new Names())
  table.apply({ whole: true, here: ['a', 'b', 'b'], gone: [] })
  expect(table.size).toBe(2)
  table.apply({ whole: false, here: ['b', 'c'], gone: ['a', 'nobody'] })
  expect(table.size).toBe(2)
  table.apply({ whole: true, here: ['c', '__proto__', ''], gone: [] })
  expect(table.size).toBe(3)
})

test('tables that share names do not share members', () => {
  const names = new Names()
  const [one, other] = [new OnlineTable(names), new OnlineTable(names)]
  one.apply({ whole: true, here: ['a'], gone: [] })
  expect([one.size, other.size]).toEqual([1, 0])
})

test('a table is a set', () => {
  const names = fc.array(fc.integer({ min: 0, max: 400 }).map(String))
  fc.assert(
    fc.property(fc.array(fc.record({ whole: fc.boolean(), here: names, gone: names })), (changes) => {
      const table = new OnlineTable(new Names())
      let model = new Set<string>()
      for (const { whole, here, gone } of changes) {
        if (whole) model = new Set()
        for (const name of gone) model.delete(name)
        for (const name of here) model.add(name)
        table.apply({ whole, here, gone })
        expect(table.size).toBe(model.size)
      }
    }),
  )
})
