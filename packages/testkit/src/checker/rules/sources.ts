import type { DeliverRecord, ReadRecord } from '../../history/records.ts'
import type { Accuse } from '../anomaly.ts'
import type { Rule } from '../rule.ts'
import type { Story } from '../story.ts'

export const sources: Rule = {
  name: 'sources',
  promise: 'What is delivered or kept was sent before, and its sender was not told that it was refused.',
  check(story, accuse) {
    for (const { episodes } of story.memberships.values())
      for (const record of episodes) if (record.kind === 'deliver') judge(story, accuse, record, record.value)
    for (const { record } of story.stray) judge(story, accuse, record, record.value)
    for (const read of story.reads.values()) for (const [, value] of read.messages) judge(story, accuse, read, value)
  },
}

function judge(story: Story, accuse: Accuse, record: DeliverRecord | ReadRecord, value: string): void {
  const sent = story.sent(record.topic, value)
  if (!sent) accuse('forged', `${value} came out of ${record.topic}, and nobody had sent it`, record)
  else if (sent.send.at > record.at) accuse('forged', `${value} came before it was sent`, record, sent.send)
  else if (sent.outcome?.kind === 'refused')
    accuse('aborted', `${value} came although its sender was told that it was refused`, record, sent.outcome)
}
