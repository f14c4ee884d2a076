import type { Entry, Notice, RosterVersion, Variant } from '@rollcall/core'
import type { Frame } from '../hub/frame.ts'
import type { Outbox } from '../hub/outbox.ts'
import type { Sharing } from '../hub/subscriber.ts'
import type { Channel } from './channel.ts'
import type { ConnectionView } from './handlers.ts'
import type { Feeding, Recipient } from './recipient.ts'

/** A connection, as the channels see it. */
export interface Peer extends ConnectionView {
  readonly outbox: Outbox
  /** Its memberships by alias, those still joining included. */
  readonly memberships: Map<string, Membership>
  /** Takes what a resumed session held under an alias; null if nothing, or taken before. */
  takeHeld(alias: string): Held | null
  /** What was taken is not come back to: it is over. */
  letGo(held: Held): void
  /** Ends one of its memberships on the application's behalf, and tells the client. */
  kicked(membership: Membership, reason: string): void
  notify(notice: Notice): void
  close(code: number, reason: string): void
}

/** A membership that a session left when its connection was lost. */
export interface Held {
  readonly topic: string
  /** Its presence entry as it was; may still be shown, or already be gone. */
  readonly entry: Entry | null
}

/** One connection in one channel. */
export class Membership implements Recipient {
  readonly peer: Peer
  readonly channel: Channel
  readonly alias: string
  readonly variant: Variant
  /** What it said to join, as the channel's schema gave it. */
  input: unknown = undefined
  feeding: Feeding = 'joining'
  entry: string | null = null
  cursor = 0
  told: RosterVersion | null = null
  /** Settles when the join is decided; null afterwards. */
  joining: Promise<void> | null = null
  /** Settles when the sends before are under way; null if none waits. See `requests.ts`. */
  sending: Promise<void> | null = null

  index = -1
  group: Sharing | null = null

  constructor(peer: Peer, channel: Channel, alias: string, variant: Variant) {
    this.peer = peer
    this.channel = channel
    this.alias = alias
    this.variant = variant
  }

  get outbox(): Outbox {
    return this.peer.outbox
  }

  overflowed(frames: readonly Frame[]): readonly Frame[] | null {
    return this.channel.overflowed(this, frames)
  }

  kick(reason: string): void {
    this.peer.kicked(this, reason)
  }
}
