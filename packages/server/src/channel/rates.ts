import type { Clock, RateSpec } from '@rollcall/core'
import { Bucket } from '../hub/bucket.ts'
import { Buckets } from '../hub/buckets.ts'

/** How fast one channel may be written to, by all and by each. */
export class Rates {
  readonly #clock: Clock
  readonly #spec: RateSpec
  readonly #channel: Bucket | null
  /** Null where users have no bounds of their own. */
  readonly #users: Buckets | null

  constructor(clock: Clock, spec: RateSpec) {
    this.#clock = clock
    this.#spec = spec
    const { slowMs, user } = spec
    if (slowMs !== undefined) this.#users = new Buckets((now) => new Bucket(1000 / slowMs, 1, now))
    else if (user)
      this.#users = new Buckets((now) => new Bucket(user.perSecond, Math.max(1, user.burst ?? user.perSecond), now))
    else this.#users = null
    const { perSecond, burst = perSecond } = spec.channel ?? {}
    this.#channel = perSecond === undefined ? null : new Bucket(perSecond, Math.max(1, burst ?? perSecond), clock.now())
  }

  /** Whether `user` may send now to `receivers`: 0, or in how many milliseconds. */
  take(user: string, receivers: number): number {
    const now = this.#clock.now()
    const bucket = this.#users?.of(user, now)
    const own = bucket ? bucket.take(now) : 0
    if (own > 0) return own
    const cost = this.#spec.channel?.costPerReceiver ? Math.max(1, receivers) : 1
    const shared = this.#channel ? this.#channel.take(now, cost) : 0
    // What the channel refuses is not held against the user.
    if (shared > 0) bucket?.give(1)
    return shared
  }
}
