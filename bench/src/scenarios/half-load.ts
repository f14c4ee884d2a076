import type { Aim, Case, Scenario } from '../contest.ts'
import type { OpenLoopPlan, OpenLoopReport } from '../generator/open-loop.ts'
import { Histogram } from '../stats/histogram.ts'
import type { Trial } from '../trial.ts'

const TARGET = 0.5

/** Finds the rate, in messages a second, at which the server's core is half busy. */
export async function seekHalfLoad(trial: Trial, start: number): Promise<number> {
  let rate = start
  for (let step = 0; step < trial.pick(6, 3); step++) {
    const plan: OpenLoopPlan = { warmupMs: 300, measureMs: 700, rate, payloadBytes: 128, stalledShare: 0 }
    const { load } = await trial.drive<OpenLoopReport>('openLoop', plan)
    if (Math.abs(load.server - TARGET) < 0.03) break
    if (Number.isNaN(load.server)) break
    rate *= Math.min(3, Math.max(0.4, TARGET / Math.max(load.server, 0.01)))
  }
  return rate
}

function halfLoadCase(rooms: number, aims: readonly Aim[]): Case {
  const subscribers = 8000
  const where = rooms === 1 ? 'in one room' : `in ${rooms} rooms`
  return {
    name: `half-load-${rooms}`,
    title: `half load: open loop at 50 % CPU, ${subscribers.toLocaleString('en')} subscribers ${where}`,
    value: { name: 'p99', unit: 'ms' },
    better: 'less',
    rounds: 'as asked',
    columns: [
      { name: 'deliveries', unit: 'per second' },
      { name: 'p50', unit: 'ms' },
      { name: 'last p99', unit: 'ms' },
      { name: 'max', unit: 'ms' },
    ],
    systems: ['rollcall', 'socket.io', 'ws', 'bun'],
    aims,
    async trial(trial) {
      const perRoom = trial.pick(subscribers / rooms, rooms === 1 ? 400 : 5)
      await trial.connect({ rooms, perRoom })
      const rate = await seekHalfLoad(trial, 40_000 / perRoom)
      const plan: OpenLoopPlan = { ...trial.window, rate, payloadBytes: 128, stalledShare: 0 }
      const report = await trial.drive<OpenLoopReport>('openLoop', plan)
      if (report.overruns > 0) throw new Error('The server did not keep up with half its load')
      const latency = Histogram.from(report.latency)
      return {
        value: latency.quantile(0.99) / 1000,
        figures: {
          deliveries: (report.deliveries * 1000) / report.ms,
          p50: latency.quantile(0.5) / 1000,
          'last p99': Histogram.from(report.last).quantile(0.99) / 1000,
          max: latency.max / 1000,
        },
        load: report.load,
        latency: report.latency,
      }
    },
  }
}

export const halfLoad: Scenario = {
  name: 'half-load',
  about: 'latency to every receiver while half of a core is busy',
  cases: [
    halfLoadCase(80, [{ kind: 'at most', of: 'rollcall', figure: 'p99', bound: 25 }]),
    // One message to all of them costs most of a tenth of a second in the kernel alone: shown, without an aim.
    halfLoadCase(1, []),
  ],
}
