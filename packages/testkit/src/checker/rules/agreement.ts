import type { Rule } from '../rule.ts'
import type { Claim } from '../story.ts'

export const agreement: Rule = {
  name: 'agreement',
  promise: 'Everybody has the same value at a position, and a value has one position in an epoch.',
  check(story, accuse) {
    const placed = new Map<string, Claim>()
    for (const claim of story.claims) {
      const { topic, value, position, record } = claim
      const first = story.place(position, topic)
      if (first && first.value !== value) {
        const both = record.kind === 'accepted' && first.record.kind === 'accepted'
        const where = `${position.epoch}/${position.offset} of ${topic}`
        accuse(both ? 'fencing' : 'divergence', `${where} is ${first.value} and ${value}`, first.record, record)
      }
      const key = `${topic}\n${position.epoch}\n${value}`
      const other = placed.get(key)
      if (!other) placed.set(key, claim)
      else if (other.position.offset !== position.offset)
        accuse(
          'duplicate',
          `${value} stands at ${other.position.offset} and at ${position.offset} of ${topic}`,
          other.record,
          record,
        )
    }
  },
}
