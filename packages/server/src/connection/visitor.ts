import type { Identity } from '../identity/identity.ts'

/** A client that was judged before it has a connection. Good for one. */
export interface Visitor {
  /** The id that its connection is going to have. */
  readonly id: string
  /** The application's own, for the life of the session. */
  readonly data: Record<string, unknown>
  readonly identity: Identity
  /** Whether no application was asked. */
  readonly anonymous: boolean
}
