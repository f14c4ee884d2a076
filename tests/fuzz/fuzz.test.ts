import { expect, test } from 'vitest'
import { fuzzConnections, fuzzDecoders } from './fuzz.ts'

// A short run with a seed of its own each time. `npm run fuzz -- --seed N` repeats it, or goes on for longer.
const seed = Number(process.env['SEED'] ?? Date.now() % 1_000_000_000)
const MIB = 1_048_576

test(`every decoder, seed ${seed}`, async () => {
  const { inputs, faults, bytes, missing } = await fuzzDecoders({ seed, inputs: 60_000 })
  for (const reason of missing) console.info(`left out: ${reason}`)
  expect(faults).toEqual([])
  expect(Object.values(inputs).every((count) => count > 1_000)).toBe(true)
  expect(bytes / MIB).toBeLessThan(16)
})

test(`connections of every kind, seed ${seed}`, async () => {
  const { faults, bytes, sockets, opened, closes } = await fuzzConnections({ seed, inputs: 40_000 })
  expect(faults).toEqual([])
  expect(sockets).toBe(0)
  expect(bytes / MIB).toBeLessThan(16)
  expect(opened).toBeGreaterThan(100)
  // They got far enough to be refused for what they said.
  expect(Object.keys(closes)).toEqual(expect.arrayContaining(['1002', '4400']))
})
