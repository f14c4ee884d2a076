/** A token bucket: `burst` at once, then `perSecond`. Two numbers, no timer. */
export class Bucket {
  readonly #perSecond: number
  readonly #burst: number
  #tokens: number
  #at: number

  constructor(perSecond: number, burst: number, now: number) {
    this.#perSecond = perSecond
    this.#burst = burst
    this.#tokens = burst
    this.#at = now
  }

  /** Gives tokens back that were taken for nothing. */
  give(tokens: number): void {
    this.#tokens = Math.min(this.#burst, this.#tokens + tokens)
  }

  /** Takes tokens also where there are none: down to a whole burst of debt. */
  charge(tokens: number): void {
    this.#tokens = Math.max(-this.#burst, this.#tokens - tokens)
  }

  /** Takes tokens for what has happened already, as `charge` does, and answers in how many milliseconds the debt is paid. */
  spend(now: number, tokens: number): number {
    this.#fill(now)
    this.charge(tokens)
    return this.#tokens >= 0 ? 0 : Math.ceil((-this.#tokens / this.#perSecond) * 1000)
  }

  /** Takes `cost` tokens and answers 0, or takes none and answers in how many milliseconds they will be there. */
  take(now: number, cost = 1): number {
    this.#fill(now)
    // What costs more than the bucket holds is let through when it is full, and paid off afterwards.
    if (this.#tokens >= Math.min(cost, this.#burst)) {
      this.#tokens -= cost
      return 0
    }
    return Math.max(1, Math.ceil(((Math.min(cost, this.#burst) - this.#tokens) / this.#perSecond) * 1000))
  }

  #fill(now: number): void {
    this.#tokens = Math.min(this.#burst, this.#tokens + ((now - this.#at) / 1000) * this.#perSecond)
    this.#at = now
  }
}
