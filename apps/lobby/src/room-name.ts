/** The longest name of a public room, in code points. */
const MAX_ROOM_NAME_LENGTH = 40

/** Whether a text names a public room. */
export function isRoomName(text: string): boolean {
  return /^[\p{L}\p{N}][\p{L}\p{M}\p{N}_-]{0,39}$/u.test(text)
}

/** The room name nearest to what somebody typed: `My Room!` gives `my-room`. Empty if nothing of it can be in one. */
export function toRoomName(text: string): string {
  const words = text
    .normalize('NFC')
    .toLowerCase()
    .replace(/[^\p{L}\p{M}\p{N}_-]+/gu, '-')
    .replace(/^[^\p{L}\p{N}]+/u, '')
  return [...words].slice(0, MAX_ROOM_NAME_LENGTH).join('').replace(/-+$/, '')
}
