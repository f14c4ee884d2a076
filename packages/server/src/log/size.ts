import type { LogRecord } from './log.ts'

/** What keeping a message costs beside its content: the objects around it. */
const OVERHEAD = 96
/** Deeper or larger values are not walked to their end: they are refused long before, or are a ring that has no end. */
const MAX_DEPTH = 128
const MAX_VALUES = 1_000_000

let left = 0

/**
 * About how many bytes a record takes, without encoding it: a text counts its UTF-16 length, a number 8, and each name,
 * item and message a little more.
 */
export function sizeOf(record: LogRecord): number {
  left = MAX_VALUES
  return OVERHEAD + record.event.length + weigh(record.payload, 0)
}

function weigh(value: unknown, depth: number): number {
  if (typeof value === 'string') return value.length + 2
  if (typeof value !== 'object' || value === null) return 8
  if (value instanceof Uint8Array) return value.byteLength
  if (depth === MAX_DEPTH) return 0
  let total = 2
  if (Array.isArray(value)) {
    for (let i = 0; i < value.length && --left > 0; i++) total += 1 + weigh(value[i], depth + 1)
    return total
  }
  const object = value as Readonly<Record<string, unknown>>
  for (const name in object) {
    if (--left <= 0) break
    total += name.length + 4 + weigh(object[name], depth + 1)
  }
  return total
}
