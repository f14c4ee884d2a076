import type { StandardSchemaV1 } from '@standard-schema/spec'

/** Any validator that speaks Standard Schema v1: zod, valibot, arktype and others. */
export type Schema<Input = unknown, Output = Input> = StandardSchemaV1<Input, Output>
/** What goes into a schema. */
export type InputOf<S> = S extends StandardSchemaV1 ? StandardSchemaV1.InferInput<S> : never
/** What comes out of a schema. */
export type OutputOf<S> = S extends StandardSchemaV1 ? StandardSchemaV1.InferOutput<S> : never

/** What a validation found. */
export type Validation<T = unknown> = { readonly value: T } | { readonly issues: string }

/**
 * Runs a schema over a value from outside. A validator that throws counts as a failed validation. Answers at once where
 * the schema does: most do, and a promise per message would cost.
 */
export function validate<S extends Schema>(
  schema: S,
  value: unknown,
): Validation<OutputOf<S>> | Promise<Validation<OutputOf<S>>> {
  try {
    const result = schema['~standard'].validate(value)
    return result instanceof Promise
      ? result.then(toValidation<OutputOf<S>>, failed)
      : toValidation<OutputOf<S>>(result)
  } catch {
    return failed()
  }
}

function toValidation<T>(result: StandardSchemaV1.Result<unknown>): Validation<T> {
  if (!result.issues) return { value: result.value as T }
  const texts = result.issues.slice(0, 5).map(({ message, path }) => {
    const where = path?.map((part) => String(typeof part === 'object' ? part.key : part)).join('.')
    return where ? `${where}: ${message}` : message
  })
  return { issues: texts.join('; ').slice(0, 500) || 'refused by its schema' }
}

function failed(): { issues: string } {
  return { issues: 'the schema could not judge this value' }
}

/** Whether `value` is a schema. */
export function isSchema(value: unknown): value is Schema {
  return (typeof value === 'object' || typeof value === 'function') && value !== null && '~standard' in value
}

/** A schema for payloads that are bytes; they travel as binary frames. */
export function bytes(options: { readonly maxBytes?: number } = {}): Schema<Uint8Array> {
  const { maxBytes = Number.POSITIVE_INFINITY } = options
  return {
    '~standard': {
      version: 1,
      vendor: 'rollcall',
      validate: (value) => {
        if (!(value instanceof Uint8Array)) return { issues: [{ message: 'expected bytes' }] }
        if (value.byteLength > maxBytes) return { issues: [{ message: `at most ${maxBytes} bytes` }] }
        return { value }
      },
    },
  }
}
