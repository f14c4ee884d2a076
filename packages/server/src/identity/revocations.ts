import type { Clock } from '@rollcall/core'
import type { Identity } from './identity.ts'

/** That a user's credentials from before a time are refused, for so long from now. */
export type Revocation = readonly [user: string, at: number, forMs: number]

/** Users who are not believed any more, until their old credentials have run out. */
export class Revocations {
  readonly #clock: Clock
  readonly #revoked = new Map<string, { readonly at: number; readonly until: number }>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Credentials of the user from before `at` are refused for `forMs`. Answers whether that was news. */
  add(user: string, forMs: number, at: number = this.#clock.now()): boolean {
    const now = this.#clock.now()
    for (const [known, { until }] of this.#revoked) if (until <= now) this.#revoked.delete(known)
    const known = this.#revoked.get(user)
    if (known && known.at >= at) return false
    this.#revoked.set(user, { at, until: now + forMs })
    return true
  }

  /** All that are in force, for other nodes to learn. */
  list(): Revocation[] {
    const now = this.#clock.now()
    const inForce = [...this.#revoked].filter(([, { until }]) => until > now)
    // JSON has no infinity.
    return inForce.map(([user, { at, until }]) => [user, at, Math.min(until - now, Number.MAX_SAFE_INTEGER)])
  }

  /** Whether the identity was revoked. One issued after the revocation is good; one that does not say when is not. */
  has({ user, issuedAt }: Identity): boolean {
    const revoked = this.#revoked.get(user.id)
    if (!revoked || revoked.until <= this.#clock.now()) return false
    // Tokens count in whole seconds: one from the second of the revocation may be from before it.
    return issuedAt === null || Math.floor(issuedAt / 1000) <= Math.floor(revoked.at / 1000)
  }
}
