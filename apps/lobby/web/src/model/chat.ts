import type { Client, ConnectionState } from '@rollcall/client'
import { type Clock, systemClock } from '@rollcall/core'
import type { lobby } from '../../../src/contract.ts'
import { userOf } from '../../../src/invitation.ts'
import { Conversation, type LobbyRoom } from './conversation.ts'
import type { Memory } from './memory.ts'
import { LOBBY_ROOM, type RoomRef } from './rooms.ts'
import { Store } from './store.ts'

export interface ChatState {
  readonly connection: ConnectionState
  /** Whether there was a connection before. */
  readonly everOpen: boolean
  readonly name: string
  readonly rooms: readonly RoomRef[]
  /** The topic of the room in front. */
  readonly current: string
  /** Messages that were not seen, in all rooms. */
  readonly unread: number
  /** For those who cannot see the screen; a new one each time. */
  readonly announcement: { readonly text: string }
}

/** The lobby in one tab: one connection, and the rooms that one is in. */
export class Chat {
  readonly state: Store<ChatState>
  /** The id of one's own user. */
  readonly self: string
  readonly #client: Client<(typeof lobby)['channels']>
  readonly #memory: Memory
  readonly #clock: Clock
  readonly #conversations = new Map<string, Conversation>()
  #visible = true

  constructor(
    client: Client<(typeof lobby)['channels']>,
    memory: Memory,
    secret: string,
    name: string,
    clock: Clock = systemClock,
  ) {
    this.#client = client
    this.#memory = memory
    this.#clock = clock
    this.self = userOf(secret)
    this.state = new Store<ChatState>({
      connection: client.state,
      everOpen: false,
      name,
      rooms: memory.rooms,
      current: LOBBY_ROOM.topic,
      unread: 0,
      announcement: { text: '' },
    })
    client.subscribeState((connection) =>
      this.state.patch({ connection, everOpen: this.state.get().everOpen || connection.kind === 'open' }),
    )
    for (const room of this.state.get().rooms) this.#join(room)
  }

  conversation(topic: string): Conversation | undefined {
    return this.#conversations.get(topic)
  }

  /** Brings a room to the front, and enters it if need be. */
  open(room: RoomRef): void {
    const { rooms } = this.state.get()
    const at = rooms.findIndex(({ topic }) => topic === room.topic)
    const known = rooms[at]
    // An invitation where there was none is another try.
    const better = known?.kind === 'private' && known.invitation === null && room.kind === 'private'
    if (better && room.invitation !== null) this.#part(room.topic)
    const next = at < 0 ? [...rooms, room] : better ? rooms.with(at, room) : rooms
    this.#join(room)
    this.state.patch({ rooms: next, current: room.topic })
    this.#remember()
    this.#watch()
  }

  /** Enters a room again that one was kept or put out of. */
  reenter(topic: string): void {
    const room = this.state.get().rooms.find((each) => each.topic === topic)
    if (!room) return
    this.#part(topic)
    this.#join(room)
    // The conversation is another one: those who look at it have to look again.
    this.state.patch({ rooms: [...this.state.get().rooms] })
    this.#watch()
  }

  leave(topic: string): void {
    if (topic === LOBBY_ROOM.topic) return
    this.#part(topic)
    const { rooms, current } = this.state.get()
    this.state.patch({
      rooms: rooms.filter((room) => room.topic !== topic),
      current: current === topic ? LOBBY_ROOM.topic : current,
    })
    this.#remember()
    this.#watch()
  }

  #join(room: RoomRef): void {
    const { topic } = room
    if (this.#conversations.has(topic)) return
    const { name } = this.state.get()
    const options = { presence: { name } }
    const joined =
      room.kind === 'room'
        ? this.#client.join(room.topic, options)
        : this.#client.join(room.topic, { ...options, input: { invitation: room.invitation ?? '' } })
    const conversation = new Conversation(joined as unknown as LobbyRoom, name, {
      self: this.self,
      clock: this.#clock,
      lastRead: this.#memory.lastRead(topic),
      read: (position) => this.#memory.setLastRead(topic, position),
      announce: (text) => this.state.patch({ announcement: { text } }),
    })
    conversation.state.subscribe(() => this.#count())
    this.#conversations.set(topic, conversation)
  }

  #part(topic: string): void {
    this.#conversations.get(topic)?.close()
    this.#conversations.delete(topic)
    this.#count()
  }

  #count(): void {
    let unread = 0
    for (const { state } of this.#conversations.values()) unread += state.get().unread
    if (unread !== this.state.get().unread) this.state.patch({ unread })
  }

  rename(name: string): void {
    if (name === this.state.get().name) return
    this.state.patch({ name })
    this.#memory.name = name
    for (const conversation of this.#conversations.values()) conversation.rename(name)
  }

  /** Whether the page can be seen. */
  setVisible(visible: boolean): void {
    this.#visible = visible
    this.#watch()
  }

  #watch(): void {
    const { current } = this.state.get()
    for (const [topic, conversation] of this.#conversations) conversation.watch(this.#visible && topic === current)
  }

  // Only what can be entered again: a private room's address alone opens nothing.
  #remember(): void {
    const { rooms } = this.state.get()
    this.#memory.rooms = rooms.filter((room) => room.kind === 'room' || room.invitation !== null)
  }

  /** Another tab has changed what the browser remembers. */
  recall(what: string): void {
    const { name } = this.#memory
    if (what === 'name' && name !== null) this.rename(name)
    if (what === 'rooms') this.#recallRooms()
    if (what.startsWith('read:')) {
      const topic = what.slice('read:'.length)
      const position = this.#memory.lastRead(topic)
      if (position) this.#conversations.get(topic)?.readElsewhere(position)
    }
  }

  #recallRooms(): void {
    const { rooms: before, current } = this.state.get()
    const rooms = this.#memory.rooms
    const kept = before.filter(({ topic }) => topic === current && !rooms.some((room) => room.topic === topic))
    const next = [...rooms, ...kept]
    for (const { topic } of before) if (!next.some((room) => room.topic === topic)) this.#part(topic)
    for (const room of next) this.#join(room)
    this.state.patch({ rooms: next })
  }

  reconnect(): void {
    this.#client.reconnectNow()
  }
}
