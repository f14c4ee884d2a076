import { vi } from 'vitest'

/** Waits for a condition, looking often: most are met within a turn or two. */
export function eventually<T>(check: () => T, { timeout = 3_000 }: { readonly timeout?: number } = {}): Promise<T> {
  return vi.waitFor(check, { interval: 2, timeout })
}
