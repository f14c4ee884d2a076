import { useEffect } from 'react'
import type { RoomRef } from '../model/rooms.ts'

/** Names the room in the window's title, with what was not read in front. */
export function useTitle(room: RoomRef, unread: number): void {
  const place = room.kind === 'room' ? `#${room.title}` : room.title
  useEffect(() => {
    document.title = `${unread > 0 ? `(${unread}) ` : ''}${place} · Rollcall`
  }, [place, unread])
}
