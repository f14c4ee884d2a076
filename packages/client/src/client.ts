import type { Channels, SpecFor, TopicIn, Undo } from '@rollcall/core'
import type { InvalidMessage } from './invalid.ts'
import type { JoinArguments, Room } from './room.ts'
import type { ConnectionState } from './state.ts'

/** The user that the server's `authenticate` made of the credentials. */
export interface User {
  readonly id: string
  readonly [field: string]: unknown
}

/** A connection that keeps itself alive, and the rooms that live on it. Made by `connect`. */
export interface Client<C extends Channels = Channels> {
  readonly state: ConnectionState
  /** Calls `listener` after each change of `state`. */
  subscribeState(listener: (state: ConnectionState) => void): Undo
  /** Null until the server's first welcome. */
  readonly user: User | null
  /** This connection's id, as in `from.connection` of own messages; null before the first welcome. May change on reconnect. */
  readonly connection: string | null

  /**
   * Enters a room, now and after every reconnect, until it is left. Answers at once; `room.joined` tells how it went.
   * @throws InvalidError (`already_joined`) while the client has an unended room of this topic.
   */
  join<const T extends TopicIn<C>>(topic: T, ...options: JoinArguments<SpecFor<C, T>>): Room<SpecFor<C, T>>

  /** Calls `listener` for what the server sent and the contract does not allow. Without a listener it goes to the console. */
  onInvalid(listener: (invalid: InvalidMessage) => void): Undo

  /** Shows the server new credentials on the living connection, asking the `credentials` option again. */
  refresh(options?: { readonly signal?: AbortSignal }): Promise<void>
  /** Ends a wait for the next attempt; on an open connection, checks whether it still lives. */
  reconnectNow(): void
  /**
   * Says goodbye: the presence ends at once, and so do all rooms. What was not sent yet rejects with `closed`, what was sent
   * and has no answer with `disconnected`. Resolves when the socket is gone.
   */
  close(): Promise<void>
}
