/**
 * A code point in UTF-8's scheme, in as many bytes as are asked for: too many, and code points that are none, are welcome.
 * The platform's encoder would refuse or mend them.
 */
export function sequence(codePoint: number, length: number): number[] {
  if (length === 1) return [codePoint]
  const bytes: number[] = []
  let rest = codePoint
  for (let i = 1; i < length; i++) {
    bytes.unshift(0x80 | (rest & 0x3f))
    rest = Math.floor(rest / 64)
  }
  return [((0xff00 >> length) & 0xff) | rest, ...bytes]
}
