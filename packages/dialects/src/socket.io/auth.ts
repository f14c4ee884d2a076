import { type ChannelSpec, isOffset } from '@rollcall/core'

/** What a client says of itself with a connect packet: the `auth` of its options, or in revision 3 a query. */
export type Auth = Readonly<Record<string, unknown>>

/** What it asks for with it. */
export interface Asked {
  readonly input: unknown
  /** The metadata to be seen with; undefined to stay unseen. */
  readonly presence: unknown
  /** How many of the newest messages to begin with; null for none. */
  readonly last: number | null
}

/** The client's own part of `auth`: without what its library adds to recover. Undefined if there is none. */
export function credentialsOf(auth: Auth | undefined): Auth | undefined {
  if (!auth) return undefined
  // Names from outside: no prototype to reach.
  const credentials: Record<string, unknown> = Object.create(null)
  for (const name of Object.keys(auth)) if (name !== 'pid' && name !== 'offset') credentials[name] = auth[name]
  return Object.keys(credentials).length === 0 ? undefined : credentials
}

/**
 * Reads `auth` for a channel. `presence` is the metadata to be seen with, `false` to stay unseen; without it, a `name` is
 * one to be seen by. `input` is what the channel wants to know on joining; without it, that is `auth` as a whole.
 */
export function askedOf(auth: Auth | undefined, spec: ChannelSpec): Asked {
  const given = credentialsOf(auth) ?? {}
  return {
    input: spec.join ? (own(given, 'input') ?? given) : undefined,
    presence: spec.presence ? presenceOf(given) : undefined,
    last: lastOf(own(given, 'last')),
  }
}

function presenceOf(given: Auth): unknown {
  const presence = own(given, 'presence')
  if (presence === false || presence === 'off') return undefined
  if (presence !== undefined) return presence
  const name = own(given, 'name')
  return typeof name === 'string' ? { name } : undefined
}

function lastOf(last: unknown): number | null {
  // In a query it is a text.
  const number = typeof last === 'string' && /^\d+$/.test(last) ? Number(last) : last
  return isOffset(number) ? number : null
}

function own(given: Auth, name: string): unknown {
  return Object.hasOwn(given, name) ? given[name] : undefined
}

const ENGINE = new Set(['EIO', 'transport', 't', 'sid', 'b64', 'j'])

/** The `auth` of a client of revision 3: the query of its first request, or of a namespace. Undefined if it is empty. */
export function queryAuth(query: URLSearchParams): Auth | undefined {
  const auth: Record<string, string> = Object.create(null)
  for (const [name, value] of query) if (!ENGINE.has(name) && !(name in auth)) auth[name] = value
  return Object.keys(auth).length === 0 ? undefined : auth
}

/** A namespace of revision 3 may have a query: `/chat?token=abc`. */
export function splitQuery(nsp: string): { readonly nsp: string; readonly query: URLSearchParams } {
  const at = nsp.indexOf('?')
  if (at < 0) return { nsp, query: new URLSearchParams() }
  return { nsp: nsp.slice(0, at), query: new URLSearchParams(nsp.slice(at + 1)) }
}
