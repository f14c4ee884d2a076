import type { IncomingHttpHeaders } from 'node:http'
import type { Handshake as EngineHandshake } from 'rollcall'
import type { Auth } from '../auth.ts'

/** What is known of a client from the request that it came by, and from its connect packet. */
export interface Handshake {
  readonly headers: IncomingHttpHeaders
  /** When it connected to the namespace, as a text. */
  readonly time: string
  readonly address: string
  /** Whether it came from a page: whether there was an `Origin`. */
  readonly xdomain: boolean
  /** Whether it came over TLS. */
  readonly secure: boolean
  /** When it connected to the namespace, in milliseconds since the Unix epoch. */
  readonly issued: number
  /** Path and query of the request. */
  readonly url: string
  /** A parameter that was repeated is a list. No prototype. */
  readonly query: Readonly<Record<string, string | string[] | undefined>>
  /** What the client gave as `auth`. */
  // biome-ignore lint/suspicious/noExplicitAny: clients send what they like
  readonly auth: { readonly [name: string]: any }
}

export function toHandshake({ headers, address, secure, url }: EngineHandshake, issued: number, auth: Auth): Handshake {
  return {
    headers: headers as IncomingHttpHeaders,
    time: String(new Date(issued)),
    address,
    xdomain: headers['origin'] !== undefined,
    secure,
    issued,
    url: `${url.pathname}${url.search}`,
    query: toQuery(url.searchParams),
    auth,
  }
}

/** A query as an object; what is repeated is a list. */
export function toQuery(params: URLSearchParams): Record<string, string | string[]> {
  const query: Record<string, string | string[]> = Object.create(null)
  for (const name of new Set(params.keys())) {
    const values = params.getAll(name)
    query[name] = values.length === 1 ? (values[0] ?? '') : values
  }
  return query
}
