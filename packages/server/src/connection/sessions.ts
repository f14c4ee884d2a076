import type { Clock, Random } from '@rollcall/core'
import type { User } from '../channel/handlers.ts'
import type { Held, Membership } from '../channel/membership.ts'
import { Expiry } from './expiry.ts'

export interface SessionOptions {
  /** How long after its connection was lost a session can be resumed, in milliseconds. Default 120,000. */
  readonly resumeMs: number
  /** How long after its connection was lost a member is still shown, in milliseconds. Default 5,000. */
  readonly graceMs: number
}

/** A membership whose connection was lost. */
export interface HeldMembership extends Held {
  readonly membership: Membership
}

/** A connection as far as sessions know it. */
export interface Owner {
  readonly id: string
  readonly user: User
  readonly data: Record<string, unknown>
  /** Gives way to another connection of the same session: becomes lost at once. */
  supersede(): void
}

/** What outlives a connection. */
export interface Session {
  /** Good once; a new one with each welcome. */
  readonly token: string
  readonly id: string
  readonly user: User
  readonly data: Record<string, unknown>
  /** What the client proved itself with, as JSON. */
  readonly credentials: string
  /** Null once the connection is lost. */
  owner: Owner | null
  /** What it was in when the connection was lost, by alias, until taken up again. */
  held: Map<string, HeldMembership> | null
}

/** Sessions by their tokens: what a returning client finds again. */
export class Sessions {
  readonly #random: Random
  readonly #byToken = new Map<string, Session>()
  readonly #graces: Expiry<Session>
  readonly #resumes: Expiry<Session>
  readonly resumeMs: number

  /** `ended` hears of each membership that nobody took up within the grace. */
  constructor(clock: Clock, random: Random, options: SessionOptions, ended: (held: HeldMembership) => void) {
    this.#random = random
    this.resumeMs = options.resumeMs
    this.#graces = new Expiry(clock, options.graceMs, (session) => {
      for (const held of session.held?.values() ?? []) ended(held)
    })
    this.#resumes = new Expiry(clock, options.resumeMs, (session) => {
      if (session.owner === null) this.#byToken.delete(session.token)
    })
  }

  get size(): number {
    return this.#byToken.size
  }

  /** Begins a session, or goes on with one under a new token. */
  begin(owner: Owner, credentials: string): Session {
    const { id, user, data } = owner
    const session: Session = { token: this.#random.token(), id, user, data, credentials, owner, held: null }
    this.#byToken.set(session.token, session)
    return session
  }

  /**
   * Takes the session of a token, which is worthless from then on. A connection that still looks alive gives way. Null if
   * there is none, or if it belongs to somebody with other credentials.
   */
  take(token: string, credentials: string): Session | null {
    const session = this.#byToken.get(token)
    if (!session || session.credentials !== credentials) return null
    session.owner?.supersede()
    this.#byToken.delete(token)
    return session
  }

  /** Its connection is lost: it can be resumed for a while, and its members stay shown for the grace. */
  lose(session: Session, held: Map<string, HeldMembership>): void {
    session.owner = null
    session.held = held
    this.#graces.add(session)
    this.#resumes.add(session)
  }

  /** It is over: its token is worthless. */
  end(session: Session): void {
    session.owner = null
    this.#byToken.delete(session.token)
  }

  /** Ends the lost sessions of a user, who is not to come back by them. */
  endLost(user: string): void {
    for (const session of this.#byToken.values())
      if (session.owner === null && session.user.id === user) this.#byToken.delete(session.token)
  }

  close(): void {
    this.#graces.close()
    this.#resumes.close()
    this.#byToken.clear()
  }
}
