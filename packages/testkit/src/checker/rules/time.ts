import type { Accuse } from '../anomaly.ts'
import type { Rule } from '../rule.ts'
import type { Sent, Story } from '../story.ts'

export const realTime: Rule = {
  name: 'real_time',
  promise: 'What was accepted before another message was sent stands before it; an old epoch gets nothing new.',
  check(story, accuse) {
    // The events in order: at each sending, what stands highest of all that was accepted before.
    const events = [...acknowledged(story)]
      .flatMap((sent) => [
        { at: sent.begun, sent, begins: true },
        { at: sent.ended, sent, begins: false },
      ])
      .sort((a, b) => a.at - b.at)
    const highest = new Map<string, Sent>()
    const newest = new Map<string, { since: number; sent: Sent }>()
    for (const { sent, begins } of events) {
      const { topic } = sent.send
      for (const [epoch, offset] of sent.places) {
        const key = `${topic}\n${epoch}`
        const before = highest.get(key)
        const since = story.epochs.get(topic)?.get(epoch)?.since ?? 0
        const latest = newest.get(topic)
        if (!begins) {
          if (sent.outcome?.kind !== 'accepted') continue
          if (!before || (before.places.get(epoch) ?? 0) < offset) highest.set(key, sent)
          if (!latest || since > latest.since) newest.set(topic, { since, sent })
          continue
        }
        if (before && (before.places.get(epoch) ?? 0) >= offset)
          accuse(
            'real_time_order',
            `${before.send.value} was accepted before ${sent.send.value} was sent, and stands behind it`,
            before.outcome,
            sent.send,
            sent.outcome,
          )
        if (latest && latest.since > since && sent.outcome?.position?.epoch === epoch)
          accuse(
            'stale_epoch',
            `${sent.send.value} got a place in ${epoch} of ${topic} after a newer epoch had begun`,
            latest.sent.outcome,
            sent.outcome,
          )
      }
    }
  },
}

export const publisherOrder: Rule = {
  name: 'publisher_order',
  promise:
    "A publisher's messages on a topic keep the order in which it sent them, unless one was refused for now and sent again.",
  check(story, accuse) {
    byPosition(story, accuse)
    byDelivery(story, accuse)
  },
}

function byPosition(story: Story, accuse: Accuse): void {
  const highest = new Map<string, Sent>()
  const given = new Map<string, Sent>()
  for (const sent of story.sends.values()) {
    if (sent.postponed) continue
    for (const [epoch, offset] of sent.places) {
      const key = `${sent.send.by}\n${sent.send.topic}\n${epoch}`
      const uncertain = given.get(key)
      // What its sender had given up on may appear at any time.
      if (uncertain && uncertain.ended < sent.begun) given.delete(key)
      for (const before of [highest.get(key), given.get(key)]) {
        if (!before || (before.places.get(epoch) ?? 0) <= offset) continue
        const what = `${before.send.value} was sent before ${sent.send.value}, and stands behind it`
        accuse('publisher_order', what, before.send, sent.send)
      }
      const kept = sent.outcome?.kind === 'unknown' ? given : highest
      if ((kept.get(key)?.places.get(epoch) ?? 0) < offset) kept.set(key, sent)
    }
  }
}

// Without positions: each membership must get them in order.
function byDelivery(story: Story, accuse: Accuse): void {
  for (const { joined, episodes } of story.memberships.values()) {
    const latest = new Map<string, Sent>()
    for (const record of episodes) {
      // Behind a gap a message may come again: a repeat of a send is known for as long as the server remembers it.
      if (record.kind === 'gap') latest.clear()
      if (record.kind !== 'deliver' || record.position || record.volatile) continue
      const sent = story.sent(record.topic, record.value)
      if (!sent || sent.postponed) continue
      const key = sent.send.by
      const before = latest.get(key)
      const givenUp = sent.outcome?.kind === 'unknown' && before !== undefined && sent.ended < before.begun
      if (before && before.begun > sent.begun && !givenUp)
        accuse(
          'publisher_order',
          `${joined.who} got ${before.send.value} before ${sent.send.value}, which was sent before it`,
          before.send,
          sent.send,
          record,
        )
      else latest.set(key, sent)
    }
  }
}

function* acknowledged(story: Story): Iterable<Sent> {
  for (const sent of story.sends.values()) if (sent.places.size > 0) yield sent
}
