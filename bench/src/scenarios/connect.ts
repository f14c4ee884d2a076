import type { Scenario } from '../contest.ts'
import { listenOverflows } from '../machine/proc.ts'
import { Histogram } from '../stats/histogram.ts'

export const connect: Scenario = {
  name: 'connect',
  about: 'everybody comes at once',
  cases: [
    {
      name: 'connect',
      title: 'connect storm: 10,000 connect and join rooms of 100, 2,000 handshakes under way',
      value: { name: 'joins', unit: 'per second' },
      better: 'more',
      rounds: 'as asked',
      columns: [
        { name: 'CPU µs each', unit: 'number' },
        { name: 'p50', unit: 'ms' },
        { name: 'p99', unit: 'ms' },
        { name: 'overflows', unit: 'number' },
      ],
      systems: ['rollcall', 'socket.io', 'ws', 'bun'],
      aims: [
        { kind: 'at least', of: 'rollcall', figure: 'joins', bound: 8000 },
        { kind: 'at most', of: 'rollcall', figure: 'overflows', bound: 0 },
      ],
      async trial(trial) {
        const before = listenOverflows()
        const rooms = trial.pick(100, 5)
        const { joined, ms, latency, load } = await trial.connect({ rooms, perRoom: 100, inFlight: 2000 })
        const histogram = Histogram.from(latency)
        return {
          value: (joined * 1000) / ms,
          perCore: joined / load.serverSeconds,
          figures: {
            'CPU µs each': (load.serverSeconds * 1e6) / joined,
            p50: histogram.quantile(0.5) / 1000,
            p99: histogram.quantile(0.99) / 1000,
            overflows: listenOverflows() - before,
          },
          load,
          latency,
        }
      },
    },
  ],
}
