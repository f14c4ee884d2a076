import { expect, it } from 'vitest'
import { fromLines, type HistoryRecord, history, toLines } from '../src/index.ts'

it('records carry the time at which they were added, and survive as lines', () => {
  let now = 5
  const log = history(() => now)
  log.add({ kind: 'send', by: 'anna', topic: 'room:\u2028', value: 'v"\n1' })
  now = 7
  log.add({ kind: 'accepted', topic: 'room:\u2028', value: 'v"\n1', position: { epoch: 'e', offset: 1 } })
  expect(log.records.map(({ at }) => at)).toEqual([5, 7])
  expect(log.lines().split('\n')).toHaveLength(3)
  expect(fromLines(log.lines())).toEqual(log.records)
})

it('histories of several processes are joined by time, and what one recorded at once stays in order', () => {
  const quiet = (at: number): HistoryRecord => ({ kind: 'quiet', at })
  const fault = (at: number, target: string): HistoryRecord => ({ kind: 'fault', at, fault: 'cut', target, effect: 1 })
  const joined = fromLines(toLines([fault(1, 'a'), fault(3, 'a1'), fault(3, 'a2')]), toLines([fault(2, 'b'), quiet(4)]))
  expect(joined.map((record) => ('target' in record ? record.target : record.kind))).toEqual([
    'a',
    'b',
    'a1',
    'a2',
    'quiet',
  ])
})

it.each([
  ['{"kind":"quiet","at":1}\nnot json\n', 'Line 2 of the history is not JSON'],
  ['{"kind":"quiet"}', 'Line 1 of the history is no record'],
  ['null', 'Line 1 of the history is no record'],
  ['[]', 'Line 1 of the history is no record'],
])('what is no record is named: %s', (text, message) => {
  expect(() => fromLines(text)).toThrow(message)
})

it('empty lines are nothing', () => {
  expect(fromLines('', '\n\n', ' \n')).toEqual([])
})
