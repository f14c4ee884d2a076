import { type SeededRandom, seededRandom } from '@rollcall/testkit'
import type { Step } from './plan.ts'
import type { Scenario } from './scenario.ts'
import { type Run, simulate } from './simulate.ts'

const NODES = 3
const CLIENTS = 8
const TOPICS = ['room:a', 'room:b', 'tiny:a']
/** How long people talk. */
const TALK_MS = 60_000
/** When what is to be survived begins, at the latest: all are there by then. */
const CALM_MS = 5_000

type Fault = (random: SeededRandom) => Step[]

const node = (random: SeededRandom) => random.int(0, NODES - 1)
const soon = (random: SeededRandom) => random.int(1_000, CALM_MS)

/** What happens to three nodes that share a log and a broker. The same is done to real processes in `tests/faults`. */
export const CLUSTER_FAULTS: Readonly<Record<string, Fault>> = {
  'a node is killed': (random) => [
    {
      at: soon(random),
      do: 'crash',
      node: node(random),
      forMs: random.pick([0, 3_000, 20_000]),
      peers: random.pick(['reset', 'silent']),
      log: 'kept',
    },
  ],
  'a node stands still': (random) => [
    { at: soon(random), do: 'suspend', node: node(random), forMs: random.pick([3_000, 10_000, 40_000]) },
  ],
  'the engine is away': (random) => {
    const [at, forMs] = [soon(random), random.pick([2_000, 10_000, 30_000])]
    const logs = Array.from({ length: NODES }, (_, i): Step => ({ at, do: 'logAway', node: i, forMs }))
    return [{ at, do: 'bus', drop: 1, delayMs: 5, forMs }, ...logs]
  },
  'a node is cut off from the engine': (random) => {
    const [at, forMs, which] = [soon(random), random.pick([3_000, 10_000, 30_000]), node(random)]
    return [
      { at, do: 'split', node: which, forMs },
      { at, do: 'logAway', node: which, forMs },
    ]
  },
  'the engine is slow': (random) => [
    { at: soon(random), do: 'bus', drop: 0, delayMs: random.pick([20, 500]), forMs: 30_000 },
  ],
  'the engine loses what nodes say': (random) => [
    { at: soon(random), do: 'bus', drop: random.pick([0.05, 0.5]), delayMs: 5, forMs: 30_000 },
  ],
  'all nodes are restarted one after the other': (random) => {
    const begin = soon(random)
    const pauseMs = random.pick([500, 5_000])
    return Array.from({ length: NODES }, (_, i): Step => ({ at: begin + i * pauseMs, do: 'stop', node: i, forMs: 100 }))
  },
  'all nodes but one are killed': (random) => {
    const [at, left] = [soon(random), node(random)]
    const killed = Array.from({ length: NODES }, (_, i) => i).filter((i) => i !== left)
    return killed.map((i): Step => ({ at, do: 'crash', node: i, forMs: 10_000, peers: 'reset', log: 'kept' }))
  },
}

/** One seed of a fault among three nodes, with people who talk all the time and lose their connections now and then. */
export function simulateCluster(fault: string, seed: number): Promise<Run> {
  const random = seededRandom(seed).fork(fault)
  const steps = [...(CLUSTER_FAULTS[fault]?.(random.fork('fault')) ?? []), ...life(random.fork('life'))]
  return simulate(seed, { setting: setting(seed, random), steps: steps.sort((a, b) => a.at - b.at) })
}

function life(random: SeededRandom): Step[] {
  const steps: Step[] = []
  for (let client = 0; client < CLIENTS; client++) {
    const topic = random.pick(TOPICS)
    steps.push({ at: 0, do: 'join', client, topic, seen: true, again: false })
    for (let at = random.int(500, 2_000); at < TALK_MS; at += random.int(200, 3_000))
      steps.push({ at, do: 'send', client, topic, count: random.pick([1, 1, 3]), padding: 0 })
    if (random.chance(0.5)) steps.push({ at: random.int(500, TALK_MS), do: 'cut', client })
    if (random.chance(0.2)) steps.push({ at: random.int(500, TALK_MS), do: 'reconnect', client })
    if (random.chance(0.2)) steps.push({ at: random.int(500, TALK_MS), do: 'show', client, topic })
  }
  return steps
}

function setting(seed: number, random: SeededRandom): Scenario {
  return {
    seed,
    nodes: NODES,
    clients: CLIENTS,
    users: CLIENTS,
    topics: TOPICS,
    turbulentMs: TALK_MS,
    steps: 0,
    logDelayMs: random.pick([1, 20]),
    delayMs: random.pick([1, 20]),
    jitterMs: random.pick([0, 20]),
    windowBytes: 64_000,
    keptMessages: 1_000,
    keptMs: 86_400_000,
    outboxBytes: 1_000_000,
    volatileBytes: 64_000,
    pageMessages: random.pick([3, 100]),
    maxBufferedBytes: 256_000,
    graceMs: 5_000,
    resumeMs: 60_000,
  }
}
