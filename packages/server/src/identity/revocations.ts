import type { Clock, Refusal } from '@rollcall/core'
import type { Identity } from './identity.ts'

/** Who is not believed any more: a user, or one sign-in by the name that `identify` gave its session. */
export type Revoked = { readonly user: string } | { readonly session: string }

/** That credentials are refused for so long from now: a user's from before `at`, or all of a session. */
export type Revocation = readonly [kind: Kind, id: string, at: number, forMs: number]
type Kind = 'user' | 'session'

export const REVOKED: Refusal = { code: 'unauthorized', message: 'The credentials were revoked' }

interface Term {
  readonly at: number
  readonly until: number
}

// How often those that have run out are looked for.
const SWEEP_MS = 60_000

/** Users and sessions that are not believed any more, until their old credentials have run out. */
export class Revocations {
  readonly #clock: Clock
  readonly #terms: Readonly<Record<Kind, Map<string, Term>>> = { user: new Map(), session: new Map() }
  #sweptAt = 0

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Refuses credentials for `forMs`; of a user those from before `at`. Answers whether that was news. */
  add(who: Revoked, forMs: number, at: number = this.#clock.now()): boolean {
    const now = this.#clock.now()
    this.#sweep(now)
    const [terms, id] = 'user' in who ? [this.#terms.user, who.user] : [this.#terms.session, who.session]
    const known = terms.get(id)
    const inForce = known && known.until > now ? known : null
    // A later one for a shorter time takes nothing back.
    terms.set(id, { at: Math.max(at, inForce?.at ?? at), until: Math.max(now + forMs, inForce?.until ?? 0) })
    return inForce === null || inForce.at < at
  }

  #sweep(now: number): void {
    if (now - this.#sweptAt < SWEEP_MS) return
    this.#sweptAt = now
    for (const terms of Object.values(this.#terms))
      for (const [id, { until }] of terms) if (until <= now) terms.delete(id)
  }

  /** All that are in force, for other nodes to learn. */
  list(): Revocation[] {
    const now = this.#clock.now()
    // JSON has no infinity.
    return (['user', 'session'] as const).flatMap((kind) =>
      [...this.#terms[kind]]
        .filter(([, { until }]) => until > now)
        .map(([id, { at, until }]): Revocation => [kind, id, at, Math.min(until - now, Number.MAX_SAFE_INTEGER)]),
    )
  }

  /** Whether the identity was revoked. A user's that was issued after it is good; one that does not say when is not. */
  has({ user, issuedAt, session }: Identity): boolean {
    const now = this.#clock.now()
    const ended = session === null ? undefined : this.#terms.session.get(session)
    if (ended && ended.until > now) return true
    const revoked = this.#terms.user.get(user.id)
    if (!revoked || revoked.until <= now) return false
    // Tokens count in whole seconds: one from the second of the revocation may be from before it.
    return issuedAt === null || Math.floor(issuedAt / 1000) <= Math.floor(revoked.at / 1000)
  }
}

/** What came from outside as whom to revoke; null if it is nobody, or not clear. */
export function toRevoked(value: unknown): Revoked | null {
  if (typeof value !== 'object' || value === null) return null
  const { user, session } = value as { user?: unknown; session?: unknown }
  if ((user === undefined) === (session === undefined)) return null
  if (typeof user === 'string' && user !== '') return { user }
  return typeof session === 'string' && session !== '' ? { session } : null
}
