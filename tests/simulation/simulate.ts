import {
  check,
  type HistoryRecord,
  type NetworkCounters,
  type Report,
  seededRandom,
  type WireCounts,
  type WireEvent,
} from '@rollcall/testkit'
import { healAndLook } from './healing.ts'
import { plan, type Step } from './plan.ts'
import { type Scenario, scenario } from './scenario.ts'
import { type Mutant, World } from './world.ts'

/** What became of one seed. */
export interface Run {
  readonly scenario: Scenario
  readonly steps: readonly Step[]
  readonly records: readonly HistoryRecord[]
  readonly report: Report
  /** What happened that must not, whatever the history says. */
  readonly broken: readonly string[]
  readonly network: Readonly<NetworkCounters>
  readonly wire: Readonly<WireCounts>
  readonly slow: Readonly<
    Record<'behind' | 'caughtUp' | 'closedAsSlow' | 'volatileDropped' | 'volatileConflated', number>
  >
}

export interface SimulateOptions {
  readonly mutant?: Mutant
  /** The world and the steps in it instead of the seed's own. */
  readonly setting?: Scenario
  readonly steps?: readonly Step[]
  /** Hears all that happens to connections, with the time since the beginning. */
  readonly trace?: (atMs: number, event: WireEvent) => void
}

/** Simulates what a seed stands for, from beginning to end. The same seed gives the same run. */
export async function simulate(
  seed: number,
  { mutant = {}, setting: given, steps, trace }: SimulateOptions = {},
): Promise<Run> {
  const random = seededRandom(seed)
  const setting = given ?? scenario(seed, random.fork('scenario'))
  const taken = steps ?? plan(setting, random.fork('plan'))
  const world = new World(setting, mutant)
  const { cluster } = world
  const start = cluster.clock.now()
  if (trace) cluster.network.observe((event) => trace(cluster.clock.now() - start, event))
  try {
    for (const step of taken) {
      await cluster.advance(start + step.at - cluster.clock.now())
      world.take(step)
    }
    await cluster.advance(start + setting.turbulentMs - cluster.clock.now())
    await healAndLook(world)
  } catch (error) {
    world.broken.push(`The simulation cannot go on: ${error}`)
  }
  world.wire.stop()
  for (const { what, error } of cluster.failures)
    if (!what.startsWith('The log did not take')) world.broken.push(`${what}: ${error}`)
  const { records } = world.history
  const keeps =
    setting.keptMs > 1_000_000
      ? (topic: string) => (topic.startsWith('tiny') ? setting.keptMessages : 1_000)
      : () => undefined
  const stats = cluster.nodes.filter(({ running }) => running).map(({ app }) => app.stats())
  const sum = (name: keyof Run['slow']) => stats.reduce((total, each) => total + each[name], 0)
  return {
    scenario: setting,
    steps: taken,
    records,
    // A slow reader may leave long before it has read what was said.
    report: check(records, { keeps, deliveryMs: Number.POSITIVE_INFINITY }),
    broken: world.broken,
    network: cluster.network.counters,
    wire: world.wire.counts,
    slow: {
      behind: sum('behind'),
      caughtUp: sum('caughtUp'),
      closedAsSlow: sum('closedAsSlow'),
      volatileDropped: sum('volatileDropped'),
      volatileConflated: sum('volatileConflated'),
    },
  }
}

/** Whether the run kept every promise. */
export function isSound({ report, broken }: Run): boolean {
  return report.anomalies.length === 0 && broken.length === 0
}
