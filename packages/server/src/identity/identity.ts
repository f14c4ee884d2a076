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

  constructor(user: User, expiresAt: number, issuedAt: number | null) {
    this.user = user
    this.expiresAt = expiresAt
    this.issuedAt = issuedAt
  }
}

/**
 * A user whose credentials expire: the connection is closed with 4004 then, unless the client has refreshed them. Times are
 * milliseconds since the Unix epoch. `issuedAt` lets a later sign-in survive a revocation.
 */
export function identify(
  user: User,
  options: { readonly expiresAt?: number; readonly issuedAt?: number } = {},
): Identity {
  return new Identity(user, options.expiresAt ?? Number.POSITIVE_INFINITY, options.issuedAt ?? null)
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
  return identity
}
