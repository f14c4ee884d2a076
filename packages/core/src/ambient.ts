import { base64url } from './base64.ts'
import type { Clock, Random, Undo } from './clock.ts'

// The one place in core that touches the real world. Names are declared here, not taken from a library: core runs in
// browsers, Node and Bun, and knows only what all three have.
declare const performance: { now(): number; timeOrigin: number }
declare const crypto: { getRandomValues(bytes: Uint8Array): Uint8Array }
declare function setTimeout(task: () => void, ms: number): unknown
declare function clearTimeout(timer: unknown): void
declare const setImmediate: ((task: () => void) => unknown) | undefined
declare const clearImmediate: ((timer: unknown) => void) | undefined

/** The real clock: monotonic, anchored at the wall clock of process start. */
export const systemClock: Clock = {
  now: () => Math.floor(performance.timeOrigin + performance.now()),
  after(ms, task): Undo {
    const timer = setTimeout(task, ms)
    return () => clearTimeout(timer)
  },
  soon(task): Undo {
    if (typeof setImmediate !== 'function') return systemClock.after(0, task)
    const timer = setImmediate(task)
    return () => clearImmediate?.(timer)
  },
}

/** Real chance: `Math.random` where guessing does no harm, a cryptographic source for tokens. */
export const systemRandom: Random = {
  fraction: () => Math.random(),
  token: (bytes = 16) => base64url(crypto.getRandomValues(new Uint8Array(bytes))),
}
