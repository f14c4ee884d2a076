import type { IncomingMessage } from 'node:http'
import type { Origins } from 'rollcall'
import { type OriginCheck, originCheck } from 'rollcall/http'

/** One origin, or those that a pattern fits. */
type OriginPattern = string | RegExp

/** Decides of an origin. `callback(null, true)` lets it in, so does one that fits what is given instead of `true`. */
type OriginFunction = (
  origin: string | undefined,
  callback: (error: Error | null, origin?: boolean | OriginPattern | readonly OriginPattern[]) => void,
) => void

/** What `cors.origin` may be. `true` and `*`: any. */
export type CorsOrigin = boolean | OriginPattern | readonly OriginPattern[] | OriginFunction

/** Whether pages of a request's origin may connect. What asks the application may take its time. */
export type OriginRule = (request: IncomingMessage) => boolean | Promise<boolean>

/** The rule of `origins`, where there is no `cors`. @throws TypeError on an origin that is none. */
export function ruleOfOrigins(origins: Origins): OriginCheck {
  return originCheck(origins)
}

/**
 * The rule of `cors.origin`. It holds for polling, where browsers look at it, and for WebSockets, where they do not. Pages of
 * the server's own origin always may.
 */
export function ruleOfCors(origin: CorsOrigin): OriginRule {
  const own = originCheck('same-host')
  if (typeof origin === 'function') return (request) => own(request) || ask(origin, request.headers.origin)
  return (request) => own(request) || fits(origin, request.headers.origin)
}

function fits(rule: Exclude<CorsOrigin, OriginFunction>, origin: string | undefined): boolean {
  if (typeof rule === 'boolean') return rule
  if (origin === undefined || rule === '*') return true
  if (typeof rule === 'string') return rule === origin
  return rule instanceof RegExp ? rule.test(origin) : rule.some((each) => fits(each, origin))
}

function ask(decide: OriginFunction, origin: string | undefined): Promise<boolean> {
  return new Promise((resolve) => {
    decide(origin, (error, answer = false) => resolve(!error && fits(answer, origin)))
  })
}
