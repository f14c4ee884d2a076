import type { ChangeRecord, Members, MembersRecord } from '../../history/records.ts'
import type { Accuse } from '../anomaly.ts'
import type { Rule } from '../rule.ts'

export const presence: Rule = {
  name: 'presence',
  promise:
    'When it is quiet everybody sees who is there, and nobody else; who was there all the time was never seen to leave.',
  check(story, accuse) {
    const expected = new Map<string, MembersRecord>()
    const present = new Set<string>()
    for (const record of story.records) {
      if (record.kind === 'expected') expected.set(record.topic, record)
      else if (record.kind === 'seen') compare(expected.get(record.topic), record, accuse)
      else if (record.kind === 'present') present.add(`${record.topic}\n${record.key}`)
      else if (record.kind === 'excused') present.delete(`${record.topic}\n${record.key}`)
      else if (record.kind === 'change') flap(present, record, accuse)
    }
  },
}

function compare(truth: MembersRecord | undefined, view: MembersRecord, accuse: Accuse): void {
  if (!truth) return
  const { who = 'somebody', topic } = view
  for (const [key, metas] of Object.entries(view.members)) {
    const there = own(truth.members, key)
    if (!there) accuse('ghost', `${who} sees ${key} in ${topic}, who is not there`, truth, view)
    else if (metas.length > there.length) accuse('ghost', `${who} sees ${key} in ${topic} too often`, truth, view)
    else if (metas.length < there.length)
      accuse('missing', `${who} sees ${key} in ${topic} not often enough`, truth, view)
    else if (sorted(metas) !== sorted(there))
      accuse('stale_meta', `${who} sees ${key} in ${topic} as it is not`, truth, view)
  }
  for (const key of Object.keys(truth.members))
    if (!own(view.members, key)) accuse('missing', `${who} does not see ${key} in ${topic}, who is there`, truth, view)
}

function own(members: Members, key: string): readonly unknown[] | undefined {
  return Object.hasOwn(members, key) ? members[key] : undefined
}

function sorted(metas: readonly unknown[]): string {
  return metas
    .map((meta) => JSON.stringify(meta))
    .sort()
    .join()
}

function flap(present: ReadonlySet<string>, record: ChangeRecord, accuse: Accuse): void {
  const { who, topic, key, change } = record
  if (change === 'left' && present.has(`${topic}\n${key}`))
    accuse('flap', `${who} saw ${key} leave ${topic}, who was there all the time`, record)
}
