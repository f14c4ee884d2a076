import { type Clock, type Random, systemClock, systemRandom } from '@rollcall/core'

/**
 * What an accepted message can rely on.
 * - `memory`: it is in this process's queue, and is fed at once. Lost when the process is killed within the same turn, and
 *   while the disk is full. A restart after a kill begins a new epoch, so that no offset means two messages.
 * - `written`: it is handed to the operating system. Survives `kill -9` at any moment. After a loss of power, or a crash of
 *   the operating system, the folder is as it was about a second before, under a new epoch.
 * - `synced`: it is on the disk, as far as the disk tells the truth. Survives a loss of power.
 */
export type Accepted = 'memory' | 'written' | 'synced'

export interface LmdbLogOptions {
  /** Where the log is kept; made if it is not there. On a local disk: network file systems have no locks to rely on. */
  readonly folder: string
  /** What an accepted message can rely on. Default `'written'`. */
  readonly accepted?: Accepted
  /** Default: the real one. */
  readonly clock?: Clock
  /** Default: the real one. */
  readonly random?: Random
  /** How long an idempotency key is remembered, across restarts, in milliseconds. Default 300,000: five minutes. */
  readonly idempotencyWindowMs?: number
  /** The newest idempotency keys remembered, over all topics; older ones are forgotten before their time. Default 500,000. */
  readonly maxIdempotencyKeys?: number
  /**
   * How long a topic without messages and followers keeps its place, in milliseconds. After that its next message begins a
   * new epoch. Default 2,592,000,000: thirty days.
   */
  readonly forgetMs?: number
  /** Hears of what a listener threw, and of a disk that fails. Default: nobody does. */
  readonly report?: (error: unknown) => void
}

export interface ResolvedOptions {
  readonly folder: string
  readonly accepted: Accepted
  readonly clock: Clock
  readonly random: Random
  readonly idempotencyWindowMs: number
  readonly maxIdempotencyKeys: number
  readonly forgetMs: number
  readonly report: (error: unknown) => void
}

const ACCEPTED: readonly string[] = ['memory', 'written', 'synced']

export function resolveOptions(options: LmdbLogOptions): ResolvedOptions {
  const { folder, accepted = 'written', clock = systemClock, random = systemRandom } = options
  if (typeof folder !== 'string' || folder === '' || folder.includes('\0'))
    throw new TypeError('folder must be the path of a folder')
  if (!ACCEPTED.includes(accepted)) throw new TypeError(`accepted must be one of ${ACCEPTED.join(', ')}`)
  const idempotencyWindowMs = atLeast(1, 'idempotencyWindowMs', options.idempotencyWindowMs ?? 300_000)
  return {
    folder,
    accepted,
    clock,
    random,
    idempotencyWindowMs,
    maxIdempotencyKeys: atLeast(1, 'maxIdempotencyKeys', options.maxIdempotencyKeys ?? 500_000),
    forgetMs: atLeast(idempotencyWindowMs, 'forgetMs', options.forgetMs ?? 2_592_000_000),
    report: options.report ?? (() => {}),
  }
}

function atLeast(least: number, name: string, value: number): number {
  if (value >= least) return value
  throw new RangeError(`${name} must be a number of at least ${least}`)
}
