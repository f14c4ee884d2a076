// Every runtime has these two; core names them itself, so as not to depend on any runtime's library.
declare class TextEncoder {
  encode(text: string): Uint8Array
}
declare class TextDecoder {
  constructor(label: string, options: { fatal: boolean; ignoreBOM: boolean })
  decode(bytes: Uint8Array): string
}

const encoder = new TextEncoder()
// A byte order mark is content here (RFC 6455 knows none), and broken UTF-8 is an error, not a question mark.
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** Text as UTF-8. */
export function toUtf8(text: string): Uint8Array {
  return encoder.encode(text)
}

/** UTF-8 as text, or null if it is broken. */
export function fromUtf8(bytes: Uint8Array): string | null {
  try {
    return decoder.decode(bytes)
  } catch {
    return null
  }
}
