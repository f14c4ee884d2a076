import * as ws from 'ws'

// Exported by ws, and left out of its types: reads a Sec-WebSocket-Extensions header, in linear time, into objects without
// a prototype. Throws on what is none.
const { extension } = ws as unknown as {
  readonly extension: { parse(header: string): Record<string, readonly Parameters[]> }
}

type Parameters = Readonly<Record<string, readonly (string | true)[]>>

const NAME = 'permessage-deflate'

/**
 * Which offer of a client is taken (RFC 7692 section 7.1), as the value to answer with; null for none. Never with a context
 * that is taken over to the next message: without one, a message can be compressed once for all who get it, and nothing is
 * kept for a connection between messages.
 */
export function acceptDeflate(header: string | undefined): string | null {
  if (header === undefined) return null
  let offers: readonly Parameters[]
  try {
    offers = extension.parse(header)[NAME] ?? []
  } catch {
    return null
  }
  for (const offer of offers) {
    if (!isAcceptable(offer)) continue
    const bits = offer['server_max_window_bits'] ? '; server_max_window_bits=15' : ''
    return `${NAME}; server_no_context_takeover; client_no_context_takeover${bits}`
  }
  return null
}

function isAcceptable(offer: Parameters): boolean {
  return Object.entries(offer).every(([name, values]) => {
    const [value] = values
    if (values.length !== 1 || value === undefined) return false
    if (name === 'server_no_context_takeover' || name === 'client_no_context_takeover') return value === true
    if (name === 'client_max_window_bits') return value === true || /^([89]|1[0-5])$/.test(value)
    // All receivers get the same bytes, compressed with the whole window.
    return name === 'server_max_window_bits' && value === '15'
  })
}
