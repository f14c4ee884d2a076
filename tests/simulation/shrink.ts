import type { Step } from './plan.ts'
import { type Run, type SimulateOptions, simulate } from './simulate.ts'

/** What is wrong with a run, in a word for each kind. */
export function faultsOf({ report, broken }: Run): string[] {
  const anomalies = report.anomalies.map(({ rule, anomaly }) => `${rule}/${anomaly}`)
  return [...new Set([...anomalies, ...broken.map((what) => what.replace(/\d+/g, 'N'))])]
}

/** The fewest steps found, by leaving out more and more, with which a seed still goes wrong in the same way. */
export async function shrink(seed: number, options: SimulateOptions = {}): Promise<Run> {
  let best = await simulate(seed, options)
  const [fault] = faultsOf(best)
  if (fault === undefined) return best
  const without = async (from: number, count: number) => {
    const steps: readonly Step[] = best.steps.toSpliced(from, count)
    const run = await simulate(seed, { ...options, steps })
    if (!faultsOf(run).includes(fault)) return false
    best = run
    return true
  }
  for (let size = best.steps.length >> 1; size >= 1; size >>= 1) {
    for (let shrunk = true; shrunk; ) {
      shrunk = false
      for (let from = 0; from < best.steps.length; ) {
        if (await without(from, size)) shrunk = true
        else from += size
      }
    }
  }
  return best
}
