import { manualClock } from '@rollcall/testkit'
import { expect, it } from 'vitest'
import { Shedding } from '../../src/connection/shedding.ts'

function crowd(...waiting: number[]) {
  const shed: number[] = []
  const connections = waiting.map((waitingBytes) => ({ waitingBytes, shed: () => void shed.push(waitingBytes) }))
  return { connections, shed }
}

const shedding = (held: number, clock = manualClock()) => new Shedding(clock, 1_000, 100, () => held)

it('lets all be as long as what waits has room', () => {
  const { connections, shed } = crowd(500, 500)
  expect([shedding(1_000).look(connections), shed]).toEqual([0, []])
})

it('closes those that most waits for, until the rest has room', () => {
  const { connections, shed } = crowd(10, 300, 900, 100, 600)
  expect([shedding(2_400).look(connections), shed]).toEqual([2, [900, 600]])
})

it('lets those be that are not slow, though memory is short', () => {
  const { connections, shed } = crowd(0, 50, 99)
  expect([shedding(1_000_000).look(connections), shed]).toEqual([0, []])
})

it('takes the memory of those it closed for free until it is, and closes more when it is not', async () => {
  const clock = manualClock()
  const looking = shedding(1_400, clock)
  expect(looking.look(crowd(500, 400).connections)).toBe(1)
  expect(looking.look(crowd(400, 300).connections)).toBe(0)
  await clock.advance(200)
  expect(looking.look(crowd(400, 300).connections)).toBe(0)
  await clock.advance(200)
  expect(looking.look(crowd(400, 300).connections)).toBe(1)
})

it('asks to be let look when an eighth of all waits anew', () => {
  const looking = shedding(0)
  expect([60, 60, 60].map((bytes) => looking.pressed(bytes))).toEqual([false, false, true])
  looking.look([])
  expect(looking.pressed(100)).toBe(false)
})
