import { fromBase64url, fromUtf8 } from '@rollcall/core'
import type { Handshake, Transport, TransportListener, Visitor } from 'rollcall'
import { type Params, toParams } from './params.ts'
import type { Format } from './serializer.ts'

/** What a client says with the address and the headers that it connects with. From outside: check it. */
export interface Connect {
  readonly format: Omit<Format, 'binary'>
  /** The parameters of the client; `token` is its `authToken` where it has one. */
  readonly credentials: Params
  /** The subprotocols to answer with. */
  readonly protocols: readonly string[]
}

/** Makes a connection of a client that was let in. */
export type Open = (connect: Connect, transport: Transport, handshake: Handshake, visitor: Visitor) => TransportListener

const PROTOCOL = 'phoenix'
const TOKEN_PROTOCOL = 'base64url.bearer.phx.'

/** Reads the connect of a WebSocket; null if it cannot be let in. */
export function readWebSocketConnect(url: URL, protocolHeader: string | undefined): Connect | null {
  const offered = protocolHeader === undefined ? [] : protocolHeader.split(',').map((name) => name.trim())
  if (offered.length > 0 && !offered.includes(PROTOCOL)) return null
  const encoded = offered.find((name) => name.startsWith(TOKEN_PROTOCOL))
  if (encoded === undefined) return readConnect(url.searchParams, null)
  const token = decodeToken(encoded.slice(TOKEN_PROTOCOL.length))
  return token === null ? null : readConnect(url.searchParams, token)
}

/** Reads a connect; null if it is of another version, or makes no sense. */
export function readConnect(pairs: Iterable<readonly [string, string]>, token: string | null): Connect | null {
  const params = toParams(pairs)
  if (!params) return null
  const { vsn = '1.0.0', stamp, ...credentials } = params
  const version = typeof vsn === 'string' ? /^([12])\.0\.(0|[1-9]\d*)$/.exec(vsn)?.[1] : undefined
  if (version === undefined) return null
  if (token !== null) credentials.token = token
  return {
    format: { version: version === '1' ? 1 : 2, stamped: stamp !== undefined },
    credentials: Object.assign(Object.create(null) as Params, credentials),
    protocols: [PROTOCOL],
  }
}

// The client encodes with the standard alphabet, whatever the name says.
function decodeToken(encoded: string): string | null {
  const bytes = encoded === '' ? null : fromBase64url(encoded)
  if (!bytes) return null
  return fromUtf8(bytes) ?? String.fromCharCode(...bytes)
}
