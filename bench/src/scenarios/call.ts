import type { Scenario } from '../contest.ts'
import type { CallsPlan } from '../generator/calls.ts'
import type { WindowReport } from '../generator/window.ts'
import { Histogram } from '../stats/histogram.ts'

export const call: Scenario = {
  name: 'call',
  about: 'requests with replies; the plain servers echo, which is the floor',
  cases: [
    {
      name: 'call',
      title: 'call and reply: 100 connections, 10 calls outstanding on each',
      value: { name: 'round trips', unit: 'per second' },
      better: 'more',
      rounds: 'as asked',
      columns: [
        { name: 'CPU µs each', unit: 'number' },
        { name: 'p50', unit: 'ms' },
        { name: 'p99', unit: 'ms' },
      ],
      systems: ['rollcall', 'socket.io', 'ws', 'bun'],
      aims: [{ kind: 'ratio', of: 'rollcall', against: 'socket.io', atLeast: 1.5 }],
      async trial(trial) {
        await trial.connect({ rooms: trial.pick(10, 2), perRoom: 10 })
        const plan: CallsPlan = { ...trial.window, outstanding: 10, payloadBytes: 128 }
        const { deliveries, load, ms, latency } = await trial.drive<WindowReport>('calls', plan)
        const histogram = Histogram.from(latency)
        return {
          value: (deliveries * 1000) / ms,
          perCore: deliveries / load.serverSeconds,
          figures: {
            'CPU µs each': (load.serverSeconds * 1e6) / deliveries,
            ...histogram.percentiles(),
          },
          load,
          latency,
        }
      },
    },
  ],
}
