/** Stable names of what can go wrong. On the wire they are the `code` of an error reply; see PROTOCOL.md for the table. */
export type ErrorCode =
  // The request can never succeed as it is.
  | 'bad_request'
  | 'unknown_topic'
  | 'unknown_event'
  | 'invalid_payload'
  | 'not_joined'
  | 'already_joined'
  | 'too_big'
  | 'too_deep'
  | 'too_many_channels'
  | 'no_presence'
  | 'no_history'
  // The application, or a permission, says no.
  | 'unauthorized'
  | 'refused'
  // Try again later: `retryAfterMs` says when.
  | 'rate_limited'
  | 'unavailable'
  // Made by the client itself.
  | 'timeout'
  | 'disconnected'
  | 'aborted'
  | 'closed'
  | 'overflow'
  // Something broke on the other side; nothing of it is told.
  | 'internal'

/** What a peer is told when a request fails. */
export interface Refusal {
  readonly code: ErrorCode
  /** A sentence for a developer: what cannot be done, why, and what to do instead. */
  readonly message: string
  /** Not before this many milliseconds from now. */
  readonly retryAfterMs?: number
  /** The application's own explanation, as it gave it. */
  readonly details?: unknown
}

/** Every error that Rollcall's promises reject with. Branch on `code`, or on the class: one for each reaction. */
export class RollcallError extends Error {
  readonly code: ErrorCode
  readonly retryAfterMs: number | undefined
  readonly details: unknown

  constructor(refusal: Refusal, options?: ErrorOptions) {
    super(refusal.message, options)
    // Bundlers shorten class names; the code says which it is.
    this.name = 'RollcallError'
    this.code = refusal.code
    this.retryAfterMs = refusal.retryAfterMs
    this.details = refusal.details
  }
}

/** The request itself is wrong: change the program. */
export class InvalidError extends RollcallError {}
/** The application or a permission refused: tell the user. */
export class RefusedError extends RollcallError {}
/** Not now: try again after `retryAfterMs`. */
export class RetryLaterError extends RollcallError {}
/** It is unknown whether it happened: the connection was lost or the time ran out before the answer. */
export class UnknownOutcomeError extends RollcallError {}
/** The caller ended it: aborted, left, or closed. */
export class EndedError extends RollcallError {}

const CLASSES: Partial<Record<ErrorCode, typeof RollcallError>> = {
  unauthorized: RefusedError,
  refused: RefusedError,
  rate_limited: RetryLaterError,
  unavailable: RetryLaterError,
  timeout: UnknownOutcomeError,
  disconnected: UnknownOutcomeError,
  internal: UnknownOutcomeError,
  aborted: EndedError,
  closed: EndedError,
}

/** The error of the class that fits the refusal's code. */
export function errorOf(refusal: Refusal, options?: ErrorOptions): RollcallError {
  const Class = Object.hasOwn(CLASSES, refusal.code) ? (CLASSES[refusal.code] ?? InvalidError) : InvalidError
  return new Class(refusal, options)
}
