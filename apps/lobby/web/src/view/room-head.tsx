import type { ConversationState } from '../model/conversation.ts'
import { LOBBY_ROOM, type RoomRef } from '../model/rooms.ts'
import { HashIcon, LeaveIcon, LinkIcon, LockIcon, MenuIcon, PeopleIcon } from './icons.tsx'

/** What the room is called, and what one can do with it. */
export function RoomHead({
  room,
  state: { standing, members },
  share,
  leave,
  showRooms,
  showPeople,
}: {
  readonly room: RoomRef
  readonly state: ConversationState
  readonly share: () => void
  readonly leave: () => void
  /** Null where the list is in view anyway. */
  readonly showRooms: (() => void) | null
  readonly showPeople: (() => void) | null
}) {
  const inside = standing.kind !== 'out'
  const canShare = inside && (room.kind === 'room' || room.invitation !== null)
  const shareLabel = room.kind === 'room' ? 'Copy link' : 'Invite'
  return (
    <header className="room-head">
      {showRooms ? (
        <button type="button" className="icon-button" aria-label="Rooms" onClick={showRooms}>
          <MenuIcon />
        </button>
      ) : null}
      <h1>
        {room.kind === 'room' ? <HashIcon /> : <LockIcon />}
        <span dir="auto">{room.title}</span>
      </h1>
      <div className="room-actions">
        {canShare ? (
          <button type="button" className="button" aria-label={shareLabel} onClick={share}>
            <LinkIcon />
            <span className="wide">{shareLabel}</span>
          </button>
        ) : null}
        {room.topic === LOBBY_ROOM.topic ? null : (
          <button
            type="button"
            className="icon-button"
            aria-label="Leave this room"
            title="Leave this room"
            onClick={leave}
          >
            <LeaveIcon />
          </button>
        )}
        {showPeople ? (
          <button type="button" className="button" aria-label={`People here: ${members.length}`} onClick={showPeople}>
            <PeopleIcon />
            {members.length}
          </button>
        ) : null}
      </div>
    </header>
  )
}
