import type { Refusal } from '@rollcall/core'

/** A refusal as clients are told it: in the answer to an event, in the `error` event, in the data of a `connect_error`. */
export function toError({ code, message, retryAfterMs, details }: Refusal): object {
  return { code, message, ...toData({ retryAfterMs, details }) }
}

/** The `data` of a `connect_error`; its message stands beside it. */
export function toErrorData({ code, retryAfterMs, details }: Refusal): object {
  return { code, ...toData({ retryAfterMs, details }) }
}

function toData({ retryAfterMs, details }: { retryAfterMs: number | undefined; details: unknown }): object {
  return { ...(retryAfterMs !== undefined && { retryAfterMs }), ...(details !== undefined && { details }) }
}

/** How the reference says that there is no such namespace. */
export const INVALID_NAMESPACE = 'Invalid namespace'
