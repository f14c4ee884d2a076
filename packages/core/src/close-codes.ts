/**
 * WebSocket close codes that Rollcall sends (RFC 6455 section 7.4). The range tells a client what to do, also for codes
 * that it does not know: 4000-4099 reconnect; 4100-4199 reconnect later (at the hint of `closing`, or after the longest
 * back-off); 4400-4499 do not reconnect. Of the codes below 4000, 1000, 1002, 1003, 1007, 1008, 1009 and 1010 mean do not
 * reconnect, 1012 and 1013 later, all others reconnect.
 */
export const CloseCode = {
  /** Done; both sides agree. */
  normal: 1000,
  /** The frame broke RFC 6455. */
  protocolError: 1002,
  /** Text that is not UTF-8. */
  invalidText: 1007,
  /** A message above the limit. */
  tooBig: 1009,
  /** Nothing was heard for too long. */
  silent: 4000,
  /** Reading too slowly on a channel that cannot wait. */
  slow: 4001,
  /** The session went on over another connection. */
  superseded: 4002,
  /** The server must forget this connection; come back and recover. */
  insufficientState: 4003,
  /** The credentials ran out; come back with new ones. */
  expired: 4004,
  /** The server is stopping or moving its clients. */
  goingAway: 4100,
  /** Too many connections or handshakes right now. */
  overloaded: 4101,
  /** A frame that is not of the protocol. */
  badFrame: 4400,
  /** No valid hello, or no join, in time. */
  idle: 4401,
  /** The credentials were refused. */
  unauthorized: 4402,
  /** Disconnected by the application. */
  kicked: 4403,
  /** Nested too deep. */
  tooDeep: 4404,
  /** Kept on after being told to slow down. */
  tooFast: 4405,
  /** A protocol version that the server does not speak. */
  wrongVersion: 4406,
} as const

/** What a client does after a close. */
export type Reaction = 'reconnect' | 'later' | 'stop'

const STOP = new Set<number>([1000, 1002, 1003, 1007, 1008, 1009, 1010])

/** What a client does after a close with this code; unknown codes follow their range. */
export function reactionTo(code: number): Reaction {
  if (STOP.has(code) || (code >= 4400 && code < 4500)) return 'stop'
  if (code === 1012 || code === 1013 || (code >= 4100 && code < 4200)) return 'later'
  return 'reconnect'
}
