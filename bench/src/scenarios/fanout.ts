import type { Aim, Case, Measure, Scenario } from '../contest.ts'
import type { FanoutPlan, FanoutReport } from '../generator/fanout.ts'
import { Histogram } from '../stats/histogram.ts'
import type { Trial } from '../trial.ts'

const peers = ['rollcall', 'socket.io', 'ws', 'ws-once', 'bun']

export const columns: Case['columns'] = [
  { name: 'CPU µs each', unit: 'number' },
  { name: 'p50', unit: 'ms' },
  { name: 'p99', unit: 'ms' },
  { name: 'last p99', unit: 'ms' },
  { name: 'wire bytes', unit: 'number' },
  { name: 'RSS', unit: 'bytes' },
]

/** The figures of a closed loop of messages. */
function fanoutMeasure(report: FanoutReport): Measure {
  const latency = Histogram.from(report.latency)
  const last = Histogram.from(report.last)
  const { deliveries, load, ms, deliveryBytes } = report
  return {
    value: (deliveries * 1000) / ms,
    perCore: deliveries / load.serverSeconds,
    figures: {
      'CPU µs each': (load.serverSeconds * 1e6) / deliveries,
      ...latency.percentiles(),
      'last p99': last.quantile(0.99) / 1000,
      'wire bytes': deliveryBytes,
      RSS: load.rss,
    },
    load,
    latency: report.latency,
  }
}

/** Connects rooms and drives them. */
export async function driveFanout(
  trial: Trial,
  crowd: { readonly prefix?: string; readonly rooms: number; readonly perRoom: number },
  loop: Pick<FanoutPlan, 'outstanding' | 'speakers'>,
): Promise<Measure> {
  await trial.connect(crowd)
  const plan: FanoutPlan = { ...trial.window, payloadBytes: 128, ...loop }
  return fanoutMeasure(await trial.drive<FanoutReport>('fanout', plan))
}

function room(kind: 'busy' | 'quiet', subscribers: number, outstanding: number, aims: readonly Aim[]): Case {
  const count = subscribers.toLocaleString('en')
  return {
    name: `${kind}-${subscribers}`,
    title: `${kind} room: ${count} subscribers, ${outstanding} message${outstanding > 1 ? 's' : ''} outstanding`,
    value: { name: 'deliveries', unit: 'per second' },
    better: 'more',
    rounds: 'as asked',
    columns,
    systems: peers,
    aims,
    trial(trial) {
      const crowd = { rooms: 1, perRoom: trial.pick(subscribers, Math.min(subscribers / 4, 400)) }
      return driveFanout(trial, crowd, { outstanding, speakers: 'first' })
    },
  }
}

function aim(against: string, atLeast: number): Aim {
  return { kind: 'ratio', of: 'rollcall', against, atLeast }
}

const busyAims = [aim('socket.io', 30), aim('ws', 25), aim('bun', 1)]
const quietAims = [aim('socket.io', 1.3), aim('bun', 0.95)]

export const fanout: Scenario = {
  name: 'fanout',
  about: 'one room; each message reaches everybody',
  cases: [
    room('busy', 1000, 32, busyAims),
    room('busy', 8000, 32, busyAims),
    room('quiet', 1000, 1, quietAims),
    room('quiet', 8000, 1, quietAims),
  ],
}
