import type { Entry, RosterCount, RosterDiff, RosterState } from '@rollcall/core'

/** A member as clients are told it. One person on three devices is one key with three ids. */
export interface PresentMember {
  readonly id: string
  readonly key: string
  readonly meta: unknown
}

/** The event that tells a roster, and its one argument. */
export type PresenceEvent =
  | readonly ['presence_state', readonly PresentMember[]]
  | readonly [
      'presence_diff',
      {
        readonly joins: readonly PresentMember[]
        readonly updates: readonly PresentMember[]
        readonly leaves: readonly PresentMember[]
      },
    ]
  | readonly ['presence_count', { readonly members: number; readonly entries: number }]

export function toPresenceEvent(roster: RosterState | RosterDiff | RosterCount): PresenceEvent {
  if ('joins' in roster) {
    const { joins, updates, leaves } = roster
    const updated = updates.map(({ entry }) => entry)
    return [
      'presence_diff',
      { joins: joins.map(toMember), updates: updated.map(toMember), leaves: leaves.map(toMember) },
    ]
  }
  if ('members' in roster) return ['presence_count', { members: roster.members, entries: roster.entries }]
  return ['presence_state', roster.entries.map(toMember)]
}

function toMember({ id, key, meta }: Entry): PresentMember {
  return { id, key, meta }
}
