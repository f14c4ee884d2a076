import { STATUS_CODES } from 'node:http'
import type { ErrorCode, Refusal } from '@rollcall/core'

const STATUSES: Partial<Record<ErrorCode, number>> = {
  bad_request: 400,
  unauthorized: 401,
  refused: 403,
  unknown_topic: 404,
  no_history: 404,
  too_big: 413,
  too_deep: 422,
  invalid_payload: 422,
  unknown_event: 422,
  rate_limited: 429,
  unavailable: 503,
}

/** The HTTP status that a refusal is told with. */
function statusOf(code: ErrorCode): number {
  return (Object.hasOwn(STATUSES, code) ? STATUSES[code] : undefined) ?? 500
}

/** A failure as `application/problem+json` (RFC 9457), with Rollcall's own `code` as an extension member. */
export function problem(
  { code, message, retryAfterMs }: Refusal,
  headers: Readonly<Record<string, string>> = {},
  status: number = statusOf(code),
): Response {
  const body = { title: STATUS_CODES[status] ?? 'Error', status, detail: message, code, retryAfterMs }
  const waits = retryAfterMs === undefined ? {} : { 'retry-after': String(Math.ceil(retryAfterMs / 1000)) }
  return new Response(JSON.stringify(body), {
    status,
    headers: { 'content-type': 'application/problem+json', ...waits, ...headers },
  })
}
