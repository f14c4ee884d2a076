import type { ChannelSpec, Member, MemberChange, PresenceInput, PresenceOutput, Undo } from '@rollcall/core'

/** A room's online table: the client's own copy, kept equal to the server's, also over reconnects. */
export interface Presence<S extends ChannelSpec = ChannelSpec> {
  /** Everybody who is here, in the order in which they came. The same array until somebody changes. */
  members(): readonly Member<PresenceOutput<S>>[]
  /** How many are here, each person once. */
  readonly count: number
  /** How many entries: tabs and devices. */
  readonly entries: number
  /** One member, by the id of its user. */
  get(key: string): Member<PresenceOutput<S>> | undefined
  /** Calls `listener` after each change. On a channel that tells counts only, both arrays are empty. */
  subscribe(
    listener: (
      members: readonly Member<PresenceOutput<S>>[],
      changes: readonly MemberChange<PresenceOutput<S>>[],
    ) => void,
  ): Undo
  /** Shows oneself with this metadata, or changes it. Resolves when the server has accepted it. */
  update(meta: PresenceInput<S>, options?: { readonly signal?: AbortSignal }): Promise<void>
  /** Stays in the room, but unseen. */
  untrack(options?: { readonly signal?: AbortSignal }): Promise<void>
}
