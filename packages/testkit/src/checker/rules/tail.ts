import type { ReadRecord } from '../../history/records.ts'
import type { Accuse } from '../anomaly.ts'
import type { Rule } from '../rule.ts'
import type { Story } from '../story.ts'

export const tail: Rule = {
  name: 'tail',
  promise: 'At the end the log has everything that was accepted, except what its retention has trimmed.',
  check(story, accuse, { keeps }) {
    for (const read of story.reads.values()) {
      whole(read, keeps(read.topic), accuse)
      complete(story, read, accuse)
    }
  },
}

function whole(read: ReadRecord, keeps: number | undefined, accuse: Accuse): void {
  const { topic, first, top, messages } = read
  let expected = first
  for (const [offset] of messages) {
    if (offset !== expected) accuse('hole', `The log of ${topic} goes from ${expected - 1} to ${offset}`, read)
    expected = offset + 1
  }
  if (expected !== top + 1)
    accuse('hole', `The log of ${topic} ends at ${expected - 1}, though its top is ${top}`, read)
  if (keeps !== undefined && top - first + 1 < Math.min(keeps, top))
    accuse('hole', `The log of ${topic} keeps ${top - first + 1} messages of ${top}, and should keep ${keeps}`, read)
}

function complete(story: Story, read: ReadRecord, accuse: Accuse): void {
  const { topic, epoch, first, top } = read
  const kept = new Set(read.messages.map(([offset]) => offset))
  for (const { send, outcome } of story.sends.values()) {
    if (send.topic !== topic || outcome?.kind !== 'accepted' || !outcome.position) continue
    const { position } = outcome
    if (position.epoch !== epoch) {
      if (send.at > story.logLostAt && story.epochs.get(topic)?.has(epoch))
        accuse(
          'tail_loss',
          `${send.value} was accepted in epoch ${position.epoch}; the log is at ${epoch}`,
          outcome,
          read,
        )
    } else if (position.offset > top)
      accuse(
        'tail_loss',
        `${send.value} was accepted at ${position.offset}; the log of ${topic} ends at ${top}`,
        outcome,
      )
    else if (position.offset >= first && !kept.has(position.offset))
      accuse('tail_loss', `${send.value} was accepted at ${position.offset} of ${topic}; the log lacks it`, outcome)
  }
}
