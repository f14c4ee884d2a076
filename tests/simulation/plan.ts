import type { SeededRandom } from '@rollcall/testkit'
import type { Scenario } from './scenario.ts'

type Who = { readonly client: number }
type Where = Who & { readonly topic: string }
type Lasting = { readonly forMs: number }

/** What is done to the world, and when. What does not fit to the state in which it finds the world does nothing. */
export type Step = { readonly at: number } & (
  | ({ readonly do: 'join'; readonly seen: boolean; readonly last?: number; readonly again: boolean } & Where)
  | ({ readonly do: 'leave' } & Where)
  | ({ readonly do: 'send'; readonly count: number; readonly padding: number } & Where)
  | ({ readonly do: 'move'; readonly count: number } & Where)
  | ({ readonly do: 'call' } & Where)
  | ({ readonly do: 'page'; readonly limit: number } & Where)
  | ({ readonly do: 'show' | 'hide' } & Where)
  | { readonly do: 'emit'; readonly node: number; readonly topic: string; readonly count: number }
  | ({ readonly do: 'kick' | 'ban' } & Where)
  | ({ readonly do: 'close' | 'kill' | 'reconnect' | 'refresh' | 'cut' } & Who)
  | ({ readonly do: 'halfOpen'; readonly believes: 'client' | 'server' | 'both' } & Who)
  | ({ readonly do: 'stall'; readonly directions: 'up' | 'down' | 'both' } & Who & Lasting)
  | ({ readonly do: 'refuse' } & Who & Lasting)
  | ({ readonly do: 'slow'; readonly bytesPerSecond: number } & Who & Lasting)
  | ({ readonly do: 'sleep'; readonly wakes: boolean } & Who & Lasting)
  | {
      readonly do: 'crash'
      readonly node: number
      readonly forMs: number
      readonly peers: 'reset' | 'silent'
      readonly log: 'kept' | 'lost'
    }
  | { readonly do: 'stop' | 'suspend' | 'logAway'; readonly node: number; readonly forMs: number }
  | { readonly do: 'logMute' | 'feedLoss'; readonly node: number; readonly forMs: number; readonly share: number }
  | { readonly do: 'split'; readonly node: number; readonly forMs: number }
  /** What nodes say to each other takes longer, or is lost, by share. Not drawn by chance: see `cluster.ts`. */
  | { readonly do: 'bus'; readonly drop: number; readonly delayMs: number; readonly forMs: number }
)

/** How often each step is taken; faults make up about a third. */
const WEIGHTS = {
  join: 14,
  leave: 4,
  send: 30,
  move: 5,
  call: 2,
  page: 2,
  show: 5,
  hide: 1,
  emit: 4,
  kick: 0.5,
  ban: 0.5,
  close: 1,
  kill: 1,
  reconnect: 1,
  refresh: 1,
  cut: 7,
  halfOpen: 5,
  stall: 4,
  refuse: 1,
  slow: 5,
  sleep: 2,
  crash: 3,
  stop: 1,
  suspend: 1,
  logAway: 1,
  logMute: 1,
  feedLoss: 1.5,
  split: 1,
} as const

/** A scenario's steps in order of time: everybody joins something first. */
export function plan(scenario: Scenario, random: SeededRandom): Step[] {
  const steps: Step[] = []
  for (let client = 0; client < scenario.clients; client++)
    steps.push({ at: 0, do: 'join', client, topic: random.pick(scenario.topics), seen: true, again: false })
  for (let i = 0; i < scenario.steps; i++) {
    const at = Math.floor(random.fraction() * scenario.turbulentMs)
    // Some things happen at the same moment: that is where machines are weakest.
    const together = random.chance(0.2) ? steps[steps.length - 1] : undefined
    steps.push({ at: together?.at ?? at, ...step(scenario, random) } as Step)
  }
  return steps.sort((a, b) => a.at - b.at)
}

function step(scenario: Scenario, random: SeededRandom): Record<string, unknown> {
  const what = random.weighted(WEIGHTS)
  const client = random.int(0, scenario.clients - 1)
  const topic = random.pick(scenario.topics)
  const node = random.int(0, scenario.nodes - 1)
  const forMs = random.pick([50, 500, 2_000, 5_000, 9_000, 20_000])
  switch (what) {
    case 'join':
      return {
        do: what,
        client,
        topic,
        seen: random.chance(0.8),
        again: random.chance(0.5),
        ...(random.chance(0.2) && { last: random.int(0, 10) }),
      }
    case 'send':
      return {
        do: what,
        client,
        topic,
        count: random.pick([1, 1, 1, 3, 10, 60]),
        padding: random.pick([0, 0, 200, 2_000]),
      }
    case 'move':
      return { do: what, client, topic, count: random.int(1, 20) }
    case 'page':
      return { do: what, client, topic, limit: random.int(1, 30) }
    case 'emit':
      return { do: what, node, topic, count: random.int(1, 5) }
    case 'halfOpen':
      return { do: what, client, believes: random.pick(['client', 'server', 'both']) }
    case 'stall':
      return { do: what, client, forMs, directions: random.pick(['up', 'down', 'both']) }
    case 'slow':
      return { do: what, client, forMs, bytesPerSecond: random.pick([0, 500, 5_000]) }
    case 'sleep':
      return { do: what, client, forMs, wakes: random.chance(0.5) }
    case 'crash':
      return {
        do: what,
        node,
        forMs: random.pick([0, 100, 3_000]),
        peers: random.pick(['reset', 'silent']),
        log: random.pick(['kept', 'kept', 'lost']),
      }
    case 'stop':
      return { do: what, node, forMs: random.pick([0, 100, 3_000]) }
    case 'logMute':
    case 'feedLoss':
      return { do: what, node, forMs, share: random.pick([0.1, 0.5, 1]) }
    case 'suspend':
    case 'logAway':
    case 'split':
      return { do: what, node, forMs }
    default:
      return { do: what, client, topic, forMs }
  }
}
