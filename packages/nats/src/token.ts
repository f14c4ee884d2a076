import { Buffer } from 'node:buffer'

/** The longest text that a token is made of, in UTF-16 code units. */
export const MAX_TOKEN_SOURCE = 512
/** The longest token, in characters: base64url of three bytes a code unit, and its mark. */
export const MAX_TOKEN_LENGTH: number = 1 + (MAX_TOKEN_SOURCE * 3 * 4) / 3

const SAFE = /^[\w:@/-]+$/
const UNSAFE = /[^\w:@/-]/gu
const ILL_FORMED = /\p{Surrogate}/u
const ESCAPE = /=([0-9A-F]{2})/g

/**
 * One NATS subject token for any well-formed text, each text another. Letters, digits and `_ : @ / -` stand for themselves,
 * every other character for its UTF-8 bytes as `=XX`; where base64url of the whole is shorter, it is that, marked by `~`.
 * So no token holds a separator, a wildcard or a space, none is empty, and none is longer than `MAX_TOKEN_LENGTH`.
 * @throws RangeError if the text is longer than `MAX_TOKEN_SOURCE` or has a lone surrogate.
 */
export function toToken(text: string): string {
  if (text.length > MAX_TOKEN_SOURCE)
    throw new RangeError(`A subject of ${text.length} code units is too long: at most ${MAX_TOKEN_SOURCE}`)
  if (SAFE.test(text)) return text
  if (ILL_FORMED.test(text)) throw new RangeError('A subject must be well-formed text: it has a lone surrogate')
  const whole = `~${Buffer.from(text, 'utf8').toString('base64url')}`
  const escaped = text.replace(UNSAFE, escapeOf)
  return text !== '' && escaped.length <= whole.length ? escaped : whole
}

/** The text that a token of `toToken` stands for. */
export function fromToken(token: string): string {
  if (token.startsWith('~')) return Buffer.from(token.slice(1), 'base64url').toString('utf8')
  if (!token.includes('=')) return token
  const bytes = token.replace(ESCAPE, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
  return Buffer.from(bytes, 'latin1').toString('utf8')
}

function escapeOf(character: string): string {
  let escaped = ''
  for (const byte of Buffer.from(character, 'utf8')) escaped += `=${byte.toString(16).toUpperCase().padStart(2, '0')}`
  return escaped
}

const CACHED_TOKENS = 10_000

/** `toToken` that remembers: a node speaks of the same subjects over and over. */
export function tokenCache(): (text: string) => string {
  const tokens = new Map<string, string>()
  return (text) => {
    let token = tokens.get(text)
    if (token === undefined) {
      token = toToken(text)
      if (tokens.size >= CACHED_TOKENS) tokens.clear()
      tokens.set(text, token)
    }
    return token
  }
}
