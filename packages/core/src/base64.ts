// Every runtime has these two; core names them itself, so as not to depend on any runtime's library.
declare function btoa(binary: string): string
declare function atob(base64: string): string

/** Bytes as base64url without padding (RFC 4648 section 5). */
export function base64url(bytes: Uint8Array): string {
  let binary = ''
  for (const byte of bytes) binary += String.fromCharCode(byte)
  return btoa(binary).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '')
}

/** The bytes of a base64url text; both alphabets and padding are understood. Null if it is neither. */
export function fromBase64url(text: string): Uint8Array | null {
  // `atob` skips white space, which is in neither alphabet.
  if (/\s/.test(text)) return null
  try {
    return Uint8Array.from(atob(text.replaceAll('-', '+').replaceAll('_', '/')), (char) => char.charCodeAt(0))
  } catch {
    return null
  }
}
