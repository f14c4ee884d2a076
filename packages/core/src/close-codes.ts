/**
 * WebSocket close codes that Rollcall sends (RFC 6455 section 7.4). The range tells a client what to do, also for codes
 * that it does not know: 4000-4099 reconnect; 4100-4199 reconnect later (at the hint of `closing`, or after the longest
 * back-off); 4400-4499 do not reconnect. Of the codes below 4000, 1000, 1002, 1003, 1007, 1008, 1009 and 1010 mean do not
 * reconnect, 1012 and 1013 later, all others reconnect.
 */
export * as CloseCode from './close-code.ts'

/** What a client does after a close. */
export type Reaction = 'reconnect' | 'later' | 'stop'

const STOP: readonly number[] = [1000, 1002, 1003, 1007, 1008, 1009, 1010]

/** What a client does after a close with this code; unknown codes follow their range. */
export function reactionTo(code: number): Reaction {
  if (STOP.includes(code) || (code >= 4400 && code < 4500)) return 'stop'
  if (code === 1012 || code === 1013 || (code >= 4100 && code < 4200)) return 'later'
  return 'reconnect'
}
