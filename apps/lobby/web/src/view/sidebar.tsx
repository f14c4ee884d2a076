import { writeAddress } from '../model/address.ts'
import type { Chat, ChatState } from '../model/chat.ts'
import type { Conversation } from '../model/conversation.ts'
import { addressOf, type RoomRef } from '../model/rooms.ts'
import { CloseIcon, HashIcon, LockIcon, Mark, PlusIcon } from './icons.tsx'
import { Me } from './me.tsx'
import { useStore } from './use-store.ts'

/** The rooms that one is in, and oneself. */
export function Sidebar({
  chat,
  state,
  newRoom,
  showShortcuts,
  close,
}: {
  readonly chat: Chat
  readonly state: ChatState
  readonly newRoom: () => void
  readonly showShortcuts: () => void
  /** Where the list lies over the page. */
  readonly close: (() => void) | null
}) {
  const { rooms, current } = state
  return (
    <>
      <header className="panel-head">
        <span className="brand">
          <Mark />
          Rollcall
        </span>
        {close ? (
          <button type="button" className="icon-button" aria-label="Close the list of rooms" onClick={close}>
            <CloseIcon />
          </button>
        ) : null}
      </header>
      <nav className="rooms" aria-label="Rooms">
        <div className="rooms-head">
          <h2>Rooms</h2>
          <button
            type="button"
            className="icon-button"
            aria-label="New room"
            title="New room (Ctrl K)"
            onClick={newRoom}
          >
            <PlusIcon />
          </button>
        </div>
        <ul>
          {rooms.map((room) => {
            const conversation = chat.conversation(room.topic)
            return conversation ? (
              <li key={room.topic}>
                <RoomLink room={room} conversation={conversation} current={room.topic === current} go={close} />
              </li>
            ) : null
          })}
        </ul>
      </nav>
      <Me chat={chat} state={state} showShortcuts={showShortcuts} />
    </>
  )
}

function RoomLink({
  room,
  conversation,
  current,
  go,
}: {
  readonly room: RoomRef
  readonly conversation: Conversation
  readonly current: boolean
  readonly go: (() => void) | null
}) {
  const { unread, members, standing } = useStore(conversation.state)
  return (
    <a
      className="room-link"
      href={writeAddress(addressOf(room))}
      aria-current={current ? 'page' : undefined}
      data-unread={unread > 0 || undefined}
      onClick={() => go?.()}
    >
      {room.kind === 'room' ? <HashIcon /> : <LockIcon />}
      <span className="room-title" dir="auto">
        {room.title}
      </span>
      {unread > 0 ? (
        <span className="badge">
          {unread > 99 ? '99+' : unread}
          <span className="sr-only"> unread</span>
        </span>
      ) : standing.kind === 'joined' && members.length > 0 ? (
        <span className="room-count" title={`${members.length} here`}>
          {members.length}
          <span className="sr-only"> here</span>
        </span>
      ) : null}
    </a>
  )
}
