import type { Clock, Random } from '@rollcall/core'
import type { Held, Membership } from '../channel/membership.ts'
import { type Identity, identify } from '../identity/identity.ts'
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
  /** Another node has taken its session: the application hears of it there. */
  moved: boolean
  /** Its grace is over, or it was ended before: the application has heard of it. */
  over: boolean
}

/** A connection as far as sessions know it. */
export interface Owner {
  readonly id: string
  readonly identity: Identity
  readonly data: Record<string, unknown>
  /** Gives way to another connection of the same session: becomes lost at once. */
  supersede(): void
  /** Whether its peer answers a ping within `ms`. */
  answersPing(ms: number): Promise<boolean>
}

/** What a returning client finds again. */
export interface Resumable {
  readonly id: string
  /** As of the credentials that it began with. */
  readonly identity: Identity
  readonly data: Record<string, unknown>
  /** What it was in when the connection was lost, by alias, until taken up again. */
  readonly held: Map<string, Held> | null
}

/** What shows that a session is one's own: the credentials it began with, or being its user, as `authenticate` has found. */
export type Proof = { readonly credentials: string } | { readonly user: string }

/** What outlives a connection. */
export interface Session extends Resumable {
  /** Good once; a new one with each welcome. */
  readonly token: string
  /** Whether its client was told the token: else nothing is kept for it beyond the grace. */
  readonly resumable: boolean
  /** What the client proved itself with, as JSON. */
  readonly credentials: string
  /** Null once the connection is lost. */
  owner: Owner | null
  held: Map<string, HeldMembership> | null
}

/** Sessions by their tokens: what a returning client finds again. */
export class Sessions {
  readonly #node: string | null
  readonly #clock: Clock
  readonly #random: Random
  readonly #byToken = new Map<string, Session>()
  readonly #graces: Expiry<Session>
  readonly #resumes: Expiry<Session>
  readonly resumeMs: number

  /** `ended` hears of each membership that nobody took up within the grace. */
  constructor(
    node: string | null,
    clock: Clock,
    random: Random,
    options: SessionOptions,
    ended: (held: HeldMembership) => void,
  ) {
    this.#node = node
    this.#clock = clock
    this.#random = random
    this.resumeMs = options.resumeMs
    this.#graces = new Expiry(clock, options.graceMs, (session) => {
      for (const held of session.held?.values() ?? []) ended(held)
      if (!session.resumable) this.#forget(session)
    })
    this.#resumes = new Expiry(clock, options.resumeMs, (session) => {
      if (session.owner === null) this.#forget(session)
    })
  }

  get size(): number {
    return this.#byToken.size
  }

  /** Begins a session, or goes on with one: under a new token, unless it is to keep one. */
  begin(owner: Owner, credentials: string, kept: string | null = null, resumable = true): Session {
    const { id, identity, data } = owner
    const token = kept ?? this.#newToken()
    const session: Session = { token, resumable, id, identity, data, credentials, owner, held: null }
    this.#byToken.set(session.token, session)
    return session
  }

  #newToken(): string {
    const secret = this.#random.token()
    // Among several nodes a token says which one has the session.
    return this.#node === null ? secret : `${secret}.${this.#node}`
  }

  // Not another one that goes on under its token.
  #forget(session: Session): void {
    if (this.#byToken.get(session.token) === session) this.#byToken.delete(session.token)
  }

  /** The connection of a token's session; null without one, or if the session is somebody else's. */
  ownerOf(token: string, proof: Proof): Owner | null {
    return this.#proven(token, proof)?.owner ?? null
  }

  /**
   * Takes the session of a token, which is worthless from then on. A connection that still looks alive gives way. Null if
   * there is none, or if it is somebody else's.
   */
  take(token: string, proof: Proof): Session | null {
    const session = this.#proven(token, proof)
    if (!session) return null
    session.owner?.supersede()
    this.#byToken.delete(token)
    return session
  }

  #proven(token: string, proof: Proof): Session | null {
    const session = this.#byToken.get(token)
    if (!session) return null
    // Who has just been authenticated needs no old credentials; who shows the old ones needs them to be good still.
    const proven =
      'user' in proof
        ? session.identity.user.id === proof.user
        : session.credentials === proof.credentials && session.identity.expiresAt > this.#clock.now()
    return proven ? session : null
  }

  /** Gives a session up to another node: a copy of it, without what only this node can have. Its members stay for the grace. */
  release(token: string, proof: Proof): object | null {
    const session = this.take(token, proof)
    if (!session) return null
    const held = [...(session.held?.entries() ?? [])].map(([alias, left]) => {
      left.moved = true
      return [alias, { topic: left.topic, entry: left.entry }]
    })
    const { id, identity, data } = session
    return { id, identity, data, held }
  }

  /** Its connection is lost: it can be resumed for a while, and its members stay shown for the grace. */
  lose(session: Session, held: Map<string, HeldMembership>): void {
    session.owner = null
    session.held = held
    this.#graces.add(session)
    if (session.resumable) this.#resumes.add(session)
  }

  /** It is over: its token is worthless. */
  end(session: Session): void {
    session.owner = null
    this.#forget(session)
  }

  /** Ends lost sessions that are not to be come back by; answers what they held. */
  endLost(which: (session: Session) => boolean): HeldMembership[] {
    const taken: HeldMembership[] = []
    for (const session of this.#byToken.values()) {
      if (session.owner !== null || !which(session)) continue
      this.#byToken.delete(session.token)
      taken.push(...(session.held?.values() ?? []))
    }
    return taken
  }

  /** Takes a topic out of what lost sessions hold, where `belongs` says so; answers what they held of it. */
  takeLost(topic: string, belongs: (session: Session) => boolean): HeldMembership[] {
    const taken: HeldMembership[] = []
    for (const session of this.#byToken.values()) {
      if (session.owner !== null || !session.held || !belongs(session)) continue
      for (const [alias, held] of session.held) if (held.topic === topic && session.held.delete(alias)) taken.push(held)
    }
    return taken
  }

  close(): void {
    this.#graces.close()
    this.#resumes.close()
    this.#byToken.clear()
  }
}

/** The node that a token names; null if it names none. */
export function nodeOf(token: string): string | null {
  const dot = token.indexOf('.')
  return dot < 0 ? null : token.slice(dot + 1)
}

/** Reads what another node released. */
export function toResumable(released: Readonly<Record<string, unknown>> | null): Resumable | null {
  if (!released) return null
  const { id, identity, data, held } = released as {
    id: string
    // JSON has no infinity: it came as null.
    identity: { user: Identity['user']; expiresAt: number | null; issuedAt: number | null; session: string | null }
    data: Record<string, unknown>
    held: [string, Held][]
  }
  if (typeof id !== 'string' || typeof identity?.user?.id !== 'string' || !Array.isArray(held)) return null
  const { user, expiresAt, issuedAt, session } = identity
  const known = identify(user, {
    ...(typeof expiresAt === 'number' && { expiresAt }),
    ...(typeof issuedAt === 'number' && { issuedAt }),
    ...(typeof session === 'string' && { session }),
  })
  return { id, identity: known, data: data ?? {}, held: new Map(held) }
}
