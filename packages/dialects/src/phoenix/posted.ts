import { fromBase64url, fromUtf8, type Payload } from '@rollcall/core'

/** Why a body was not taken. Nothing of it was. */
export interface PostFault {
  readonly status: 400 | 413
  readonly reason: string
}

/** Messages in one body: the batches of the official client are as large. */
const MAX_MESSAGES = 100

const NEWLINE = 0x0a

/**
 * The messages of a POST. In newline-delimited JSON a line that begins with a bracket is a text, any other one is bytes in
 * base64; of any other type, the body is one text.
 */
export function readPosted(
  body: Uint8Array,
  contentType: string | undefined,
  maxMessageBytes: number,
): readonly Payload[] | PostFault {
  if (contentType?.split(';', 1)[0]?.trim().toLowerCase() !== 'application/x-ndjson') {
    const text = fromUtf8(body)
    return text === null ? BROKEN : tooBig(body, maxMessageBytes) ? bigger(maxMessageBytes) : [text]
  }
  const lines = split(body)
  if (!lines) return { status: 413, reason: `at most ${MAX_MESSAGES} messages in one request` }
  const payloads: Payload[] = []
  for (const line of lines) {
    const payload = payloadOf(line)
    if (payload === null) return BROKEN
    if (tooBig(typeof payload === 'string' ? line : payload, maxMessageBytes)) return bigger(maxMessageBytes)
    payloads.push(payload)
  }
  return payloads
}

const BROKEN: PostFault = { status: 400, reason: 'a message is neither JSON nor base64' }

function tooBig({ length }: Uint8Array, maxBytes: number): boolean {
  return length > maxBytes
}

function bigger(maxBytes: number): PostFault {
  return { status: 413, reason: `a message is above ${maxBytes} bytes` }
}

// Counted before anything is made of them. Null if they are too many.
function split(body: Uint8Array): Uint8Array[] | null {
  const lines: Uint8Array[] = []
  let at = 0
  while (at < body.length) {
    const next = body.indexOf(NEWLINE, at)
    const end = next < 0 ? body.length : next
    if (end > at) lines.push(body.subarray(at, end))
    if (lines.length > MAX_MESSAGES) return null
    at = end + 1
  }
  return lines
}

function payloadOf(line: Uint8Array): Payload | null {
  const text = fromUtf8(line)?.replace(/\r$/, '') ?? null
  return text === null || text.startsWith('[') ? text : fromBase64url(text)
}
