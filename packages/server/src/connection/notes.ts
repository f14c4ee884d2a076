import { CloseCode, type JoinRequest, type Refusal, type Request, type SendRequest } from '@rollcall/core'
import type { Audit } from '../audit.ts'
import type { Handshake } from '../transport/transport.ts'

// What is counted and written down of connections that were closed and requests that were refused.

// Closes for which it is the peer who is to blame.
const OFFENCES = new Set<number>([
  CloseCode.protocolError,
  CloseCode.invalidText,
  CloseCode.tooBig,
  CloseCode.badFrame,
  CloseCode.tooDeep,
  CloseCode.tooFast,
  1008,
])

// Refusals whose text may hold some of what was sent.
const QUOTING = new Set(['invalid_payload', 'bad_request'])

// Closes that say nothing about the peer.
const ORDINARY = new Set<number>([CloseCode.normal, 1001, CloseCode.superseded, CloseCode.goingAway])

/** How often something was refused for good reason. */
export interface RefusalCounters {
  rateLimited: number
  handshakes: number
  /** Requests that were refused, by error code. */
  readonly refusals: Map<string, number>
  /** Connections that the server closed, by close code. */
  readonly closes: Map<number, number>
}

interface Host {
  readonly counters: RefusalCounters
  readonly audit: Audit | null
  offended(address: string): void
}

/** Whom it concerns. */
interface Noted {
  readonly id: string
  readonly user: { readonly id: string }
  readonly dialect: string
  readonly handshake: Handshake
}

/** The server has closed a connection. */
export function noteClose(host: Host, connection: Noted, code: number, reason: string): void {
  count(host.counters.closes, code)
  if (OFFENCES.has(code)) host.offended(connection.handshake.address)
  if (!ORDINARY.has(code))
    tell(host, connection, 'connection_closed', {
      code,
      reason: code === CloseCode.badFrame ? 'a frame that cannot be read' : reason,
    })
}

/** The server has refused a request. */
export function noteRefusal(host: Host, connection: Noted, request: Request, { code, message }: Refusal): void {
  count(host.counters.refusals, code)
  if (!host.audit) return
  const { kind, topic, alias, event } = request as Partial<JoinRequest & SendRequest>
  // What is wrong with a payload is said in words that may quote it.
  const reason = QUOTING.has(code) ? undefined : message
  tell(host, connection, 'request_refused', { request: kind, code, reason, topic: topic ?? alias, name: event })
}

function tell(
  { audit }: Host,
  { id, user, dialect, handshake }: Noted,
  event: 'connection_closed' | 'request_refused',
  fields: Readonly<Record<string, unknown>>,
): void {
  audit?.note(event, { ...fields, user: user.id, connection: id, dialect }, handshake.address)
}

function count<K>(counts: Map<K, number>, key: K): void {
  counts.set(key, (counts.get(key) ?? 0) + 1)
}
