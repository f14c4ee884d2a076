import type { Member, MemberChange, MembershipView } from '@rollcall/core'
import { Listeners } from './listeners.ts'
import type { Patience } from './patience.ts'
import type { Presence } from './presence.ts'

/** Shows oneself, or not, in a room. */
export type Show = (seen: { readonly meta: unknown } | null, patience?: Patience) => Promise<void>

/** A room's presence, as its room sees it. */
export interface LivePresence extends Presence {
  /** The roster has changed. */
  change(changes: readonly MemberChange[]): void
}

type Members = readonly Member<never>[]

const NOBODY: Members = []

/** A window on the session's roster of one topic. `view` answers nothing before the room is asked for, and after it is left. */
export function livePresence(view: () => MembershipView | null, show: Show): LivePresence {
  const listeners = new Listeners<[Members, readonly MemberChange<never>[]]>()
  let members = NOBODY
  return {
    members: () => (view() ? members : NOBODY),
    get count() {
      return view()?.count?.members ?? view()?.roster.count ?? 0
    },
    get entries() {
      return view()?.count?.entries ?? view()?.roster.size ?? 0
    },
    get: (key) => view()?.roster.member(key) as Member<never> | undefined,
    subscribe: (listener) => listeners.add(listener),
    change(changes) {
      members = (view()?.roster.members() as Members | undefined) ?? NOBODY
      listeners.call(members, changes as readonly MemberChange<never>[])
    },
    update: (meta, patience) => show({ meta }, patience),
    untrack: (patience) => show(null, patience),
  }
}
