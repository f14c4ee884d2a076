/** A piece of a message: text as it is, or an address to go to. */
export type Piece =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'link'; readonly text: string; readonly href: string }

const ADDRESS = /\bhttps?:\/\/[^\s\p{Cc}<>"'`]+/giu

/** Finds the addresses in a text. Punctuation at their end is the sentence's, and so is a bracket that was not opened. */
export function toPieces(text: string): readonly Piece[] {
  const pieces: Piece[] = []
  let from = 0
  for (const match of text.matchAll(ADDRESS)) {
    const address = withoutTail(match[0])
    const href = toHref(address)
    if (href === null) continue
    if (match.index > from) pieces.push({ kind: 'text', text: text.slice(from, match.index) })
    pieces.push({ kind: 'link', text: address, href })
    from = match.index + address.length
  }
  if (from < text.length) pieces.push({ kind: 'text', text: text.slice(from) })
  return pieces
}

const OPENS: Readonly<Record<string, string>> = { ')': '(', ']': '[', '}': '{' }

function withoutTail(address: string): string {
  const counts = new Map<string, number>()
  for (const sign of address) counts.set(sign, (counts.get(sign) ?? 0) + 1)
  let end = address.length
  for (; end > 0; end--) {
    const last = address[end - 1] ?? ''
    if ('.,;:!?…*_~'.includes(last)) continue
    const open = OPENS[last]
    const closed = counts.get(last) ?? 0
    if (open === undefined || (counts.get(open) ?? 0) >= closed) break
    counts.set(last, closed - 1)
  }
  return address.slice(0, end)
}

function toHref(address: string): string | null {
  try {
    const { protocol, href } = new URL(address)
    return protocol === 'http:' || protocol === 'https:' ? href : null
  } catch {
    return null
  }
}

const ONLY_EMOJI =
  /^(?:\p{Extended_Pictographic}(?:\p{Emoji_Modifier}|\ufe0f|\u200d\p{Extended_Pictographic})*\s*){1,3}$/u

/** Whether a message is one to three emoji and nothing else: they are shown large. */
export function isEmoji(text: string): boolean {
  return text.length <= 40 && ONLY_EMOJI.test(text)
}
