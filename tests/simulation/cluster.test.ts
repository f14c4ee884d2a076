import { expect, it } from 'vitest'
import { CLUSTER_FAULTS, simulateCluster } from './cluster.ts'
import { faultsOf } from './shrink.ts'
import { isSound } from './simulate.ts'

const SEEDS = 30

it.each(Object.keys(CLUSTER_FAULTS))('every promise holds when %s', { timeout: 300_000 }, async (fault) => {
  const failures: string[] = []
  const totals = { accepted: 0, deliveries: 0, resumed: 0, recovered: 0, faults: 0, gaps: 0 }
  for (let seed = 1; seed <= SEEDS; seed++) {
    const run = await simulateCluster(fault, seed)
    if (!isSound(run)) failures.push(`seed ${seed}: ${faultsOf(run).slice(0, 3).join('; ')}`)
    const { accepted, deliveries, resumed, recovered, gaps, faults } = run.report.counts
    totals.accepted += accepted
    totals.deliveries += deliveries
    totals.resumed += resumed
    totals.recovered += recovered
    totals.gaps += Object.values(gaps).reduce((sum, each) => sum + each, 0)
    totals.faults += Object.keys(faults).length
  }
  console.log(fault, totals)
  expect(failures).toEqual([])
  // Nothing is kept for less than the run: whoever comes back misses nothing, and no gap is told.
  expect(totals.gaps).toBe(0)
  expect(totals.accepted).toBeGreaterThan(SEEDS * 100)
  expect(totals.recovered).toBeGreaterThan(SEEDS)
  expect(totals.faults).toBeGreaterThan(SEEDS)
})
