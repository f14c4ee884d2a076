import type { Clock, Outcome } from '@rollcall/core'

/** How long, and how many, finished sends are remembered. */
export interface IdempotencyOptions {
  /** In milliseconds. Default 300,000. */
  readonly windowMs: number
  /** Oldest forgotten first. Default 100,000. */
  readonly entries: number
}

interface Known {
  readonly at: number
  /** Null while the first try still runs: then the repeats wait in `waiting`. */
  outcome: Outcome | null
  waiting: ((outcome: Outcome) => void)[] | null
}

/** Remembers how sends with an id ended, so that a repeat gets the first one's answer and nothing happens twice. */
export class Idempotency {
  readonly #clock: Clock
  readonly #options: IdempotencyOptions
  readonly #known = new Map<string, Known>()

  constructor(clock: Clock, options: IdempotencyOptions) {
    this.#clock = clock
    this.#options = options
  }

  /** True for the first of its key, which must then `settle` it. A repeat is answered now or when the first has ended. */
  first(key: string, answer: (outcome: Outcome) => void): boolean {
    this.#forget()
    const known = this.#known.get(key)
    if (!known) {
      this.#known.set(key, { at: this.#clock.now(), outcome: null, waiting: null })
      return true
    }
    if (known.outcome) answer(known.outcome)
    else if (known.waiting) known.waiting.push(answer)
    else known.waiting = [answer]
    return false
  }

  /** The first of this key has ended. What was not accepted may be tried anew; what was, never again. */
  settle(key: string, outcome: Outcome): void {
    const known = this.#known.get(key)
    if (!known) return
    known.outcome = outcome
    const { waiting } = known
    known.waiting = null
    if (!outcome.ok) this.#known.delete(key)
    for (const answer of waiting ?? []) answer(outcome)
  }

  #forget(): void {
    const expired = this.#clock.now() - this.#options.windowMs
    for (const [key, { at, outcome }] of this.#known) {
      if (outcome === null || (at > expired && this.#known.size <= this.#options.entries)) return
      this.#known.delete(key)
    }
  }
}
