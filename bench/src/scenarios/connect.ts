import type { Case, Scenario } from '../contest.ts'
import { listenOverflows } from '../machine/proc.ts'
import { Histogram } from '../stats/histogram.ts'
import type { Trial } from '../trial.ts'

/** Until the server has seen everybody go. */
const SETTLE_MS = 1_000

function storm(
  name: string,
  title: string,
  before: (trial: Trial, come: () => Promise<unknown>) => Promise<void>,
): Case {
  return {
    name,
    title,
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
      const come = () => trial.connect({ rooms: trial.pick(100, 5), perRoom: 100, inFlight: 2000 })
      await before(trial, come)
      const overflows = listenOverflows()
      const { joined, ms, latency, load } = await come()
      const histogram = Histogram.from(latency)
      return {
        value: (joined * 1000) / ms,
        perCore: joined / load.serverSeconds,
        figures: {
          'CPU µs each': (load.serverSeconds * 1e6) / joined,
          ...histogram.percentiles(),
          overflows: listenOverflows() - overflows,
        },
        load,
        latency,
      }
    },
  }
}

const crowd = '10,000 connect and join rooms of 100, 2,000 handshakes under way'

export const connect: Scenario = {
  name: 'connect',
  about: 'everybody comes at once: to a process that has just started, and again to one that had them before',
  cases: [
    storm('connect', `connect storm: ${crowd}`, async () => {}),
    storm('reconnect', `reconnect storm: all have gone at once, and ${crowd}`, async (trial, come) => {
      await come()
      await trial.drive('disconnect', {})
      await new Promise((resolve) => setTimeout(resolve, SETTLE_MS))
    }),
  ],
}
