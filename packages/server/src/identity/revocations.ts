import type { Clock } from '@rollcall/core'
import type { Identity } from './identity.ts'

/** Users who are not believed any more, until their old credentials have run out. */
export class Revocations {
  readonly #clock: Clock
  readonly #revoked = new Map<string, { readonly at: number; readonly until: number }>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Credentials of the user from before now are refused for `forMs`. */
  add(user: string, forMs: number): void {
    const now = this.#clock.now()
    for (const [known, { until }] of this.#revoked) if (until <= now) this.#revoked.delete(known)
    this.#revoked.set(user, { at: now, until: now + forMs })
  }

  /** Whether the identity was revoked. One issued after the revocation is good; one that does not say when is not. */
  has({ user, issuedAt }: Identity): boolean {
    const revoked = this.#revoked.get(user.id)
    if (!revoked || revoked.until <= this.#clock.now()) return false
    // Tokens count in whole seconds: one from the second of the revocation may be from before it.
    return issuedAt === null || Math.floor(issuedAt / 1000) <= Math.floor(revoked.at / 1000)
  }
}
