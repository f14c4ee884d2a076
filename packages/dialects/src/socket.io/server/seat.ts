import type { Variant } from '@rollcall/core'
import type { Outbox, Sharing, Subscriber } from 'rollcall/hub'

/** A socket, as rooms know it. */
export interface Occupant {
  readonly id: string
  readonly outbox: Outbox
  readonly variant: Variant
  /** Where it sits in the namespace as a whole. */
  readonly seat: Seat
  /** Its seats in the rooms that it has joined, by their names. Kept by `Rooms`; null before the first one. */
  seats: Map<string, Seat> | null
  /** Whether it is in the room that is named by its id: from the time it is connected until it leaves that. Kept by `Rooms`. */
  inOwnRoom: boolean
  /** Whether it is connected: what is sent to its rooms reaches it. Kept by `Rooms`. */
  fed: boolean
}

/** One socket's place in one room of the hub. */
export class Seat implements Subscriber {
  readonly outbox: Outbox
  index: number = -1
  group: Sharing | null = null
  /** Where the namespace's history stood when it was taken. */
  readonly since: number

  constructor(outbox: Outbox, since: number) {
    this.outbox = outbox
    this.since = since
  }

  // There is no catching up with a room: a connection that cannot keep pace is closed, and may recover.
  overflowed(): null {
    return null
  }
}
