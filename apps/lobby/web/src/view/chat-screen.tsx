import { useCallback, useEffect, useMemo, useRef, useState } from 'react'
import { writeAddress } from '../model/address.ts'
import type { Chat } from '../model/chat.ts'
import type { Conversation } from '../model/conversation.ts'
import { addressOf, invitationTo, LOBBY_ROOM, type RoomRef } from '../model/rooms.ts'
import { Drawer } from './drawer.tsx'
import { NewRoom } from './new-room.tsx'
import { People } from './people.tsx'
import { RoomHead } from './room-head.tsx'
import { RoomView } from './room-view.tsx'
import { Share } from './share.tsx'
import { Shortcuts } from './shortcuts.tsx'
import { Sidebar } from './sidebar.tsx'
import { Toast, useToast } from './toast.tsx'
import { useAddress } from './use-address.ts'
import { useShortcuts } from './use-shortcuts.ts'
import { useMedia, useStore } from './use-store.ts'
import { useTitle } from './use-title.ts'

type Open = 'rooms' | 'people' | 'new-room' | 'shortcuts' | { readonly share: string } | null

/** The whole page, for somebody with a name. */
export function ChatScreen({ chat }: { readonly chat: Chat }) {
  useAddress(chat)
  const state = useStore(chat.state)
  const room = state.rooms.find(({ topic }) => topic === state.current) ?? LOBBY_ROOM
  const conversation = chat.conversation(room.topic)
  useTitle(room, state.unread)
  return conversation ? <Screen key={chat.self} chat={chat} room={room} conversation={conversation} /> : null
}

function Screen({
  chat,
  room,
  conversation,
}: {
  readonly chat: Chat
  readonly room: RoomRef
  readonly conversation: Conversation
}) {
  const state = useStore(chat.state)
  const conversationState = useStore(conversation.state)
  const [open, setOpen] = useState<Open>(null)
  const [toast, say] = useToast()
  const field = useRef<HTMLTextAreaElement>(null)
  const narrow = useMedia('(max-width: 760px)')
  const noPeople = useMedia('(max-width: 1080px)')
  const close = useCallback(() => setOpen(null), [])

  const go = useCallback((to: RoomRef) => {
    location.hash = writeAddress(addressOf(to))
  }, [])
  const share = useCallback(
    async (which: RoomRef) => {
      const address = invitationTo(which)
      if (!address) return
      const link = new URL(writeAddress(address), location.href).href
      try {
        // There is no clipboard for pages that come over plain HTTP from another machine.
        await navigator.clipboard.writeText(link)
        say(which.kind === 'room' ? 'Link copied' : 'Invitation link copied')
      } catch {
        setOpen({ share: link })
      }
    },
    [say],
  )
  const enter = useCallback(
    (to: RoomRef, isNew = false) => {
      close()
      chat.open(to)
      go(to)
      if (isNew) void share(to)
    },
    [chat, close, go, share],
  )

  const actions = useMemo(
    () => ({
      step: (by: -1 | 1) => {
        const { rooms, current } = chat.state.get()
        const at = rooms.findIndex(({ topic }) => topic === current)
        const next = rooms[(at + by + rooms.length) % rooms.length]
        if (next) go(next)
      },
      goToRoom: () => setOpen('new-room'),
      showShortcuts: () => setOpen('shortcuts'),
      write: () => {
        close()
        field.current?.focus()
      },
    }),
    [chat, close, go],
  )
  useShortcuts(actions)

  // Whoever goes to a room wants to write in it, unless a keyboard would cover half of the screen.
  useEffect(() => {
    if (room.topic && !narrow) field.current?.focus()
  }, [room.topic, narrow])

  return (
    <div className="app">
      <Drawer className="sidebar" as="rooms" over={narrow} open={open === 'rooms'} close={close}>
        <Sidebar
          chat={chat}
          state={state}
          newRoom={actions.goToRoom}
          showShortcuts={actions.showShortcuts}
          close={narrow ? close : null}
        />
      </Drawer>
      <main className="room" key={room.topic}>
        <RoomHead
          room={room}
          state={conversationState}
          share={() => void share(room)}
          leave={() => {
            chat.leave(room.topic)
            go(LOBBY_ROOM)
          }}
          showRooms={narrow ? () => setOpen('rooms') : null}
          showPeople={noPeople ? () => setOpen('people') : null}
        />
        <RoomView
          chat={chat}
          state={state}
          room={room}
          conversation={conversation}
          conversationState={conversationState}
          field={field}
          enter={enter}
          share={() => void share(room)}
        />
      </main>
      <Drawer className="people-panel" as="people" over={noPeople} open={open === 'people'} close={close}>
        <People
          members={conversationState.members}
          self={chat.self}
          current={conversationState.standing.kind === 'joined'}
          close={noPeople ? close : null}
        />
      </Drawer>
      {open === 'new-room' ? <NewRoom enter={enter} close={close} /> : null}
      {open === 'shortcuts' ? <Shortcuts close={close} /> : null}
      {typeof open === 'object' && open !== null ? <Share link={open.share} close={close} /> : null}
      <Toast text={toast} />
      <div className="sr-only" aria-live="polite">
        {state.announcement.text}
      </div>
    </div>
  )
}
