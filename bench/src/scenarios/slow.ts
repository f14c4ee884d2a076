import type { Scenario } from '../contest.ts'
import type { OpenLoopPlan, OpenLoopReport } from '../generator/open-loop.ts'
import { Histogram } from '../stats/histogram.ts'
import type { Trial } from '../trial.ts'

const PAYLOAD = 8192

async function p99(trial: Trial, plan: OpenLoopPlan): Promise<{ ms: number; report: OpenLoopReport }> {
  const report = await trial.drive<OpenLoopReport>('openLoop', plan)
  return { ms: Histogram.from(report.latency).quantile(0.99) / 1000, report }
}

export const slow: Scenario = {
  name: 'slow',
  about: 'one in twenty never reads: do the others feel it, and who keeps what it does not read?',
  cases: [
    {
      name: 'slow',
      title: 'slow readers: 5 % of 1,000 subscribers never read, 8 KiB messages',
      value: { name: "others' p99, times", unit: 'ratio' },
      better: 'less',
      rounds: 'as asked',
      columns: [
        { name: 'p99 before', unit: 'ms' },
        { name: 'p99 with', unit: 'ms' },
        { name: 'RSS growth', unit: 'bytes' },
        { name: 'growth per slow reader', unit: 'bytes' },
      ],
      systems: ['rollcall', 'socket.io', 'ws', 'bun'],
      aims: [
        { kind: 'at most', of: 'rollcall', figure: "others' p99, times", bound: 1.1 },
        // The outboxes are bounded at 1 MiB; beside them nothing may grow.
        { kind: 'at most', of: 'rollcall', figure: 'growth per slow reader', bound: 1_048_576 },
      ],
      async trial(trial) {
        const members = trial.pick(1000, 100)
        await trial.connect({ rooms: 1, perRoom: members })
        const seconds = Math.max(trial.pick(5, 1), trial.scale.seconds)
        // Half a megabyte a second: it takes some ten seconds until the kernel's buffers of a slow reader are full, and some
        // more until the server's are. The time with slow readers is long enough for both.
        const rate = trial.pick(60, 300)
        const common = { rate, payloadBytes: PAYLOAD, warmupMs: 1000 }
        const before = await p99(trial, { ...common, measureMs: seconds * 2000, stalledShare: 0 })
        const after = await p99(trial, { ...common, measureMs: seconds * 5000, stalledShare: 0.05 })
        const growth = Math.max(0, after.report.load.rss - before.report.load.rss)
        return {
          value: after.ms / before.ms,
          figures: {
            'p99 before': before.ms,
            'p99 with': after.ms,
            'RSS growth': growth,
            'growth per slow reader': growth / (members * 0.05),
          },
          load: after.report.load,
          latency: after.report.latency,
        }
      },
    },
  ],
}
