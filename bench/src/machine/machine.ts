import { execFileSync } from 'node:child_process'
import { arch, availableParallelism, cpus, release, totalmem, type } from 'node:os'
import { canPin } from '../program.ts'

/** Where and of what figures were taken. */
export interface Machine {
  readonly cpu: string
  readonly cores: number
  readonly memoryBytes: number
  readonly system: string
  readonly node: string
  /** Whether server and generator had a core each to themselves. */
  readonly pinned: boolean
  readonly commit: string
  /** Whether the tree had changes that the commit has not. */
  readonly changed: boolean
}

export function describeMachine(root: string): Machine {
  return {
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cores: availableParallelism(),
    memoryBytes: totalmem(),
    system: `${type()} ${release().split('-', 1)[0]} ${arch()}`,
    node: process.versions.node,
    pinned: canPin(),
    commit: git(root, 'rev-parse', '--short=10', 'HEAD'),
    changed: git(root, 'status', '--porcelain', '--', 'packages', 'bench/src') !== '',
  }
}

function git(root: string, ...args: string[]): string {
  try {
    return execFileSync('git', args, { cwd: root, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim()
  } catch {
    return 'unknown'
  }
}
