import type { Report } from './emitter.ts'

/** What a middleware goes on with. */
type Next = (error?: unknown) => void

/** One link of a chain. */
export type Middleware<T> = (subject: T, next: Next) => unknown

/** How a chain ended: null let its subject through. `unexpected` is what was thrown, and not told to `next`. */
export type Verdict = { readonly error: unknown; readonly unexpected: boolean } | null

/**
 * Runs an application's middlewares one after the other. `done` is called once, however often one calls its `next`, and must
 * not throw. One that throws, or whose promise rejects, refuses: the safe answer.
 */
export function runChain<T>(
  chain: readonly Middleware<T>[],
  subject: T,
  report: Report,
  done: (verdict: Verdict) => void,
): void {
  if (chain.length === 0) return done(null)
  // Those that are added meanwhile are for the next subject.
  step([...chain], 0, subject, report, done)
}

function step<T>(
  chain: readonly Middleware<T>[],
  at: number,
  subject: T,
  report: Report,
  done: (verdict: Verdict) => void,
): void {
  const middleware = chain[at]
  if (!middleware) return done(null)
  let called = false
  const next: Next = (error) => {
    if (called) return
    called = true
    if (error) done({ error, unexpected: false })
    else step(chain, at + 1, subject, report, done)
  }
  const failed = (error: unknown) => {
    if (called) return report('A middleware failed after it had called next', error)
    called = true
    done({ error, unexpected: true })
  }
  try {
    const returned = middleware(subject, next)
    if (isThenable(returned)) returned.then(undefined, failed)
  } catch (error) {
    failed(error)
  }
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function'
}
