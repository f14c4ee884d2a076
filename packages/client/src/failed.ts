import { type ErrorCode, errorOf, type RollcallError } from '@rollcall/core'

/** An error that the client itself makes. */
export function failed(code: ErrorCode, message: string, cause?: unknown): RollcallError {
  return errorOf({ code, message }, { cause })
}
