import type { Client, JoinArguments, Room } from '@rollcall/client'
import type { Channels, SpecFor, TopicIn, Undo } from '@rollcall/core'

/** A room that several components use: joined with the first, left after the last. */
interface Shared {
  readonly room: Room
  users: number
}

const byClient = new WeakMap<object, Map<string, Shared>>()

/** A client of any contract: what is shared here does not look into rooms. */
interface AnyClient {
  join(topic: string, options?: object): Room
}

/** Uses a client's room of a topic together with others. */
export function shareRoom<C extends Channels, T extends TopicIn<C>>(
  client: Client<C>,
  topic: T,
  ...[options]: JoinArguments<SpecFor<C, T>>
): { readonly room: Room<SpecFor<C, T>>; readonly release: Undo } {
  const { room, release } = share(client as unknown as AnyClient, topic, options)
  return { room: room as unknown as Room<SpecFor<C, T>>, release }
}

function share(client: AnyClient, topic: string, options: object | undefined): { room: Room; release: Undo } {
  const rooms = byClient.get(client) ?? new Map<string, Shared>()
  byClient.set(client, rooms)
  let shared = rooms.get(topic)
  // One that has ended is of no use to a newcomer.
  if (!shared || shared.room.state.kind === 'left') {
    shared = { room: client.join(topic, options), users: 0 }
    rooms.set(topic, shared)
  }
  const used = shared
  used.users += 1
  let released = false
  const release = () => {
    if (released) return
    released = true
    used.users -= 1
    // Later: when a component gives way to another that uses the same room, nobody is to see a leave and a join.
    queueMicrotask(() => {
      if (used.users > 0) return
      if (rooms.get(topic) === used) rooms.delete(topic)
      void used.room.leave()
    })
  }
  return { room: used.room, release }
}
