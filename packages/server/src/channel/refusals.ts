import type { Outcome, Refusal } from '@rollcall/core'
import { RollcallError } from '@rollcall/core'
import { LogUnavailable } from '../log/log.ts'
import { Refuse } from './handlers.ts'

/** Hears how a request ended; called once. */
export type Answer = (outcome: Outcome) => void

export function refused(code: Refusal['code'], message: string, more: Omit<Refusal, 'code' | 'message'> = {}): Outcome {
  return { ok: false, refusal: { code, message, ...more } }
}

export function done(result: unknown): Outcome {
  return { ok: true, result }
}

/** What a client is told of a failure: refusals as they are, anything else as an internal error without its cause. */
export function refusalOf(error: unknown, what: string): { readonly refusal: Refusal; readonly unexpected: boolean } {
  if (error instanceof Refuse) return { refusal: error.refusal, unexpected: false }
  if (error instanceof RollcallError) {
    const { code, message, retryAfterMs, details } = error
    const refusal = {
      code,
      message,
      ...(retryAfterMs !== undefined && { retryAfterMs }),
      ...(details !== undefined && { details }),
    }
    return { refusal, unexpected: false }
  }
  if (error instanceof LogUnavailable)
    return {
      refusal: {
        code: 'unavailable',
        message: `${what}: the log cannot be reached now`,
        retryAfterMs: error.retryAfterMs,
      },
      unexpected: false,
    }
  return { refusal: { code: 'internal', message: `${what} failed on the server` }, unexpected: true }
}
