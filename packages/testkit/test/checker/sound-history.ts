import type { Position } from '@rollcall/core'
import { type HistoryRecord, history, type Members, seededRandom } from '../../src/index.ts'

interface Member {
  readonly who: string
  readonly topic: string
  readonly key: string
  at: Position | null
  state: 'in' | 'away' | 'out'
}

/**
 * A history in which nothing is wrong, made by chance: three publishers and five memberships on a channel that keeps its
 * messages (`kept`) and on one that does not (`live`), with interruptions, gaps, leaves, repeated sends and a lost log.
 */
export function soundHistory(seed: number): HistoryRecord[] {
  const random = seededRandom(seed)
  let now = 0
  const { records, add } = history(() => now)
  const log: string[] = []
  let epoch = 'e1'
  const members: Member[] = []
  let joins = 0
  let values = 0

  const join = (topic: 'kept' | 'live', key: string) => {
    const who = `${key}#${++joins}`
    const at = topic === 'kept' ? { epoch, offset: log.length } : null
    members.push({ who, topic, key, at, state: 'in' })
    add({ kind: 'joined', who, topic, after: at, user: key })
    add({ kind: 'present', topic, key })
  }
  const catchUp = (member: Member) => {
    if (!member.at || member.state !== 'in') return
    if (member.at.epoch !== epoch) {
      member.at = { epoch, offset: log.length }
      add({ kind: 'gap', who: member.who, topic: 'kept', reason: 'epoch_changed', position: member.at })
    }
    for (let offset = member.at.offset + 1; offset <= log.length; offset++) {
      member.at = { epoch, offset }
      const value = log[offset - 1] as string
      add({ kind: 'deliver', who: member.who, topic: 'kept', value, position: member.at })
    }
  }
  const send = (topic: 'kept' | 'live', by: string) => {
    const value = `v${++values}`
    add({ kind: 'send', by, topic, value })
    now += random.int(0, 2)
    if (random.chance(0.05)) return add({ kind: 'refused', topic, value })
    if (topic === 'kept') log.push(value)
    const position = topic === 'kept' ? { epoch, offset: log.length } : null
    if (random.chance(0.1)) add({ kind: 'unknown', topic, value })
    else add({ kind: 'accepted', topic, value, position })
    if (topic === 'live')
      for (const member of members)
        if (member.topic === 'live' && member.state === 'in')
          add({ kind: 'deliver', who: member.who, topic, value, position: null })
  }
  const come = (member: Member) => {
    member.state = 'in'
    add({ kind: 'resumed', who: member.who, topic: member.topic })
    if (member.topic === 'live')
      add({ kind: 'gap', who: member.who, topic: 'live', reason: 'not_kept', position: null })
    add({ kind: 'present', topic: member.topic, key: member.key })
  }

  for (const key of ['anna', 'ben', 'carl']) join('kept', key)
  for (const key of ['dora', 'emil']) join('live', key)
  for (let i = 0; i < 120; i++) {
    now += random.int(0, 5)
    const member = random.pick(members)
    if (random.chance(0.5)) send(random.pick(['kept', 'live'] as const), random.pick(['p1', 'p2', 'p3']))
    else if (member.state === 'in' && random.chance(0.1)) {
      member.state = 'away'
      add({ kind: 'interrupted', who: member.who, topic: member.topic })
      add({ kind: 'excused', topic: member.topic, key: member.key })
    } else if (member.state === 'away') come(member)
    else if (member.state === 'in' && random.chance(0.03)) {
      member.state = 'out'
      add({ kind: 'left', who: member.who, topic: member.topic })
      add({ kind: 'excused', topic: member.topic, key: member.key })
      join(member.topic as 'kept', member.key)
    }
    if (i === 60) {
      log.length = 0
      epoch = 'e2'
      add({ kind: 'fault', fault: 'log_lost', target: 'node-1', effect: 1 })
    }
    for (const other of members) if (random.chance(0.7)) catchUp(other)
  }

  for (const member of members) if (member.state === 'away') come(member)
  for (const member of members) catchUp(member)
  now += 10_000
  add({ kind: 'barred', topic: 'live', user: 'nobody' })
  add({ kind: 'quiet' })
  for (const by of ['p1', 'p2']) {
    const value = `v${++values}`
    add({ kind: 'send', by, topic: 'kept', value })
    log.push(value)
    add({ kind: 'accepted', topic: 'kept', value, position: { epoch, offset: log.length } })
  }
  for (const member of members) catchUp(member)
  const first = Math.max(1, log.length - 19)
  const messages = log.slice(first - 1).map((value, i) => [first + i, value] as const)
  add({ kind: 'read', topic: 'kept', epoch, first, top: log.length, messages })
  for (const topic of ['kept', 'live']) {
    const inside = members.filter((member) => member.topic === topic && member.state === 'in')
    const there: Members = Object.fromEntries(inside.map(({ key }) => [key, [{ name: key }]]))
    add({ kind: 'expected', topic, members: there })
    for (const { who } of inside) add({ kind: 'seen', who, topic, members: there })
  }
  return [...records]
}
