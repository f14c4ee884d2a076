import { type Contract, channel, contract, type Schema, volatile } from '@rollcall/core'
import type { SeededRandom } from '@rollcall/testkit'

/** What one seed's world is like. */
export interface Scenario {
  readonly seed: number
  readonly nodes: number
  readonly clients: number
  /** Users; clients above this number are second tabs of the first ones. */
  readonly users: number
  readonly topics: readonly string[]
  /** How long the turbulent part lasts. */
  readonly turbulentMs: number
  readonly steps: number
  /** How far away the log is. */
  readonly logDelayMs: number
  readonly delayMs: number
  readonly jitterMs: number
  readonly windowBytes: number
  readonly keptMessages: number
  readonly keptMs: number
  readonly outboxBytes: number
  readonly volatileBytes: number
  readonly pageMessages: number
  readonly maxBufferedBytes: number
  readonly graceMs: number
  readonly resumeMs: number
}

export const PING_MS = 4_000
export const DEAD_MS = 2_000
export const POSITION_MS = 5_000
export const BACKOFF: { readonly minMs: number; readonly maxMs: number } = { minMs: 200, maxMs: 3_000 }

/** How long everything may take to be well again once nothing is broken any more. */
export function healingMs({ graceMs, nodes }: Scenario): number {
  const noticed = PING_MS + DEAD_MS + 1_000
  // Two attempts, since the first may begin while the fault lasts and wait for its own end: 10 s without a welcome.
  const back = 10_000 + 2 * BACKOFF.maxMs
  // A node's last word on a topic that was lost is missed after three marks, of 10 s each.
  const presence = nodes > 1 ? 35_000 : 0
  return noticed + back + graceMs + 2 * POSITION_MS + presence
}

export function scenario(seed: number, random: SeededRandom): Scenario {
  const nodes = random.pick([1, 1, 1, 2, 3])
  const clients = random.int(2, 6)
  // Presence and messages that are not kept do not cross nodes in the face of faults; see the table of promises.
  const topics = ['room:a', 'room:b', 'tiny:a', ...(nodes === 1 ? ['hall:a'] : [])]
  const outboxBytes = random.pick([12_000, 50_000, 1_000_000])
  return {
    seed,
    nodes,
    clients,
    users: random.int(Math.ceil(clients / 2), clients),
    topics: topics.slice(0, random.int(1, topics.length)).concat(nodes === 1 && random.chance(0.3) ? ['hall:b'] : []),
    turbulentMs: random.int(5_000, 30_000),
    steps: random.int(10, 60),
    logDelayMs: random.pick([0, 0, nodes > 1 ? 3 : 0, 20]),
    delayMs: random.pick([1, 5, 40]),
    jitterMs: random.pick([0, 10, 100]),
    windowBytes: random.pick([2_000, 16_000, 64_000]),
    keptMessages: random.pick([5, 20, 1_000]),
    keptMs: random.pick([4_000, 86_400_000, 86_400_000]),
    outboxBytes,
    volatileBytes: random.pick([1, 1_000, 64_000]),
    pageMessages: random.pick([1, 3, 100]),
    // Well below the outbox, or catching up would look like slow reading.
    maxBufferedBytes: Math.min(random.pick([1, 2_000, 256_000]), outboxBytes / 2),
    graceMs: random.pick([1_000, 3_000, 8_000]),
    resumeMs: random.pick([1, 5_000, 60_000]),
  }
}

/** A schema that takes everything: what is simulated is not validation. */
function anything<T>(): Schema<T> {
  return { '~standard': { version: 1, vendor: 'simulation', validate: (value) => ({ value: value as T }) } }
}

const text: Schema<string> = anything<string>()
const move: Schema<{ key: string; value: string }> = anything()
const sum = { input: anything<number>(), output: anything<number>() }
const meta: Schema<{ n: number }> = anything()

/** The channels of the simulated application, with a scenario's bounds. */
export function simulated(options: Pick<Scenario, 'keptMessages' | 'keptMs'>): Contract<SimulatedChannels> {
  const events = {
    send: { say: text, move },
    emit: { said: text, moved: volatile(move, { key: ({ key }) => key }) },
    call: { double: sum },
    presence: meta,
  }
  return contract({
    'room:{id}': channel({ ...events, history: { messages: 1_000, ageMs: options.keptMs } }),
    'tiny:{id}': channel({ ...events, history: { messages: options.keptMessages, ageMs: options.keptMs } }),
    'hall:{id}': channel(events),
  })
}

export interface SimulatedSpec {
  readonly send: { readonly say: typeof text; readonly move: typeof move }
  readonly emit: { readonly said: typeof text; readonly moved: ReturnType<typeof volatile<typeof move>> }
  readonly call: { readonly double: typeof sum }
  readonly presence: typeof meta
  readonly history?: { readonly messages: number; readonly ageMs: number }
}

export type SimulatedChannels = Readonly<Record<'room:{id}' | 'tiny:{id}' | 'hall:{id}', SimulatedSpec>>
