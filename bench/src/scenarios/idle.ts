import type { Aim, Case, Scenario } from '../contest.ts'
import { elapse } from '../generator/window.ts'
import { Meter } from '../machine/meter.ts'
import { rssBytes, slabBytes } from '../machine/proc.ts'
import type { Trial } from '../trial.ts'

// A process may have so many descriptors; a generator holds one for each connection, and so does the server.
const PER_GENERATOR = 7500

function idleCase(connections: number, aims: readonly Aim[]): Case {
  return {
    name: `idle-${connections}`,
    title: `idle: ${connections.toLocaleString('en')} joined connections with presence, in rooms of 10`,
    value: { name: 'RSS each', unit: 'bytes' },
    better: 'less',
    rounds: 'as asked',
    columns: [
      { name: 'heap each', unit: 'bytes' },
      { name: 'kernel each, both ends', unit: 'bytes' },
      { name: 'base RSS', unit: 'bytes' },
      { name: 'RSS', unit: 'bytes' },
    ],
    systems: ['rollcall', 'socket.io', 'ws', 'bun'],
    aims,
    async trial(trial) {
      const total = trial.pick(connections, 500)
      // The base is a server that has met people: code compiled, buffers grown, everybody gone again.
      await trial.connect({ rooms: 100, perRoom: Math.min(20, total / 100), prefix: 'here', present: true })
      await trial.drive('disconnect', {})
      const base = await settle(trial)
      const slab = slabBytes()
      const meter = new Meter(trial.server.pid)
      const generators = Math.ceil(total / PER_GENERATOR)
      const rooms = Math.ceil(total / generators / 10)
      for (let number = 0; number < generators; number++)
        await trial.connect({ rooms, perRoom: 10, first: 1000 + number * rooms, prefix: 'here', present: true }, number)
      const connected = rooms * generators * 10
      const full = await settle(trial)
      return {
        value: (full.rss - base.rss) / connected,
        figures: {
          'heap each': (full.heap - base.heap) / connected,
          'kernel each, both ends': (slabBytes() - slab) / connected,
          'base RSS': base.rss,
          RSS: full.rss,
        },
        load: meter.end(),
      }
    },
  }
}

/** Collects garbage until resident memory stays where it is. */
async function settle(trial: Trial): Promise<{ rss: number; heap: number }> {
  let before = Number.POSITIVE_INFINITY
  for (let i = 0; i < trial.pick(10, 3); i++) {
    await trial.collect()
    await elapse(trial.pick(1000, 200))
    const rss = rssBytes(trial.server.pid)
    if (Math.abs(rss - before) < before * 0.002) break
    before = rss
  }
  const { heapBytes } = await trial.usage()
  return { rss: rssBytes(trial.server.pid), heap: heapBytes }
}

function atMost(bound: number): Aim {
  return { kind: 'at most', of: 'rollcall', figure: 'RSS each', bound }
}

export const idle: Scenario = {
  name: 'idle',
  about: 'what a connection costs in memory while nothing happens',
  cases: [idleCase(5000, [atMost(10_000)]), idleCase(15_000, [atMost(8192)])],
}
