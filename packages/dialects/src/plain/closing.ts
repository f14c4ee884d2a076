import { CloseCode, type ErrorCode, type Refusal } from '@rollcall/core'

/** Close codes that only plain connections end with; all others are those of core. By their range: do not reconnect. */
export const PlainCloseCode = {
  /** There is no such topic. */
  unknownTopic: 4407,
  /** A message, the presence or the join input does not fit its schema. */
  invalid: 4408,
  /** Something broke on the server (RFC 6455 section 7.4.1): reconnect. */
  internal: 1011,
} as const

const CODES: Partial<Record<ErrorCode, number>> = {
  unauthorized: CloseCode.unauthorized,
  refused: CloseCode.kicked,
  unknown_topic: PlainCloseCode.unknownTopic,
  bad_request: CloseCode.badFrame,
  too_deep: CloseCode.tooDeep,
  rate_limited: CloseCode.tooFast,
  unavailable: CloseCode.overloaded,
  not_joined: CloseCode.insufficientState,
  closed: CloseCode.insufficientState,
  internal: PlainCloseCode.internal,
}

/** The close that tells a client of a refusal: all that a plain client can be told apart from messages. */
export function closingOf({ code, message, retryAfterMs }: Refusal): {
  readonly kind: 'close'
  readonly code: number
  readonly reason: string
} {
  const wait = retryAfterMs === undefined ? '' : ` (try again in ${Math.ceil(retryAfterMs / 1000)} s)`
  const known = Object.hasOwn(CODES, code) ? CODES[code] : undefined
  return { kind: 'close', code: known ?? PlainCloseCode.invalid, reason: clipReason(message, wait) }
}

// A close reason has room for 123 bytes (RFC 6455 section 5.5); the transport cuts by bytes, this keeps the ending.
const MAX_REASON = 120

/** Shortens a reason so that what stands at its end is not lost. */
export function clipReason(reason: string, ending = ''): string {
  const room = MAX_REASON - ending.length
  return `${reason.length > room ? `${reason.slice(0, room - 3)}…` : reason}${ending}`
}
