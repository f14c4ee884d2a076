import type { Position } from '@rollcall/core'
import type { HistoryRecord } from '../../history/records.ts'
import type { Accuse } from '../anomaly.ts'
import type { Rule } from '../rule.ts'
import type { Membership, Sent, Story } from '../story.ts'

export const loss: Rule = {
  name: 'loss',
  promise: 'What was accepted reaches every membership that goes on beyond it, or the membership is told a gap.',
  check(story, accuse, { deliveryMs }) {
    const unplaced = withoutPosition(story)
    for (const membership of story.memberships.values()) {
      const after = startOf(membership)
      if (after) lossesByPosition(story, membership, after, accuse)
      else if (!membership.joined.last)
        lossesByTime(story, membership, unplaced.get(membership.joined.topic) ?? [], deliveryMs, accuse)
    }
  },
}

// Where a membership's messages begin; null on a channel without history.
function startOf({ joined: { after, last }, episodes }: Membership): Position | null {
  if (after || !last) return after
  for (const record of episodes)
    if (record.kind === 'deliver' && record.position) return { ...record.position, offset: record.position.offset - 1 }
  return null
}

/** A stretch of positions that a membership must have got whole: those after `from`. */
interface Stretch {
  from: Position
  readonly got: Set<number>
  highest: number
}

function lossesByPosition(
  story: Story,
  { joined, episodes, left, connected }: Membership,
  after: Position,
  accuse: Accuse,
): void {
  const { who, topic, last } = joined
  let stretch: Stretch = { from: after, got: new Set(), highest: after.offset }
  // Where the newest `last` messages begin is seen with the first of them.
  let begun = !last
  const judge = (to: number, record: HistoryRecord) => missing(story, topic, who, stretch, to, record, accuse)
  for (const record of episodes) {
    if (record.kind === 'gap') {
      judge(stretch.highest, record)
      const from = record.position
      if (!from) return
      stretch = { from, got: new Set(), highest: from.offset }
      begun = true
    }
    if (record.kind !== 'deliver' || !record.position || record.position.epoch !== stretch.from.epoch) continue
    const { offset } = record.position
    if (!begun)
      stretch = {
        from: { ...stretch.from, offset: Math.min(stretch.from.offset, offset - 1) },
        got: new Set(),
        highest: offset,
      }
    begun = true
    stretch.got.add(offset)
    stretch.highest = Math.max(stretch.highest, offset)
  }
  // Who is still there when everything is quiet must have the log's end.
  const complete = !left && connected && story.quiet < Number.POSITIVE_INFINITY
  const final = story.reads.get(topic)
  if (complete && final && final.epoch !== stretch.from.epoch)
    accuse(
      'loss',
      `${who} is in epoch ${stretch.from.epoch} of ${topic} at the end, and the log in another`,
      joined,
      final,
    )
  const top = story.epochs.get(topic)?.get(stretch.from.epoch)?.top ?? 0
  judge(complete ? top : stretch.highest, episodes[episodes.length - 1] ?? joined)
}

function missing(
  story: Story,
  topic: string,
  who: string,
  { from, got }: Stretch,
  to: number,
  until: HistoryRecord,
  accuse: Accuse,
): void {
  const places = story.epochs.get(topic)?.get(from.epoch)
  if (!places) return
  for (let offset = from.offset + 1; offset <= to; offset++) {
    const place = places.byOffset.get(offset)
    if (place && !got.has(offset))
      accuse('loss', `${who} never got ${place.value}, at ${offset} of ${topic}`, place.record, until)
  }
}

function withoutPosition(story: Story): Map<string, Sent[]> {
  const byTopic = new Map<string, Sent[]>()
  for (const sent of story.sends.values()) {
    if (sent.outcome?.kind !== 'accepted' || sent.outcome.position || sent.send.volatile) continue
    const { topic } = sent.send
    const list = byTopic.get(topic)
    if (list) list.push(sent)
    else byTopic.set(topic, [sent])
  }
  return byTopic
}

// Without positions only the time tells what a membership must have got.
function lossesByTime(
  story: Story,
  { joined, episodes, left, connected }: Membership,
  messages: readonly Sent[],
  deliveryMs: number,
  accuse: Accuse,
): void {
  let from = joined.at
  let got = new Set<string>()
  for (const record of episodes) {
    // A gap excuses whatever is missing before it.
    if (record.kind === 'gap') {
      from = record.at
      got = new Set()
    } else if (record.kind === 'deliver') got.add(record.value)
  }
  if (left?.kind === 'lost' || (!left && !connected)) return
  if (!left && story.quiet === Number.POSITIVE_INFINITY) return
  const until = left ? left.at - deliveryMs : Number.POSITIVE_INFINITY
  for (const { send, outcome } of messages) {
    if (!outcome || send.at <= from || outcome.at > until || got.has(send.value)) continue
    accuse('loss', `${joined.who} never got ${send.value} of ${send.topic}`, joined, outcome)
  }
}
