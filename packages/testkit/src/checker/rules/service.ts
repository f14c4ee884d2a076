import type { Rule } from '../rule.ts'

export const service: Rule = {
  name: 'service',
  promise: 'Once everything is healed, every membership has its connection and every send is accepted.',
  check(story, accuse) {
    if (story.quiet === Number.POSITIVE_INFINITY) return
    for (const { send, begun, outcome } of story.sends.values())
      if (begun > story.quiet && outcome?.kind !== 'accepted')
        accuse('unanswered', `${send.value} was sent when all was quiet, and not accepted`, send, outcome)
    for (const { joined, episodes, left, connected } of story.memberships.values())
      if (!left && !connected)
        accuse('not_back', `${joined.who} is not back although all is quiet`, episodes[episodes.length - 1])
    for (const record of story.malformed) accuse('malformed', 'A record that does not fit to those before it', record)
  },
}
