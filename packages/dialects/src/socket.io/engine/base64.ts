import { fromBase64url } from '@rollcall/core'

// `String.fromCharCode` takes its characters as arguments, of which there may not be too many.
const CHUNK = 8_192

/** Bytes as base64 with padding (RFC 4648 section 4). */
export function toBase64(bytes: Uint8Array): string {
  let binary = ''
  for (let at = 0; at < bytes.length; at += CHUNK)
    binary += String.fromCharCode.apply(null, bytes.subarray(at, at + CHUNK) as unknown as number[])
  return btoa(binary)
}

/** The bytes of a base64 text, or null if it is none. */
export function fromBase64(text: string): Uint8Array | null {
  return fromBase64url(text)
}
