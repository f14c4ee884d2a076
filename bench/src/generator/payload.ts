const SAYING = 'Tyr says: the quick brown fox jumps over the lazy dog, and everybody in the room hears of it. '

/** A text of so many bytes, as somebody could have written it. */
export function payloadOf(bytes: number): string {
  return SAYING.repeat(Math.ceil(bytes / SAYING.length)).slice(0, bytes)
}
