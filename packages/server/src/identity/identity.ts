import type { Refused, User } from '../channel/handlers.ts'
import type { Handshake } from '../transport/transport.ts'

/** What `authenticate` is asked with. */
export interface Credentials {
  /** What the client sent in its hello, or what a dialect took from its handshake. From outside: check it. */
  readonly credentials: unknown
  readonly handshake: Handshake
  readonly dialect: string
  /** The application's own, for the life of the session. */
  readonly data: Record<string, unknown>
  /** The connection's id: a good user id for those who stay anonymous. */
  readonly connection: string
}

/** Says who a client is, or refuses it. A user alone never expires; `identify` says more. */
export type Authenticate = (credentials: Credentials) => Answer | Promise<Answer>
type Answer = User | Identity | Refused

/** A user, and for how long that is believed. Made by `identify`. */
export class Identity {
  readonly user: User
  readonly expiresAt: number
  readonly issuedAt: number | null
  readonly session: string | null

  constructor(user: User, options: IdentityOptions) {
    this.user = user
    this.expiresAt = options.expiresAt ?? Number.POSITIVE_INFINITY
    this.issuedAt = options.issuedAt ?? null
    this.session = options.session ?? null
  }
}

/** What is known of a user's credentials. Times are milliseconds since the Unix epoch. */
export interface IdentityOptions {
  /** The connection is closed with 4004 then, unless the client has refreshed them. Default: never. */
  readonly expiresAt?: number
  /** Lets a later sign-in survive that the user is revoked. Default: not known, and none survives. */
  readonly issuedAt?: number
  /** The sign-in that they belong to, as the application calls it: one that can be revoked without the user's others. */
  readonly session?: string
}

/** A user with what is known of its credentials. */
export function identify(user: User, options: IdentityOptions = {}): Identity {
  return new Identity(user, options)
}

/**
 * What an application answered, as an identity.
 * @throws TypeError if it is not one.
 */
export function toIdentity(answer: User | Identity): Identity {
  const identity = answer instanceof Identity ? answer : identify(answer)
  const { id } = identity.user
  if (typeof id !== 'string' || id.length === 0 || id.length > 255)
    throw new TypeError('authenticate must answer a user with an id of 1 to 255 characters, or refuse()')
  const { session } = identity
  if (session !== null && (typeof session !== 'string' || session.length === 0 || session.length > 255))
    throw new TypeError('the session of an identity must be a text of 1 to 255 characters')
  return identity
}
