/**
 * Text from others as a terminal may show it: control characters could move the cursor, recolour the screen, or type.
 * C0, DEL and C1 become the replacement character; so do the marks that turn the direction of what follows.
 */
export function printable(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: finding control characters is its purpose
  return text.replace(/[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g, '\ufffd')
}
