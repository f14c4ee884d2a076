// Bytes travel beside the JSON; in it a placeholder says which ones belong where.

interface Placeholder {
  readonly _placeholder: true
  readonly num: number
}

/** Takes bytes out of a value: what is left is JSON's, and they are in `found`, in the order of their numbers. */
export function detach(value: unknown, found: Uint8Array[]): unknown {
  if (isBytes(value)) {
    const placeholder: Placeholder = { _placeholder: true, num: found.length }
    found.push(toBytes(value))
    return placeholder
  }
  if (Array.isArray(value)) return value.map((item) => detach(item, found))
  if (!isPlain(value)) return value
  // No prototype to reach by the names of others.
  const copy: Record<string, unknown> = Object.create(null)
  for (const name of Object.keys(value)) copy[name] = detach(value[name], found)
  return copy
}

function isBytes(value: unknown): value is ArrayBuffer | ArrayBufferView {
  return ArrayBuffer.isView(value) || value instanceof ArrayBuffer
}

// Not copied.
function toBytes(value: ArrayBuffer | ArrayBufferView): Uint8Array {
  if (value instanceof Uint8Array) return value
  if (value instanceof ArrayBuffer) return new Uint8Array(value)
  return new Uint8Array(value.buffer, value.byteOffset, value.byteLength)
}

/** Whether there are bytes anywhere in a value. */
export function hasBytes(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false
  if (isBytes(value)) return true
  if (Array.isArray(value)) return value.some(hasBytes)
  return isPlain(value) && Object.keys(value).some((name) => hasBytes(value[name]))
}

// Dates and whatever else has its own way to JSON go there whole.
function isPlain(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !('toJSON' in value && typeof value.toJSON === 'function')
}

/**
 * Puts bytes back in their places. The value is from JSON, of bounded depth and owned by the caller: it is changed in
 * place. False if a placeholder names bytes that are not there.
 */
export function attach(args: unknown[], bytes: readonly Uint8Array[]): boolean {
  return attachIn(args, bytes)
}

function attachIn(holder: unknown[] | Record<string, unknown>, bytes: readonly Uint8Array[]): boolean {
  const object = holder as Record<string, unknown>
  for (const name of Object.keys(object)) {
    const value = object[name]
    if (typeof value !== 'object' || value === null) continue
    const found = placed(value as Record<string, unknown>, bytes)
    if (found === null) return false
    if (found) object[name] = found
    else if (!attachIn(value as Record<string, unknown>, bytes)) return false
  }
  return true
}

// The bytes that a placeholder stands for; undefined if it is none, null if it is a wrong one.
function placed(value: Record<string, unknown>, bytes: readonly Uint8Array[]): Uint8Array | undefined | null {
  if (!Object.hasOwn(value, '_placeholder') || value['_placeholder'] !== true) return undefined
  const num = Object.hasOwn(value, 'num') ? value['num'] : undefined
  if (typeof num !== 'number' || !Number.isInteger(num) || num < 0 || num >= bytes.length) return null
  return bytes[num] ?? null
}
