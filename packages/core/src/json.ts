/** A value that JSON can carry. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [name: string]: Json }

/** Why a text was not read. */
export type JsonFault = 'not_json' | 'too_deep'

/**
 * Reads JSON from a peer: never throws, and refuses nesting beyond `maxDepth` before parsing, since any recursive walk
 * of a deep value could overflow the stack afterwards.
 */
export function parseJson(text: string, maxDepth: number): { value: unknown } | { fault: JsonFault } {
  if (opensMore(text, maxDepth) && depthExceeds(text, maxDepth)) return { fault: 'too_deep' }
  try {
    return { value: JSON.parse(text) as unknown }
  } catch {
    return { fault: 'not_json' }
  }
}

/** Whether there are more than `max` opening brackets, in strings or not: most texts have few, and these are found fast. */
function opensMore(text: string, max: number): boolean {
  let count = 0
  for (const bracket of '[{')
    for (let at = text.indexOf(bracket); at >= 0; at = text.indexOf(bracket, at + 1)) if (++count > max) return true
  return false
}

// Brackets inside of strings do not count.
function depthExceeds(text: string, maxDepth: number): boolean {
  let depth = 0
  let inString = false
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (inString) {
      if (code === 0x5c) i++
      else if (code === 0x22) inString = false
    } else if (code === 0x22) inString = true
    else if (code === 0x7b || code === 0x5b) {
      if (++depth > maxDepth) return true
    } else if (code === 0x7d || code === 0x5d) depth--
  }
  return false
}
