import { readFileSync } from 'node:fs'
import { toLines } from '@rollcall/testkit'
import { expect, it } from 'vitest'
import { MUTANTS } from './mutants.ts'
import { faultsOf, shrink } from './shrink.ts'
import { isSound, simulate } from './simulate.ts'

it('the same seed gives the same history, whatever was simulated before', async () => {
  const seeds = Array.from({ length: 25 }, (_, i) => i + 1)
  const first = new Map<number, string>()
  for (const seed of seeds) first.set(seed, toLines((await simulate(seed)).records))
  for (const seed of seeds.reverse()) expect(toLines((await simulate(seed)).records)).toBe(first.get(seed))
  expect(new Set(first.values()).size).toBe(25)
})

it('a seed that fails is shrunk to a few steps that fail in the same way', async () => {
  const mutant = MUTANTS.find(({ finds }) => finds.includes('after_leave'))!
  let seed = 1
  while (isSound(await simulate(seed, { mutant }))) seed++
  const whole = await simulate(seed, { mutant })
  const few = await shrink(seed, { mutant })
  expect(faultsOf(few)).toContain(faultsOf(whole)[0])
  expect(few.steps.length).toBeLessThan(whole.steps.length / 2)
  for (const step of few.steps) expect(whole.steps).toContainEqual(step)
})

it('the guide lists every faulty server, and what it is found as', () => {
  const guide = readFileSync(new URL('../../docs/guide/testing.md', import.meta.url), 'utf8')
  for (const { name, finds } of MUTANTS)
    expect(guide).toContain(`| ${name} | ${finds.map((anomaly) => `\`${anomaly}\``).join(', ')} |`)
})
