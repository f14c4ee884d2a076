import { expect, test } from 'vitest'
import { chooseCases, chooseSystems, parseOptions } from '../src/options.ts'
import { scenarios } from '../src/scenarios/index.ts'

function systemsOf(name: string, vs: string[] | null): readonly string[] {
  const [found] = chooseCases(scenarios, [name])
  return found ? chooseSystems(found[1], vs) : []
}

test('without words, everything runs with the defaults', () => {
  expect(parseOptions([])).toMatchObject({
    task: 'run',
    names: [],
    vs: null,
    rounds: 3,
    scale: { size: 'full', seconds: 3, soakSeconds: 120 },
    keep: 'results',
  })
})

test('quick is small, short and not kept; what is said goes before it', () => {
  expect(parseOptions(['--quick', 'idle', '--rounds', '2'])).toMatchObject({
    names: ['idle'],
    rounds: 2,
    scale: { size: 'quick', seconds: 0.5, soakSeconds: 6 },
    keep: 'nothing',
  })
})

test.each([
  [['--vs', 'ws,redis'], 'There is no system "redis"'],
  [['--rounds', '0'], '--rounds must be a number above 0'],
  [['--seconds', 'three'], '--seconds must be a number above 0, not "three"'],
  [['--fast'], "Unknown option '--fast'"],
])('%j is refused', (args, words) => {
  expect(() => parseOptions(args)).toThrow(words)
})

test('a soak that is asked for by name is long', () => {
  expect(parseOptions(['soak']).scale.soakSeconds).toBe(1800)
  expect(parseOptions(['soak', '--minutes', '5']).scale.soakSeconds).toBe(300)
})

test('a scenario is all of its cases, and a case is itself', () => {
  const names = (given: string[]): string[] => chooseCases(scenarios, given).map(([, each]) => each.name)
  expect(names(['fanout'])).toEqual(['busy-1000', 'busy-8000', 'quiet-1000', 'quiet-8000'])
  expect(names(['quiet-8000', 'call'])).toEqual(['quiet-8000', 'call'])
  expect(names([])).toHaveLength(scenarios.flatMap((scenario) => scenario.cases).length)
  expect(() => names(['fanuot'])).toThrow('There is no scenario "fanuot"')
})

test('the peers asked for take the place of the usual ones; Rollcall stays', () => {
  expect(systemsOf('call', null)).toEqual(['rollcall', 'socket.io', 'ws', 'bun'])
  expect(systemsOf('call', ['uws', 'ws'])).toEqual(['rollcall', 'uws', 'ws'])
  expect(systemsOf('history', ['ws'])).toEqual(['rollcall', 'rollcall-memory', 'rollcall-lmdb', 'ws'])
  expect(systemsOf('call', ['rollcall', 'rollcall-plain'])).toEqual(['rollcall', 'rollcall-plain'])
})
