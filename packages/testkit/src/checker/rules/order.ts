import type { Position } from '@rollcall/core'
import type { DeliverRecord } from '../../history/records.ts'
import type { Accuse } from '../anomaly.ts'
import type { Rule } from '../rule.ts'
import type { Membership } from '../story.ts'

export const order: Rule = {
  name: 'order',
  promise: 'The positions of a membership rise by one, unless a gap was told; nothing comes twice.',
  check(story, accuse) {
    for (const membership of story.memberships.values()) follow(membership, accuse)
  },
}

function follow({ joined, episodes }: Membership, accuse: Accuse): void {
  const { who, topic, last } = joined
  let at: Position | null = joined.after
  // Where the newest `last` messages begin is for the log to say, within bounds.
  let open = last !== undefined && last > 0
  let previous: DeliverRecord | null = null
  const seen = new Map<string, DeliverRecord>()
  for (const record of episodes) {
    if (record.kind === 'gap') {
      at = record.position
      open = false
      previous = null
      seen.clear()
    }
    if (record.kind !== 'deliver') continue
    const { value, position } = record
    const twice = seen.get(value)
    if (twice && !record.volatile) accuse('duplicate', `${who} got ${value} twice`, twice, record)
    seen.set(value, record)
    if (record.volatile || (!at && !open)) continue
    if (!position) {
      accuse('unplaced', `${who} got ${value} of ${topic} without a position`, record)
      continue
    }
    if (!at) {
      // The first of the newest messages tells where they begin.
    } else if (position.epoch !== at.epoch)
      accuse(
        'skip',
        `${who} got ${position.epoch}/${position.offset} in epoch ${at.epoch}, and no gap was told`,
        record,
      )
    else if (open && position.offset <= at.offset) {
      // Begins earlier, as it asked to.
    } else if (position.offset <= at.offset) {
      if (!twice) accuse('inversion', `${who} got ${position.offset} of ${topic} after ${at.offset}`, previous, record)
      continue
    } else if (position.offset > at.offset + 1)
      accuse('skip', `${who} got ${position.offset} of ${topic} after ${at.offset}`, previous ?? joined, record)
    open = false
    at = position
    previous = record
  }
}
