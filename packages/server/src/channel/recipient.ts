import type { Notice, RosterVersion, Variant } from '@rollcall/core'
import type { Outbox } from '../hub/outbox.ts'
import type { Subscriber } from '../hub/subscriber.ts'

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

/** A membership, as its channel feeds it. */
export interface Recipient extends Subscriber {
  readonly outbox: Outbox
  readonly alias: string
  readonly variant: Variant
  feeding: Feeding
  /** While behind: the last message that was put into its outbox. */
  cursor: number
  /** The roster that its client holds, as far as it was told. */
  told: RosterVersion | null
  /** Its presence entry's id; null while unseen. */
  readonly entry: string | null
  readonly peer: {
    readonly id: string
    readonly user: { readonly id: string }
    notify(notice: Notice): void
    close(code: number, reason: string): void
  }
  /** Ends it on the application's behalf, and tells the client. */
  kick(reason: string): void
}
