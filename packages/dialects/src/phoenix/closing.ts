import { CloseCode } from '@rollcall/core'

/** Codes that the clients of this protocol know (RFC 6455 section 7.4.1). They come back after each of them. */
export const PhoenixClose = {
  /** The application has disconnected the user. */
  disconnected: 1001,
  /** Nothing was heard for too long. */
  idle: 1002,
  /** The credentials were refused behind the upgrade. */
  refused: 1008,
  /** A malformed frame, or something broke here. */
  malformed: 1011,
  /** The server is stopping. */
  restarting: 1012,
  /** Not now. */
  later: 1013,
} as const

const CODES: ReadonlyMap<number, number> = new Map([
  [CloseCode.kicked, PhoenixClose.disconnected],
  [CloseCode.idle, PhoenixClose.idle],
  [CloseCode.silent, PhoenixClose.idle],
  [CloseCode.unauthorized, PhoenixClose.refused],
  [CloseCode.tooFast, PhoenixClose.refused],
  [CloseCode.insufficientState, PhoenixClose.malformed],
  [CloseCode.goingAway, PhoenixClose.restarting],
  [CloseCode.overloaded, PhoenixClose.later],
])

/** The code that says one of the server's in this language; those that have none stay as they are. */
export function phoenixCloseCode(code: number): number {
  return CODES.get(code) ?? code
}
