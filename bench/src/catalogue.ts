import type { SystemPlan } from './systems/stage.ts'

/** A system that can be put on the stage, and how its clients talk. */
export interface System {
  readonly name: string
  readonly title: string
  /** The file of `systems/`, without its ending. */
  readonly program: string
  readonly runtime: 'node' | 'bun'
  readonly speech: string
  readonly history: SystemPlan['history']
  readonly workers: SystemPlan['workers']
  /** The folder of `optional/` that must be installed first. */
  readonly optional: string | null
}

const node = { runtime: 'node', history: 'memory', workers: 0, optional: null } as const
const own = { ...node, program: 'rollcall' } as const
const crew = { ...node, program: 'rollcall-workers', speech: 'rollcall' } as const

const joined = { ...node, program: 'rollcall-nats', speech: 'rollcall' } as const
const redis = { ...node, program: 'socketio-redis', speech: 'socket.io' } as const

const systems: readonly System[] = [
  { ...own, name: 'rollcall', title: 'Rollcall', speech: 'rollcall' },
  { ...own, name: 'rollcall-memory', title: 'Rollcall, history in memory', speech: 'rollcall' },
  { ...own, name: 'rollcall-lmdb', title: 'Rollcall, history in LMDB', speech: 'rollcall', history: 'lmdb' },
  { ...own, name: 'rollcall-plain', title: 'Rollcall, plain clients', speech: 'rollcall-plain' },
  { ...own, name: 'rollcall-phoenix', title: 'Rollcall, Phoenix clients', speech: 'rollcall-phoenix' },
  { ...own, name: 'rollcall-socket.io', title: 'Rollcall, Socket.IO clients', speech: 'rollcall-socket.io' },
  {
    ...node,
    name: 'rollcall-guarded',
    title: 'Rollcall, limits as by default',
    program: 'rollcall-guarded',
    speech: 'rollcall',
  },
  {
    ...node,
    name: 'rollcall-io',
    title: "Rollcall, Socket.IO's server API",
    program: 'rollcall-io',
    speech: 'socket.io',
  },
  { ...crew, name: 'rollcall-1', title: 'Rollcall, 1 worker', workers: 1 },
  { ...crew, name: 'rollcall-2', title: 'Rollcall, 2 workers', workers: 2 },
  { ...crew, name: 'rollcall-4', title: 'Rollcall, 4 workers', workers: 4 },
  { ...joined, name: 'rollcall-nats-1', title: 'Rollcall, 1 node on NATS', workers: 1 },
  { ...joined, name: 'rollcall-nats-2', title: 'Rollcall, 2 nodes on NATS', workers: 2 },
  { ...joined, name: 'rollcall-nats-3', title: 'Rollcall, 3 nodes on NATS', workers: 3 },
  { ...redis, name: 'socket.io-redis-2', title: 'Socket.IO, 2 nodes on Redis', workers: 2 },
  { ...redis, name: 'socket.io-redis-3', title: 'Socket.IO, 3 nodes on Redis', workers: 3 },
  { ...node, name: 'socket.io', title: 'Socket.IO', program: 'socketio', speech: 'socket.io' },
  { ...node, name: 'ws', title: 'ws, send in a loop', program: 'ws', speech: 'plain' },
  { ...node, name: 'ws-once', title: 'ws, encoded once', program: 'ws-once', speech: 'plain' },
  { ...node, name: 'bun', title: 'Bun publish', program: 'bun', speech: 'plain', runtime: 'bun', optional: 'bun' },
  { ...node, name: 'uws', title: 'uWebSockets.js publish', program: 'uws', speech: 'plain', optional: 'uws' },
]

export const systemNames: readonly string[] = systems.map(({ name }) => name)

/** @throws RangeError on a name that is not in the catalogue. */
export function systemOf(name: string): System {
  const system = systems.find((each) => each.name === name)
  if (!system) throw new RangeError(`There is no system "${name}": use some of ${systemNames.join(', ')}`)
  return system
}

/** Whether it is Rollcall that is measured. */
export function isOwn(name: string): boolean {
  return name === 'rollcall' || name.startsWith('rollcall-')
}
