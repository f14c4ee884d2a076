import type { Random } from './clock.ts'

/** How long to wait between attempts. */
export interface BackoffOptions {
  /** The shortest wait, in milliseconds. Default 500. */
  readonly minMs?: number
  /** The longest wait, in milliseconds. Default 20,000. */
  readonly maxMs?: number
}

/**
 * The wait before attempt number `attempt` (0 is the first retry), with full jitter: uniform between `minMs` and
 * `minMs * 2^attempt`, capped at `maxMs`. Full jitter spreads a herd best; a fixed table keeps it together
 * (AWS Architecture Blog, "Exponential Backoff and Jitter", 2015).
 */
export function backoffMs(
  attempt: number,
  random: Random,
  { minMs = 500, maxMs = 20_000 }: BackoffOptions = {},
): number {
  const ceiling = Math.min(maxMs, minMs * 2 ** Math.min(attempt + 1, 30))
  return Math.round(minMs + random.fraction() * Math.max(0, ceiling - minMs))
}
