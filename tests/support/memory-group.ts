import { accessSync, constants, existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { until } from './until.ts'

/** Processes that have so much memory together, and no more. */
export interface MemoryGroup {
  /** Put in front of a command, it runs in the group. */
  readonly under: readonly string[]
  /** How often the kernel has killed one of them for want of memory. */
  kills(): number
  /** The most that they have had, in bytes. */
  peak(): number
  remove(): Promise<void>
}

const V1 = '/sys/fs/cgroup/memory'
const V2 = '/sys/fs/cgroup'

/** Why no group can be made here, or undefined. */
export const withoutMemoryGroup: string | undefined =
  process.getuid?.() !== 0
    ? 'only root can bound the memory of a process by a cgroup'
    : base() === undefined
      ? 'there is no cgroup for memory that can be written to'
      : undefined

function base(): { readonly path: string; readonly version: 1 | 2 } | undefined {
  for (const { path, version, mark } of [
    { path: V1, version: 1, mark: 'memory.limit_in_bytes' },
    { path: V2, version: 2, mark: 'cgroup.controllers' },
  ] as const) {
    if (!existsSync(join(path, mark))) continue
    if (version === 2 && !readFileSync(join(path, mark), 'utf8').includes('memory')) continue
    try {
      accessSync(path, constants.W_OK)
      return { path, version }
    } catch {
      // Another one may be writable.
    }
  }
  return undefined
}

export function memoryGroup(name: string, bytes: number): MemoryGroup {
  const found = base()
  if (!found) throw new Error(withoutMemoryGroup)
  const { path, version } = found
  const group = join(path, `rollcall-${name}-${process.pid}`)
  mkdirSync(group)
  const write = (file: string, value: string | number) => writeFileSync(join(group, file), `${value}`)
  const read = (file: string) => readFileSync(join(group, file), 'utf8')
  if (version === 2) {
    write('memory.max', bytes)
    write('memory.swap.max', 0)
  } else write('memory.limit_in_bytes', bytes)
  return {
    under: ['sh', '-c', `echo $$ > ${group}/cgroup.procs && exec "$@"`, 'sh'],
    kills: () => Number(/oom_kill (\d+)/.exec(read(version === 2 ? 'memory.events' : 'memory.oom_control'))?.[1] ?? 0),
    peak: () => Number(read(version === 2 ? 'memory.peak' : 'memory.max_usage_in_bytes')),
    remove: async () => {
      // The kernel lets go of those who have ended when it comes to it.
      await until(() => {
        rmdirSync(group)
        return true
      })
    },
  }
}
