import { expect, it } from 'vitest'
import { Shedding } from '../../src/connection/shedding.ts'

function crowd(...waiting: number[]) {
  const shed: number[] = []
  const connections = waiting.map((waitingBytes) => ({ waitingBytes, shed: () => void shed.push(waitingBytes) }))
  return { connections, shed }
}

it('lets all be as long as what waits has room', () => {
  const { connections, shed } = crowd(500, 500)
  const shedding = new Shedding(1_000, 100, () => 1_000)
  expect([shedding.look(connections), shed]).toEqual([0, []])
})

it('closes those that most waits for, until the rest has room', () => {
  const { connections, shed } = crowd(10, 300, 900, 100, 600)
  const shedding = new Shedding(1_000, 100, () => 2_400)
  expect([shedding.look(connections), shed]).toEqual([2, [900, 600]])
})

it('lets those be that are not slow, though memory is short', () => {
  const { connections, shed } = crowd(0, 50, 99)
  const shedding = new Shedding(1_000, 100, () => 1_000_000)
  expect([shedding.look(connections), shed]).toEqual([0, []])
})

it('waits for the memory of those it closed before it closes more', () => {
  const { connections, shed } = crowd(200, 300, 400, 500)
  const shedding = new Shedding(1_000, 100, () => 1_400)
  const closed = Array.from({ length: 7 }, () => shedding.look(connections))
  expect(closed).toEqual([1, 0, 0, 1, 0, 0, 1])
  expect(shed[0]).toBe(500)
})
