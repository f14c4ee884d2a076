import type { Answer } from 'rollcall/long-poll'

/** Why a request is refused: numbers and words are Engine.IO's own, and clients may branch on them. */
export type FaultCode = 0 | 1 | 2 | 3 | 4 | 5

const MESSAGES: Readonly<Record<FaultCode, string>> = {
  0: 'Transport unknown',
  1: 'Session ID unknown',
  2: 'Bad handshake method',
  3: 'Bad request',
  4: 'Forbidden',
  5: 'Unsupported protocol version',
}

export const UNKNOWN_TRANSPORT = 0
export const UNKNOWN_SESSION = 1
export const BAD_METHOD = 2
export const BAD_REQUEST = 3
export const FORBIDDEN = 4
export const BAD_VERSION = 5

/** What a client is told over HTTP. */
export function faultAnswer(code: FaultCode): Answer {
  return {
    status: code === FORBIDDEN ? 403 : 400,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ code, message: MESSAGES[code] }),
  }
}

/** What a client is told that wanted a WebSocket. */
export function upgradeFault(code: FaultCode): { status: number; headers: Record<string, string>; body: string } {
  return { status: code === FORBIDDEN ? 403 : 400, headers: { 'content-type': 'text/html' }, body: MESSAGES[code] }
}
