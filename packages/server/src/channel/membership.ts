import type { RosterVersion, Variant } from '@rollcall/core'
import type { Frame } from '../hub/frame.ts'
import type { Group, Subscriber } from '../hub/group.ts'
import type { Outbox } from '../hub/outbox.ts'
import type { Channel } from './channel.ts'
import type { Peer } from './peer.ts'

/** How a membership is fed. */
export type Feeding =
  /** The application has not decided yet. */
  | 'joining'
  /** By the hub, as messages come. */
  | 'live'
  /** From the log, until it has come up with the hub. */
  | 'behind'
  /** Not at all: it has ended. */
  | 'ended'

/** One connection in one channel. */
export class Membership implements Subscriber {
  readonly peer: Peer
  readonly channel: Channel
  readonly alias: string
  readonly variant: Variant
  /** What it said to join, as the channel's schema gave it. */
  input: unknown = undefined
  feeding: Feeding = 'joining'
  /** The id of its presence entry; null while unseen. */
  entry: string | null = null
  /** While behind: the last message that was put into its outbox. */
  cursor = 0
  /** The roster that its client holds, as far as it was told. */
  told: RosterVersion | null = null
  /** Settles when the join is decided; null afterwards. */
  joining: Promise<void> | null = null
  /** Settles when the sends before are under way; null if none waits. See `requests.ts`. */
  sending: Promise<void> | null = null

  index = -1
  group: Group | null = null

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
}
