/** How many colours people can have; the style sheet gives them. */
const TINTS = 12

/** A person's colour: a number below 12, the same everywhere and always. */
export function tintOf(key: string): number {
  // FNV-1a: short, and spreads well over few colours.
  let hash = 0x811c9dc5
  for (let i = 0; i < key.length; i++) hash = Math.imul(hash ^ key.charCodeAt(i), 0x01000193)
  return (hash >>> 0) % TINTS
}

const graphemes = new Intl.Segmenter(undefined, { granularity: 'grapheme' })

/** One or two signs that stand for a name: its initials, or the emoji that it begins with. */
export function initialsOf(name: string): string {
  const words = name
    .trim()
    .split(/[\s_.-]+/u)
    .filter((word) => word !== '')
  const first = firstSign(words[0] ?? '')
  if (first === '') return '?'
  if (/\p{Extended_Pictographic}/u.test(first)) return first
  const last = words.length > 1 ? firstSign(words.at(-1) ?? '') : ''
  return (first + (/[\p{L}\p{N}]/u.test(last) ? last : '')).toUpperCase()
}

function firstSign(word: string): string {
  for (const { segment } of graphemes.segment(word)) return segment
  return ''
}
