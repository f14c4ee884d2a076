import { answerLines } from '../lines.ts'

/** What a system under test is asked to be. */
export interface SystemPlan {
  /** Where messages of `log:` rooms are kept. */
  readonly history: 'memory' | 'lmdb'
  /** A folder of this run's own. */
  readonly folder: string
  /** By how many processes it is served; 0 by the one that is asked. */
  readonly workers: number
}

export interface Opened {
  readonly port: number
  /** Of all nodes, where there are several. */
  readonly ports?: readonly number[]
  /** Names and versions of what it is made of. */
  readonly versions: Readonly<Record<string, string>>
}

export interface SystemUsage {
  readonly heapBytes: number
  /** Open handles and timers by kind, where the runtime tells. */
  readonly resources: Readonly<Record<string, number>>
}

declare const Bun: { gc(force: boolean): void } | undefined
declare const gc: (() => void) | undefined

/** Puts a system on the stage: it opens when the harness asks, and ends with it. */
export function stage(open: (plan: SystemPlan) => Promise<Opened>): void {
  answerLines({
    open,
    collect: () => {
      if (typeof Bun !== 'undefined') Bun.gc(true)
      else if (typeof gc !== 'undefined') gc()
    },
    usage: (): SystemUsage => ({ heapBytes: process.memoryUsage().heapUsed, resources: resources() }),
  })
}

function resources(): Record<string, number> {
  const counts: Record<string, number> = {}
  if (typeof process.getActiveResourcesInfo !== 'function') return counts
  for (const kind of process.getActiveResourcesInfo()) counts[kind] = (counts[kind] ?? 0) + 1
  return counts
}

/** The room that a plain client's path names: `/room:1`. */
export function roomOfPath(url: string | undefined): string {
  return (url ?? '/').slice(1).split('?', 1)[0] ?? ''
}
