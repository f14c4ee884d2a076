// Every scenario once, small and short, Rollcall beside a peer: that the machinery works, and that nothing has become
// slower by a multiple. Bounds are generous, since this runs on whatever machine, beside whatever else.
import { join } from 'node:path'
import { beforeAll, expect, test } from 'vitest'
import { locate } from '../../scripts/provide.mjs'
import { bundle } from '../bundle.mjs'
import type { Entry, Outcome } from '../src/contest.ts'
import { chooseCases } from '../src/options.ts'
import { runCase } from '../src/run.ts'
import { scenarios } from '../src/scenarios/index.ts'
import { figuresOf, valuesOf } from '../src/verdict.ts'

const bench = join(import.meta.dirname, '..')

beforeAll(() => bundle())

async function measure(name: string, systems: readonly string[]): Promise<{ outcome: Outcome; entries: Entry[] }> {
  const [chosen] = chooseCases(scenarios, [name])
  if (!chosen) throw new RangeError(`There is no case ${name}`)
  const [scenario, of] = chosen
  const scale = { size: 'quick', seconds: 0.4, soakSeconds: 4 } as const
  const plan = { bench, rounds: 1, scale, profile: null, install: 'if-there', onTrial: () => undefined } as const
  const entries = await runCase(of, systems, plan)
  const outcome: Outcome = { scenario: scenario.name, case: of, entries }
  for (const { system, failure, measures } of entries) {
    expect(failure, system).toBeNull()
    for (const { value } of measures) expect(value, system).toBeTypeOf('number')
  }
  return { outcome, entries }
}

/** At least so many times the peer's figure; a server that shares its core is measured by its processor time. */
test.each([
  ['busy-1000', 'socket.io', 3],
  ['busy-8000', 'ws', 3],
  ['quiet-1000', 'socket.io', 0.4],
  ['quiet-8000', 'ws-once', 0.2],
  ['rooms', 'socket.io', 0.5],
  ['call', 'socket.io', 0.5],
  ['connect', 'socket.io', 0.4],
])('%s: beside %s', async (name, peer, atLeast) => {
  const { entries } = await measure(name, ['rollcall', peer])
  const [own = 0, other = 0] = entries.map((entry) => valuesOf(entry, 'perCore')[0])
  expect(own / other).toBeGreaterThan(atLeast)
})

test.each([
  ['idle-5000', 'RSS each', 40_000],
  ['connect', 'overflows', 0],
  ['presence', 'frames of N²', 25],
  ['presence', 'until all agree', 10_000],
  ['half-load-80', 'p99', 1000],
  ['half-load-1', 'p99', 2000],
  ['slow', 'growth per slow reader', 8_388_608],
  ['soak', 'lost', 0],
  ['soak', 'sockets left', 0],
])('%s: %s', async (name, figure, bound) => {
  const { outcome, entries } = await measured(name)
  const [value = Number.NaN] = entries.flatMap((entry) => figuresOf(outcome, entry, figure))
  // NaN: this machine does not tell.
  if (!Number.isNaN(value)) expect(value).toBeLessThanOrEqual(bound)
})

const once = new Map<string, ReturnType<typeof measure>>()

/** A case of which several figures are looked at runs once. */
function measured(name: string): ReturnType<typeof measure> {
  const known = once.get(name) ?? measure(name, ['rollcall'])
  once.set(name, known)
  return known
}

test.each(['presence', 'json', 'handshakes'])('hostile: the others are measured beside %s', async (attack) => {
  const { outcome, entries } = await measure(`hostile-${attack}`, ['rollcall-guarded'])
  const [came = 0] = entries.flatMap((entry) => figuresOf(outcome, entry, 'came'))
  expect(came).toBeGreaterThan(0)
})

test.each([
  ['rollcall-memory', 0.3],
  ['rollcall-lmdb', 0.1],
])('history: %s', async (name, atLeast) => {
  const { entries } = await measure('history', ['rollcall', name])
  const [without = 0, kept = 0] = entries.map((entry) => valuesOf(entry, 'perCore')[0])
  expect(kept / without).toBeGreaterThan(atLeast)
})

test.each(['workers-busy', 'workers-history', 'workers-rooms'])('%s: two workers beside one', async (name) => {
  const { entries } = await measure(name, ['rollcall-1', 'rollcall-2'])
  const [one = 0, two = 0] = entries.map((entry) => valuesOf(entry, 'value')[0])
  expect(two / one).toBeGreaterThan(0.2)
})

const missing = ['nats-server', 'redis-server'].find((name) => locate(name).path === undefined)

test.skipIf(missing)('nodes on NATS beside Socket.IO on Redis', async () => {
  const { entries } = await measure('cluster-busy', ['rollcall-nats-2', 'socket.io-redis-2'])
  const [own = 0, other = 0] = entries.map((entry) => valuesOf(entry, 'perCore')[0])
  expect(own / other).toBeGreaterThan(1)
})

test('plain clients are served as fast as native ones, by and large', async () => {
  const { entries } = await measure('busy-1000', ['rollcall', 'rollcall-plain'])
  const [native = 0, plain = 0] = entries.map((entry) => valuesOf(entry, 'perCore')[0])
  expect(plain / native).toBeGreaterThan(0.3)
})

test('a system that cannot be had is told, and does not stop the others', async () => {
  const [chosen] = chooseCases(scenarios, ['call'])
  if (!chosen) throw new RangeError('There is no case call')
  const plan = { bench: '/nowhere', rounds: 1, profile: null, install: 'if-there', onTrial: () => undefined } as const
  const scale = { size: 'quick', seconds: 0.1, soakSeconds: 1 } as const
  const entries = await runCase(chosen[1], ['ws', 'bun'], { ...plan, scale })
  expect(entries.map(({ measures }) => measures)).toEqual([[], []])
  expect(entries[0]?.failure).toMatch(/^ws, send in a loop ended with 1: Error: Cannot find module/)
  expect(entries[1]?.failure).toBe('Bun publish is not installed in bench/optional')
})
