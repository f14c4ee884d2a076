import {
  BAD_METHOD,
  BAD_REQUEST,
  BAD_VERSION,
  type FaultCode,
  FORBIDDEN,
  UNKNOWN_SESSION,
  UNKNOWN_TRANSPORT,
} from './faults.ts'
import type { EngineVersion } from './packet.ts'

export type TransportName = 'polling' | 'websocket'

/** A request, as far as it is judged. */
export interface EngineRequest {
  readonly method: string
  readonly query: URLSearchParams
  /** Whether it asks for a WebSocket. */
  readonly upgrade: boolean
  /** Whether its Origin may connect. */
  readonly originAllowed: boolean
}

/** A session, as far as requests are judged by it. */
export interface KnownSession {
  readonly version: EngineVersion
  readonly transport: TransportName
}

export interface Rules {
  readonly transports: readonly TransportName[]
  readonly allowUpgrades: boolean
  readonly allowEIO3: boolean
}

/** The last one counts where it is repeated; anything but 4 is taken for 3, as by the reference. */
export function versionOf(query: URLSearchParams): EngineVersion {
  return query.getAll('EIO').at(-1) === '4' ? 4 : 3
}

/** The session that a request names; null if it names none. */
export function sidOf(query: URLSearchParams): string | null {
  return query.get('sid')
}

/**
 * Judges a request in the order of the reference: the first thing wrong is told. Null if nothing is; 0 is a fault.
 * `allowed` is asked last but one, for handshakes alone.
 */
export function verify(
  request: EngineRequest,
  session: KnownSession | undefined,
  rules: Rules,
  allowed: () => boolean,
): FaultCode | null {
  const { query, upgrade, method } = request
  // A list of known names, not a look-up by a name from outside.
  const transport = rules.transports.find((name) => name === query.get('transport'))
  if (transport === undefined || query.getAll('transport').length > 1) return UNKNOWN_TRANSPORT
  if (!request.originAllowed) return FORBIDDEN
  if (sidOf(query) !== null) return verifyInSession(transport, request, session, rules)
  if (method !== 'GET') return BAD_METHOD
  if (upgrade !== (transport === 'websocket')) return BAD_REQUEST
  if (!allowed()) return FORBIDDEN
  return versionOf(query) === 3 && !rules.allowEIO3 ? BAD_VERSION : null
}

function verifyInSession(
  transport: TransportName,
  { query, upgrade }: EngineRequest,
  session: KnownSession | undefined,
  { allowUpgrades }: Rules,
): FaultCode | null {
  if (!session || query.getAll('sid').length > 1) return UNKNOWN_SESSION
  const fits = upgrade ? transport === 'websocket' && allowUpgrades : transport === session.transport
  // A WebSocket is opened by an upgrade, never by a plain request.
  if (!fits || (!upgrade && transport === 'websocket')) return BAD_REQUEST
  // The revision is the session's for its life.
  return versionOf(query) === session.version ? null : BAD_REQUEST
}
