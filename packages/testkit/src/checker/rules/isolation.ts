import type { Rule } from '../rule.ts'

export const isolation: Rule = {
  name: 'isolation',
  promise: 'Nothing is delivered before a join is answered, after a membership has ended, or to those who are barred.',
  check(story, accuse, { barredMs }) {
    for (const { record, membership } of story.stray) {
      if (membership)
        accuse('after_leave', `${record.who} got ${record.value} after it had left`, membership.left, record)
      else accuse('before_join', `${record.who} got ${record.value} before it had joined`, record)
    }
    if (story.barred.length === 0) return
    const since = new Map<string, number>()
    for (const { topic, user, at } of story.barred) {
      const key = `${topic}\n${user}`
      if (!since.has(key)) since.set(key, at)
    }
    for (const { joined, episodes } of story.memberships.values()) {
      const barredAt = since.get(`${joined.topic}\n${joined.user}`)
      if (barredAt === undefined) continue
      for (const record of episodes) {
        if (record.kind !== 'deliver') continue
        const sent = story.sent(record.topic, record.value)
        if (sent && sent.send.at > barredAt + barredMs)
          accuse('unauthorised', `${joined.who} got ${record.value}, sent when it was barred`, sent.send, record)
      }
    }
  },
}
