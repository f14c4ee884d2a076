import type { Entry, Notice } from '@rollcall/core'
import type { Outbox } from '../hub/outbox.ts'
import type { ConnectionView } from './handlers.ts'
import type { Membership } from './membership.ts'

/** A membership that a session left when its connection was lost. */
export interface Held {
  readonly topic: string
  /** Its presence entry as it was; may still be shown, or already be gone. */
  readonly entry: Entry | null
}

/** A connection as the channels see it. */
export interface Peer extends ConnectionView {
  readonly outbox: Outbox
  /** Its memberships by alias, those still joining included. */
  readonly memberships: Map<string, Membership>
  /** Takes what a resumed session held under an alias; null if nothing, or taken before. */
  takeHeld(alias: string): Held | null
  /** Ends one of its memberships on the application's behalf, and tells the client. */
  kicked(membership: Membership, reason: string): void
  notify(notice: Notice): void
  close(code: number, reason: string): void
}
