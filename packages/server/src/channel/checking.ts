import { errorOf, type Schema, type Validation, validate } from '@rollcall/core'

/**
 * Runs a schema where there is one, and answers what it made of the value: at once if the schema does, since most do and a
 * promise for each message would cost. Throws, or rejects with, an InvalidError.
 */
export function check(schema: Schema | undefined, value: unknown, what: string): unknown {
  if (!schema) return undefined
  const validation = validate(schema, value)
  return validation instanceof Promise
    ? validation.then((later) => checkedValue(later, what))
    : checkedValue(validation, what)
}

/** Throws an InvalidError if JSON cannot carry the payload: found out later, it would be lost to all who are there. */
export function checkEncodable(payload: unknown, what: string): void {
  if (payload === null || payload === undefined || typeof payload === 'string' || payload instanceof Uint8Array) return
  try {
    if (JSON.stringify(payload) !== undefined) return
  } catch {
    // A cycle, a bigint, or too deep.
  }
  throw errorOf({ code: 'invalid_payload', message: `${what} cannot be written as JSON` })
}

/** Checks a member's metadata, its size included. */
export async function checkMeta(schema: Schema, meta: unknown, topic: string, maxBytes: number): Promise<unknown> {
  const value = await check(schema, meta, `The presence for ${topic}`)
  if ((JSON.stringify(value) ?? '').length > maxBytes)
    throw errorOf({ code: 'too_big', message: `The presence for ${topic} is above ${maxBytes} bytes` })
  return value
}

function checkedValue(validation: Validation, what: string): unknown {
  if ('issues' in validation)
    throw errorOf({ code: 'invalid_payload', message: `${what} is not valid: ${validation.issues}` })
  return validation.value
}
