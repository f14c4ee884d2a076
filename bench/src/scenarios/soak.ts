import type { Scenario } from '../contest.ts'
import type { ChurnPlan, ChurnReport } from '../generator/churn.ts'
import type { OpenLoopPlan, OpenLoopReport } from '../generator/open-loop.ts'
import { elapse } from '../generator/window.ts'
import { rssBytes } from '../machine/proc.ts'
import { Histogram } from '../stats/histogram.ts'
import { slope } from '../stats/summary.ts'
import type { SystemUsage } from '../systems/stage.ts'
import type { Trial } from '../trial.ts'

/** Watches resident memory; the first third of the time counts as warming up. Answers the slope in bytes a minute. */
async function watchRss(trial: Trial, forMs: number): Promise<number> {
  const points: [number, number][] = []
  const startedAt = performance.now()
  const everyMs = Math.min(1000, forMs / 30)
  while (performance.now() - startedAt < forMs) {
    await elapse(everyMs)
    const minutes = (performance.now() - startedAt) / 60_000
    if (minutes * 60_000 > forMs / 3) points.push([minutes, rssBytes(trial.server.pid)])
  }
  return slope(points)
}

function timers({ resources }: SystemUsage): number {
  return resources['Timeout'] ?? 0
}

function sockets({ resources }: SystemUsage): number {
  return (resources['TCPSocketWrap'] ?? 0) + (resources['TCPServerWrap'] ?? 0)
}

export const soak: Scenario = {
  name: 'soak',
  about: 'hours of ordinary life: talk, while people come and go, half of them without a word; --minutes sets the time',
  cases: [
    {
      name: 'soak',
      title: 'soak: 500 talk in 50 rooms; 40 a second come to rooms with presence, stay a while and go',
      value: { name: 'RSS slope a minute', unit: 'bytes' },
      better: 'less',
      rounds: 'one',
      columns: [
        { name: 'RSS', unit: 'bytes' },
        { name: 'came', unit: 'number' },
        { name: 'lost', unit: 'number' },
        { name: 'timers left', unit: 'number' },
        { name: 'sockets left', unit: 'number' },
        { name: 'p99', unit: 'ms' },
      ],
      systems: ['rollcall', 'socket.io'],
      aims: [
        { kind: 'at most', of: 'rollcall', figure: 'RSS slope a minute', bound: 262_144 },
        { kind: 'at most', of: 'rollcall', figure: 'lost', bound: 0 },
        { kind: 'at most', of: 'rollcall', figure: 'timers left', bound: 2 },
        { kind: 'at most', of: 'rollcall', figure: 'sockets left', bound: 0 },
      ],
      async trial(trial) {
        const forMs = trial.scale.soakSeconds * 1000
        await trial.connect({ rooms: 50, perRoom: trial.pick(10, 4) })
        await elapse(200)
        const before = await trial.usage()
        const talk: OpenLoopPlan = { warmupMs: 0, measureMs: forMs, rate: 200, payloadBytes: 128, stalledShare: 0 }
        const { ports, speech } = trial.crowd({ rooms: 1, perRoom: 1 })
        const people = { port: ports[0] ?? 0, speech, prefix: 'here', rooms: 20, present: true, perSecond: 40 }
        const coming: ChurnPlan = { ...people, stayMs: Math.min(5000, forMs / 4), forMs }
        const visitors = await trial.generator(1)
        const [report, churned, rssSlope] = await Promise.all([
          trial.drive<OpenLoopReport>('openLoop', talk),
          visitors.ask<ChurnReport>('churn', coming),
          watchRss(trial, forMs),
        ])
        // What was reset is noticed by the server, and a member whose connection was lost stays for the grace period.
        await elapse(trial.pick(10_000, 7000))
        const after = await trial.usage()
        return {
          value: rssSlope,
          figures: {
            RSS: report.load.rss,
            came: churned.came,
            lost: churned.lost,
            'timers left': timers(after) - timers(before),
            'sockets left': sockets(after) - sockets(before),
            p99: Histogram.from(report.latency).quantile(0.99) / 1000,
          },
          load: report.load,
          latency: report.latency,
        }
      },
    },
  ],
}
