import { base64url } from '@rollcall/core'

/**
 * A payload as JSON text, as it is. Nothing is `{}`, since the official client reads a field of every payload; bytes, where
 * they cannot go as bytes, are `{"base64":"…"}`.
 */
export function payloadText(payload: unknown): string {
  if (payload === null || payload === undefined) return '{}'
  if (payload instanceof Uint8Array) return `{"base64":"${base64(payload)}"}`
  return JSON.stringify(payload) ?? '{}'
}

function base64(bytes: Uint8Array): string {
  const text = base64url(bytes).replaceAll('-', '+').replaceAll('_', '/')
  return text.padEnd(Math.ceil(text.length / 4) * 4, '=')
}
