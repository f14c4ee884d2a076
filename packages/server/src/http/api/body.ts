import { errorOf, parseJson } from '@rollcall/core'
import type { Context } from 'hono'

/** A request body of either kind. */
export type Body =
  | { readonly kind: 'json'; readonly value: unknown }
  | { readonly kind: 'bytes'; readonly value: Uint8Array }

export interface BodyLimits {
  readonly bytes: number
  /** Nesting of JSON. */
  readonly depth: number
}

const UTF8 = new TextDecoder('utf-8', { fatal: true })

/** The fields of a JSON body. Rejects with an InvalidError that says what is wrong. */
export async function readFields(c: Context, limits: BodyLimits): Promise<Readonly<Record<string, unknown>>> {
  const body = await readBody(c, limits)
  if (body.kind === 'bytes') throw badRequest('The body must be JSON, with content-type application/json')
  return fieldsOf(body.value)
}

export function fieldsOf(value: unknown): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw invalid('The body must be a JSON object')
  return value as Readonly<Record<string, unknown>>
}

/** Reads JSON, or bytes where the content type says so. */
export async function readBody(c: Context, limits: BodyLimits): Promise<Body> {
  const type = (c.req.header('content-type') ?? 'application/json').split(';')[0]?.trim().toLowerCase()
  const bytes = await readBytes(c, limits.bytes)
  if (type === 'application/octet-stream') return { kind: 'bytes', value: bytes }
  if (type !== 'application/json')
    throw badRequest('The content-type must be application/json or application/octet-stream')
  const parsed = parseJson(textOf(bytes), limits.depth)
  if (!('fault' in parsed)) return { kind: 'json', value: parsed.value }
  if (parsed.fault === 'too_deep') throw errorOf({ code: 'too_deep', message: `Nested deeper than ${limits.depth}` })
  throw badRequest('The body is not JSON')
}

// Counted while it is read: a length that the caller gives proves nothing, and a chunked body has none.
async function readBytes(c: Context, maxBytes: number): Promise<Uint8Array> {
  const tooBig = () => errorOf({ code: 'too_big', message: `A body has at most ${maxBytes} bytes` })
  if (Number(c.req.header('content-length') ?? 0) > maxBytes) throw tooBig()
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of c.req.raw.body ?? []) {
    size += chunk.length
    if (size > maxBytes) throw tooBig()
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

function textOf(bytes: Uint8Array): string {
  try {
    return UTF8.decode(bytes)
  } catch {
    throw badRequest('The body is not UTF-8')
  }
}

/** A text of 1 to 255 characters without control characters, or undefined where it is left out. */
export function nameIn(fields: Readonly<Record<string, unknown>>, name: string): string | undefined {
  const value = fields[name]
  if (value === undefined || value === null) return undefined
  // biome-ignore lint/suspicious/noControlCharactersInRegex: finding control characters is its purpose
  if (typeof value !== 'string' || value.length === 0 || value.length > 255 || /[\u0000-\u001f\u007f]/.test(value))
    throw invalid(`${name} must be a text of 1 to 255 characters, none of them control characters`)
  return value
}

export function badRequest(message: string): Error {
  return errorOf({ code: 'bad_request', message })
}

/** The shape of what was given does not fit. */
export function invalid(message: string): Error {
  return errorOf({ code: 'invalid_payload', message })
}
