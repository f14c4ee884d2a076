import { isInvitation } from '../../../src/invitation.ts'
import { isRoomName } from '../../../src/room-name.ts'

/** What the part of the page's URL behind `#` asks for. It never reaches a server, so an invitation may stand in it. */
export type Address =
  | { readonly kind: 'room'; readonly name: string }
  | { readonly kind: 'private'; readonly id: string }
  | { readonly kind: 'invitation'; readonly invitation: string; readonly title: string }

/** Where one is with an address that says nothing. */
export const LOBBY: Address = { kind: 'room', name: 'lobby' }

const MAX_TITLE = 60

/** Reads `#/room/name`, `#/private/id` or `#/invitation/secret/title`. Null if it is none of them. */
export function readAddress(hash: string): Address | null {
  const [start, kind, ...rest] = hash.replace(/^#/, '').split('/')
  const [first = '', second = ''] = rest.map(decoded)
  if (start !== '') return null
  if (kind === 'room' && isRoomName(first)) return { kind, name: first }
  if (kind === 'private' && /^[\w-]{22}$/.test(first)) return { kind, id: first }
  if (kind === 'invitation' && isInvitation(first)) return { kind, invitation: first, title: toTitle(second) }
  return null
}

/** The opposite of `readAddress`, with its `#`. */
export function writeAddress(address: Address): string {
  if (address.kind === 'room') return `#/room/${encodeURIComponent(address.name)}`
  if (address.kind === 'private') return `#/private/${address.id}`
  return `#/invitation/${address.invitation}/${encodeURIComponent(address.title)}`
}

/** An invitation as somebody pastes it: a whole link, or what is behind its `#`. */
export function readInvitation(text: string): (Address & { readonly kind: 'invitation' }) | null {
  const at = text.indexOf('#')
  const address = readAddress(text.slice(Math.max(0, at)).trim())
  return address?.kind === 'invitation' ? address : null
}

/** What a private room is called, by those who are in it. */
export function toTitle(text: string): string {
  const title = text.replace(/[\p{Cs}\p{Cc}\s]+/gu, ' ').trim()
  return [...title].slice(0, MAX_TITLE).join('') || 'Private room'
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part)
  } catch {
    return ''
  }
}
