import type { Clock, RateSpec } from '@rollcall/core'
import { Bucket } from '../hub/bucket.ts'

const MAX_USERS = 10_000

/** How fast one channel may be written to, by all and by each. */
export class Rates {
  readonly #clock: Clock
  readonly #spec: RateSpec
  readonly #channel: Bucket | null
  readonly #users = new Map<string, Bucket>()

  constructor(clock: Clock, spec: RateSpec) {
    this.#clock = clock
    this.#spec = spec
    const { perSecond, burst = perSecond } = spec.channel ?? {}
    this.#channel = perSecond === undefined ? null : new Bucket(perSecond, Math.max(1, burst ?? perSecond), clock.now())
  }

  /** Whether `user` may send now to `receivers`: 0, or in how many milliseconds. */
  take(user: string, receivers: number): number {
    const now = this.#clock.now()
    const bucket = this.#bucketOf(user, now)
    const own = bucket ? bucket.take(now) : 0
    if (own > 0) return own
    const cost = this.#spec.channel?.costPerReceiver ? Math.max(1, receivers) : 1
    const shared = this.#channel ? this.#channel.take(now, cost) : 0
    // What the channel refuses is not held against the user.
    if (shared > 0) bucket?.give(1)
    return shared
  }

  #bucketOf(user: string, now: number): Bucket | null {
    const { slowMs, user: rate } = this.#spec
    if (slowMs === undefined && !rate) return null
    let bucket = this.#users.get(user)
    if (!bucket) {
      bucket =
        slowMs !== undefined
          ? new Bucket(1000 / slowMs, 1, now)
          : new Bucket(rate?.perSecond ?? 1, Math.max(1, rate?.burst ?? rate?.perSecond ?? 1), now)
      // The one seen first is forgotten first: bounded, whoever comes.
      if (this.#users.size >= MAX_USERS)
        for (const oldest of this.#users.keys()) {
          this.#users.delete(oldest)
          break
        }
      this.#users.set(user, bucket)
    }
    return bucket
  }
}
