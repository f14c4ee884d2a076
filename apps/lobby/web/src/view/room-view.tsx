import type { RefObject } from 'react'
import type { Chat, ChatState } from '../model/chat.ts'
import type { Conversation, ConversationState } from '../model/conversation.ts'
import type { RoomRef } from '../model/rooms.ts'
import { Banner } from './banner.tsx'
import { Composer } from './composer.tsx'
import { ConversationView } from './conversation-view.tsx'
import { KeptOut } from './kept-out.tsx'
import { Typing } from './typing.tsx'

/** A room's conversation and the place to write in, or why one is not in it. */
export function RoomView({
  chat,
  state,
  room,
  conversation,
  conversationState,
  field,
  enter,
  share,
}: {
  readonly chat: Chat
  readonly state: ChatState
  readonly room: RoomRef
  readonly conversation: Conversation
  readonly conversationState: ConversationState
  readonly field: RefObject<HTMLTextAreaElement | null>
  readonly enter: (room: RoomRef) => void
  readonly share: () => void
}) {
  const { standing, members } = conversationState
  const banner = <Banner chat={state} retry={() => chat.reconnect()} />
  if (standing.kind === 'out')
    return (
      <>
        {banner}
        <KeptOut room={room} standing={standing} enter={enter} again={() => chat.reenter(room.topic)} />
      </>
    )
  return (
    <>
      {banner}
      <ConversationView
        room={room}
        conversation={conversation}
        state={conversationState}
        self={chat.self}
        connected={state.connection.kind === 'open'}
        share={share}
      />
      <div className="write">
        <Typing members={members} self={chat.self} />
        <Composer conversation={conversation} to={room.kind === 'room' ? `#${room.title}` : room.title} field={field} />
      </div>
    </>
  )
}
