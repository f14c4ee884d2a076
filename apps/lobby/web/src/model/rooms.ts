import { isInvitation, roomOf } from '../../../src/invitation.ts'
import { isRoomName } from '../../../src/room-name.ts'
import { type Address, toTitle } from './address.ts'

/** A room that one is in, as this browser remembers it. */
export type RoomRef =
  | { readonly kind: 'room'; readonly topic: `room:${string}`; readonly title: string }
  | {
      readonly kind: 'private'
      readonly topic: `private:${string}`
      readonly title: string
      /** Null if one has only the room's address. */
      readonly invitation: string | null
    }

/** More rooms than this are not kept: a connection has room for 128 channels. */
const MAX_ROOMS = 100

export const LOBBY_ROOM: RoomRef = publicRoom('lobby')

export function publicRoom(name: string): RoomRef {
  return { kind: 'room', topic: `room:${name}`, title: name }
}

export function privateRoom(invitation: string, title: string): RoomRef {
  return { kind: 'private', topic: `private:${roomOf(invitation)}`, title: toTitle(title), invitation }
}

/** The room that an address names. One that is known is taken as it is known: it may have its invitation. */
export function roomAt(address: Address, known: readonly RoomRef[]): RoomRef {
  const room = roomNamedBy(address)
  const found = known.find(({ topic }) => topic === room.topic)
  return found?.kind === 'private' && found.invitation === null ? room : (found ?? room)
}

function roomNamedBy(address: Address): RoomRef {
  if (address.kind === 'room') return publicRoom(address.name)
  if (address.kind === 'invitation') return privateRoom(address.invitation, address.title)
  return { kind: 'private', topic: `private:${address.id}`, title: 'Private room', invitation: null }
}

export function addressOf(room: RoomRef): Address {
  if (room.kind === 'room') return { kind: 'room', name: room.title }
  return { kind: 'private', id: room.topic.slice('private:'.length) }
}

/** The address to give to others. Null if one cannot invite. */
export function invitationTo(room: RoomRef): Address | null {
  if (room.kind === 'room') return { kind: 'room', name: room.title }
  return room.invitation === null ? null : { kind: 'invitation', invitation: room.invitation, title: room.title }
}

/** Rooms as text, for the browser's storage. */
export function writeRooms(rooms: readonly RoomRef[]): string {
  return JSON.stringify(
    rooms.map((room) => (room.kind === 'room' ? room.title : { invitation: room.invitation, title: room.title })),
  )
}

/** The opposite of `writeRooms`, with the lobby always first. What cannot be read is left out. */
export function readRooms(text: string | null): readonly RoomRef[] {
  const rooms = new Map<string, RoomRef>([[LOBBY_ROOM.topic, LOBBY_ROOM]])
  for (const item of parsed(text)) {
    const room = readRoom(item)
    if (room && rooms.size < MAX_ROOMS) rooms.set(room.topic, room)
  }
  return [...rooms.values()]
}

function readRoom(item: unknown): RoomRef | null {
  if (typeof item === 'string') return isRoomName(item) ? publicRoom(item) : null
  if (typeof item !== 'object' || item === null) return null
  const { invitation, title } = item as { invitation?: unknown; title?: unknown }
  return isInvitation(invitation) && typeof title === 'string' ? privateRoom(invitation, title) : null
}

function parsed(text: string | null): readonly unknown[] {
  try {
    const value: unknown = JSON.parse(text ?? '[]')
    return Array.isArray(value) ? value : []
  } catch {
    return []
  }
}
