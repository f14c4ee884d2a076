import type { Client, ConnectionState, JoinArguments, Room, RoomState } from '@rollcall/client'
import type { ChannelSpec, Channels, EmitNames, Member, PresenceOutput, SpecFor, TopicIn, Undo } from '@rollcall/core'
import { useCallback, useEffect, useMemo, useRef, useState, useSyncExternalStore } from 'react'
import { MessageList, type MessageListOptions, type MessageListView } from './message-list.ts'
import { shareRoom } from './shared-room.ts'

const nothing: Undo = () => {}
const never = () => nothing
const NOBODY: readonly never[] = []

/** How the connection is. */
export function useConnectionState(client: Pick<Client, 'state' | 'subscribeState'>): ConnectionState {
  const subscribe = useCallback((changed: () => void) => client.subscribeState(changed), [client])
  const read = () => client.state
  return useSyncExternalStore(subscribe, read, read)
}

/**
 * A room, joined while a component that uses it is mounted; null before, and on the server. Components that use the same
 * topic of the same client share one room: the options of the first one count. With null for a topic there is none.
 */
export function useRoom<C extends Channels, const T extends TopicIn<C>>(
  client: Client<C>,
  topic: T | null,
  ...options: JoinArguments<SpecFor<C, T>>
): Room<SpecFor<C, T>> | null {
  const [room, setRoom] = useState<Room<SpecFor<C, T>> | null>(null)
  const latest = useRef(options)
  useEffect(() => {
    latest.current = options
  })
  useEffect(() => {
    if (topic === null) return nothing
    const { room, release } = shareRoom(client, topic, ...latest.current)
    setRoom(room)
    return () => {
      setRoom(null)
      release()
    }
  }, [client, topic])
  return room
}

/** How a room is; null without one. */
export function useRoomState(room: Pick<Room, 'state' | 'subscribeState'> | null): RoomState | null {
  const subscribe = useCallback((changed: () => void) => room?.subscribeState(changed) ?? nothing, [room])
  const read = () => room?.state ?? null
  return useSyncExternalStore(subscribe, read, read)
}

/** Who is in a room, always up to date. */
export function useMembers<S extends ChannelSpec>(room: Room<S> | null): readonly Member<PresenceOutput<S>>[] {
  const read = () => room?.presence.members() ?? NOBODY
  return useSyncExternalStore(useOnPresence(room), read, read)
}

/** How many are in a room: also where the channel tells counts only. */
export function useCount<S extends ChannelSpec>(room: Room<S> | null): number {
  const read = () => room?.presence.count ?? 0
  return useSyncExternalStore(useOnPresence(room), read, read)
}

// The presence is empty once a room is left, which its own listeners are not told: they are told of others.
function useOnPresence<S extends ChannelSpec>(room: Room<S> | null): (changed: () => void) => Undo {
  return useCallback(
    (changed) => {
      if (!room) return nothing
      const undos = [room.presence.subscribe(changed), room.subscribeState(changed)]
      return () => {
        for (const undo of undos) undo()
      }
    },
    [room],
  )
}

/** What `useMessages` answers. */
export interface Messages<S extends ChannelSpec, E extends EmitNames<S>> extends MessageListView<S, E> {
  /** Reads messages before the first item, if there are any. */
  loadOlder(): Promise<void>
}

/** The messages of one event: the newest, as they come, and older ones on demand. The options of the first call count. */
export function useMessages<S extends ChannelSpec, E extends EmitNames<S>>(
  room: Room<S> | null,
  event: E,
  options: MessageListOptions = {},
): Messages<S, E> {
  const { initial, page, limit } = options
  const list = useMemo(
    () => (room ? new MessageList<S, E>(room, event, defined({ initial, page, limit })) : null),
    [room, event, initial, page, limit],
  )
  const read = () => list?.view() ?? (EMPTY as MessageListView<S, E>)
  const view = useSyncExternalStore(list?.subscribe ?? never, read, read)
  return useMemo(() => ({ ...view, loadOlder: list?.loadOlder ?? resolved }), [view, list])
}

const EMPTY: MessageListView<never, never> = { items: [], more: false, loading: false, error: null }
const resolved = () => Promise.resolve()

function defined(options: { [N in keyof MessageListOptions]: MessageListOptions[N] | undefined }): MessageListOptions {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined))
}
