import { describe, expect, it } from 'vitest'
import { MUTANTS } from './mutants.ts'
import { simulate } from './simulate.ts'

/** So many seeds may pass until a faulty server is found out. */
const SEEDS = 60

describe('the simulation finds a server that', () => {
  for (const mutant of MUTANTS)
    it(mutant.name, async () => {
      const found = new Set<string>()
      for (let seed = 1; seed <= SEEDS; seed++) {
        const { report } = await simulate(seed, { mutant })
        for (const { anomaly } of report.anomalies) found.add(anomaly)
        if (mutant.finds.some((anomaly) => found.has(anomaly))) return
      }
      expect([...found]).toContain(mutant.finds.join(' or '))
    })
})
