import { vi } from 'vitest'

/** Waits for a condition, looking often: most are met within a turn or two. The limit is for what hangs, not for what is slow. */
export function eventually<T>(check: () => T | Promise<T>): Promise<T> {
  return vi.waitFor(check, { interval: 2, timeout: 20_000 })
}
