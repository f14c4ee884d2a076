import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ANOMALIES, type AnomalyName, check, type HistoryRecord, RULES, seededRandom } from '../../src/index.ts'
import { soundHistory } from './sound-history.ts'

type Kind = HistoryRecord['kind']
// Some records stand for several kinds.
type RecordOf<K extends Kind, R extends HistoryRecord = HistoryRecord> = R extends HistoryRecord
  ? K extends R['kind']
    ? R
    : never
  : never

const SEEDS = Array.from({ length: 40 }, (_, i) => i + 1)

/** The places of all records of a kind that suit. */
function places<K extends Kind>(
  records: readonly HistoryRecord[],
  kind: K,
  suits: (record: RecordOf<K>, i: number) => boolean = () => true,
): number[] {
  return records.flatMap((record, i) => (record.kind === kind && suits(record as RecordOf<K>, i) ? [i] : []))
}

const at = <K extends Kind>(records: readonly HistoryRecord[], i: number | undefined) => records[i ?? -1] as RecordOf<K>
const isKept = ({ topic }: { readonly topic: string }) => topic === 'kept'
const isLive = ({ topic }: { readonly topic: string }) => topic === 'live'

/** The next delivery to the same membership; -1 without one, or with something else in between. */
function nextDelivery(records: readonly HistoryRecord[], i: number): number {
  const { who } = at<'deliver'>(records, i)
  const next = records.findIndex(
    (record, j) => j > i && 'who' in record && record.who === who && record.kind !== 'change',
  )
  return records[next]?.kind === 'deliver' ? next : -1
}

interface Mutation {
  readonly name: string
  /** One of these must be found, and nothing that is not listed here or in `also`. */
  readonly finds: readonly AnomalyName[]
  readonly also?: readonly AnomalyName[]
  /** The mutated records, or null where this history has nothing to mutate so. */
  mutate(records: HistoryRecord[], pick: (from: readonly number[]) => number | undefined): HistoryRecord[] | null
}

/** Replaces one record. */
function altered<K extends Kind>(
  kind: K,
  change: (record: RecordOf<K>, records: readonly HistoryRecord[]) => HistoryRecord | readonly HistoryRecord[] | null,
  suits?: (record: RecordOf<K>, i: number) => boolean,
): Mutation['mutate'] {
  return (records, pick) => {
    const i = pick(places(records, kind, suits))
    if (i === undefined) return null
    const changed = change(at<K>(records, i), records)
    if (changed === null) return null
    return records.toSpliced(i, 1, ...(Array.isArray(changed) ? changed : [changed]))
  }
}

const kept = <T extends { readonly position?: unknown }>({ position }: T) => position !== null && position !== undefined
const moved = <T extends { readonly position?: { epoch: string; offset: number } | null }>(
  record: T,
  by: number,
): T => ({
  ...record,
  position: { epoch: record.position!.epoch, offset: record.position!.offset + by },
})

const MUTATIONS: readonly Mutation[] = [
  // A record is dropped.
  {
    name: 'a delivery with a position is dropped',
    finds: ['skip', 'loss'],
    mutate: altered('deliver', () => [], isKept),
  },
  {
    name: 'a delivery without a position is dropped',
    finds: ['loss'],
    // One that no gap excuses: of a membership that is never told one afterwards, and not of the last second before a leave.
    mutate: (records, pick) => {
      const i = pick(
        places(records, 'deliver', (record, i) => {
          const later = records.slice(i).filter((other) => 'who' in other && other.who === record.who)
          const accepted = records.some(
            ({ kind, ...other }) => kind === 'accepted' && 'value' in other && other.value === record.value,
          )
          return isLive(record) && accepted && !later.some(({ kind }) => kind === 'gap' || kind === 'left')
        }),
      )
      return i === undefined ? null : records.toSpliced(i, 1)
    },
  },
  {
    name: 'a sending is dropped',
    finds: ['forged'],
    also: ['malformed'],
    mutate: altered('send', () => [], isDelivered),
  },
  {
    name: 'a gap is dropped',
    finds: ['skip'],
    also: ['loss'],
    mutate: altered(
      'gap',
      () => [],
      (gap) => isKept(gap),
    ),
  },
  {
    name: 'a join is dropped',
    finds: ['before_join', 'malformed'],
    mutate: altered(
      'joined',
      () => [],
      ({ who }) => who === 'anna#1' || who === 'dora#4',
    ),
  },
  { name: 'a return is dropped', finds: ['not_back'], mutate: lastReturnDropped },
  {
    name: 'the acknowledgement of a quiet time is dropped',
    finds: ['unanswered'],
    mutate: (records) => records.toSpliced(places(records, 'accepted').at(-1)!, 1),
  },
  {
    name: 'a message is dropped from the final read',
    finds: ['hole'],
    also: ['tail_loss'],
    mutate: altered(
      'read',
      (read) => ({ ...read, messages: read.messages.toSpliced(1, 1) }),
      ({ messages }) => messages.length > 2,
    ),
  },
  {
    name: 'a member is dropped from what is seen',
    finds: ['missing'],
    mutate: altered('seen', (seen) => ({
      ...seen,
      members: Object.fromEntries(Object.entries(seen.members).slice(1)),
    })),
  },

  // A record is there twice.
  {
    name: 'a delivery is duplicated',
    finds: ['duplicate'],
    mutate: altered('deliver', (record) => [record, record]),
  },
  {
    name: 'a message is accepted twice',
    finds: ['duplicate'],
    also: [
      'fencing',
      'tail_loss',
      'divergence',
      'real_time_order',
      'publisher_order',
      'skip',
      'loss',
      'unanswered',
      'malformed',
    ],
    // A later acknowledgement names a second position for what somebody was delivered at the first one.
    mutate: (records, pick) => {
      const i = pick(places(records, 'accepted', (record) => kept(record) && isDelivered(record, 0, records)))
      return i === undefined ? null : records.toSpliced(i, 1, moved(at<'accepted'>(records, i), 1))
    },
  },
  { name: 'a join is duplicated', finds: ['malformed'], mutate: altered('joined', (record) => [record, record]) },
  { name: 'an outcome is duplicated', finds: ['malformed'], mutate: altered('accepted', (record) => [record, record]) },
  { name: 'a sending is duplicated', finds: ['malformed'], mutate: altered('send', (record) => [record, record]) },

  // Two records change places.
  {
    name: 'two deliveries are swapped',
    finds: ['inversion'],
    also: ['skip', 'loss', 'forged'],
    mutate: (records, pick) => {
      const i = pick(places(records, 'deliver', (record, i) => isKept(record) && nextDelivery(records, i) > 0))
      if (i === undefined) return null
      const j = nextDelivery(records, i)
      const [a, b] = [at<'deliver'>(records, i), at<'deliver'>(records, j)]
      return records.with(i, { ...b, at: a.at }).with(j, { ...a, at: b.at })
    },
  },
  {
    name: "two of a publisher's deliveries without positions are swapped",
    finds: ['publisher_order'],
    also: ['forged'],
    mutate: (records, pick) => {
      const by = new Map(records.flatMap((record) => (record.kind === 'send' ? [[record.value, record.by]] : [])))
      const suits = (record: RecordOf<'deliver'>, i: number) => {
        const next = nextDelivery(records, i)
        return isLive(record) && next > 0 && by.get(record.value) === by.get(at<'deliver'>(records, next).value)
      }
      const i = pick(places(records, 'deliver', suits))
      if (i === undefined) return null
      const j = nextDelivery(records, i)
      const [a, b] = [at<'deliver'>(records, i), at<'deliver'>(records, j)]
      return records.with(i, { ...b, at: a.at }).with(j, { ...a, at: b.at })
    },
  },
  {
    name: 'two sendings of a publisher are swapped, long before they are accepted',
    finds: ['publisher_order'],
    also: ['real_time_order'],
    mutate: (records) => {
      // Both are begun at the very beginning, the later one first.
      const [i, j] = places(
        records,
        'send',
        (record) => isKept(record) && record.by === 'p1' && isDelivered(record, 0, records),
      )
      if (i === undefined || j === undefined || i < lost(records) !== j < lost(records)) return null
      const [a, b] = [at<'send'>(records, i), at<'send'>(records, j)]
      const rest = records.filter((record) => record !== a && record !== b)
      return [{ ...b, at: 0 }, { ...a, at: 0 }, ...rest]
    },
  },
  {
    name: 'a join comes after its first delivery',
    finds: ['before_join'],
    also: ['skip', 'loss'],
    mutate: (records, pick) => {
      const first = (i: number) =>
        records.findIndex((record, j) => j > i && 'who' in record && record.who === at<'joined'>(records, i).who)
      const i = pick(places(records, 'joined', (_, i) => records[first(i)]?.kind === 'deliver'))
      return i === undefined ? null : records.toSpliced(first(i) + 1, 0, records[i]!).toSpliced(i, 1)
    },
  },
  {
    name: 'a leave comes before its last delivery',
    finds: ['after_leave'],
    also: ['malformed'],
    mutate: (records, pick) => {
      const last = (i: number) =>
        records.findLastIndex((record, j) => j < i && 'who' in record && record.who === at<'left'>(records, i).who)
      const i = pick(places(records, 'left', (_, i) => records[last(i)]?.kind === 'deliver'))
      if (i === undefined) return null
      const j = last(i)
      return records.toSpliced(i, 1).toSpliced(j, 0, { ...at<'left'>(records, i), at: records[j]!.at })
    },
  },

  // A record is altered.
  {
    name: 'the value of a delivery becomes another one',
    finds: ['divergence', 'duplicate', 'publisher_order'],
    also: ['loss', 'aborted', 'real_time_order', 'forged', 'tail_loss', 'skip'],
    mutate: (records, pick) => {
      const i = pick(places(records, 'deliver', isKept))
      if (i === undefined) return null
      const { value } = at<'deliver'>(records, i)
      const others = records.filter(
        (record, j) => j < i && record.kind === 'send' && isKept(record) && record.value !== value,
      )
      const other = others.at(-1) as RecordOf<'send'> | undefined
      // Where nobody else has heard of the position, there is nobody to disagree.
      const heard = records.filter(
        (record) => (record.kind === 'deliver' || record.kind === 'accepted') && record.value === value,
      )
      return other && heard.length > 1 ? records.with(i, { ...at<'deliver'>(records, i), value: other.value }) : null
    },
  },
  {
    name: 'the value of a delivery becomes one that nobody sent',
    finds: ['forged'],
    also: ['divergence', 'loss'],
    mutate: altered('deliver', (record) => ({ ...record, value: 'never sent' })),
  },
  {
    name: 'the offset of a delivery is altered',
    finds: ['skip', 'inversion', 'duplicate'],
    also: ['loss', 'divergence', 'publisher_order', 'real_time_order', 'tail_loss'],
    mutate: altered('deliver', (record) => moved(record, 2), isKept),
  },
  {
    name: 'the epoch of a delivery is altered',
    finds: ['skip'],
    also: ['loss', 'publisher_order', 'inversion', 'stale_epoch'],
    mutate: altered('deliver', (record) => ({ ...record, position: { ...record.position!, epoch: 'e9' } }), isKept),
  },
  {
    name: 'a delivery loses its position',
    finds: ['unplaced'],
    also: ['skip', 'loss'],
    mutate: altered('deliver', (record) => ({ ...record, position: null }), isKept),
  },
  {
    name: 'an accepted message becomes a refused one',
    finds: ['aborted'],
    also: ['unanswered'],
    mutate: altered('accepted', ({ position: _, ...record }) => ({ ...record, kind: 'refused' }), isDelivered),
  },
  {
    name: 'an acknowledgement names another position',
    finds: ['divergence', 'duplicate', 'tail_loss', 'fencing'],
    also: ['real_time_order', 'publisher_order', 'skip', 'loss'],
    mutate: altered('accepted', (record) => moved(record, 1), kept),
  },
  {
    name: 'the value of a message in the final read is altered',
    finds: ['divergence', 'forged'],
    also: ['duplicate', 'tail_loss'],
    mutate: altered('read', (read) => ({
      ...read,
      messages: read.messages.map(([o, v], i) => [o, i === 0 ? 'x' : v] as const),
    })),
  },
  {
    name: 'the final read ends too early',
    finds: ['tail_loss'],
    also: ['hole'],
    mutate: altered('read', (read) => ({ ...read, top: read.top - 1, messages: read.messages.slice(0, -1) })),
  },
  {
    name: 'somebody is seen with old metadata',
    finds: ['stale_meta'],
    mutate: altered('seen', (seen) => ({ ...seen, members: withFirst(seen.members, [{ name: 'old' }]) })),
  },
  {
    name: 'a membership stays in an old epoch',
    finds: ['loss'],
    also: ['malformed'],
    mutate: (records) => {
      const who = 'anna#1'
      const i = records.findIndex((record) => record.kind === 'gap' && record.who === who)
      if (i < 0 || records.some((record) => record.kind === 'left' && record.who === who)) return null
      return records.filter(
        (record, j) => j < i || !('who' in record) || record.who !== who || record.kind === 'resumed',
      )
    },
  },

  // A record is forged.
  {
    name: 'an acknowledgement of something that was never kept',
    finds: ['tail_loss', 'divergence', 'fencing'],
    also: ['malformed', 'loss', 'real_time_order', 'publisher_order', 'duplicate', 'skip'],
    mutate: altered(
      'unknown',
      (record, records) => {
        const read = records.find(({ kind }) => kind === 'read') as RecordOf<'read'>
        if (record.at < lostAt(records)) return null
        return { ...record, kind: 'accepted', position: { epoch: read.epoch, offset: read.top + 7 } }
      },
      isKept,
    ),
  },
  {
    name: 'two acknowledgements of one position',
    finds: ['fencing'],
    also: ['duplicate', 'divergence', 'real_time_order', 'publisher_order'],
    mutate: (records) => {
      const [i, j] = places(records, 'accepted', kept).slice(-2)
      if (i === undefined || j === undefined) return null
      return records.with(j, { ...at<'accepted'>(records, j), position: at<'accepted'>(records, i).position! })
    },
  },
  {
    name: 'an acknowledgement in an epoch that is over',
    finds: ['stale_epoch'],
    also: ['tail_loss', 'duplicate', 'divergence'],
    mutate: (records) => {
      const last = places(records, 'accepted', (record) => record.position?.epoch === 'e2').at(-1)
      if (last === undefined || !records.some((r) => r.kind === 'accepted' && r.position?.epoch === 'e1')) return null
      return records.with(last, { ...at<'accepted'>(records, last), position: { epoch: 'e1', offset: 999 } })
    },
  },
  {
    name: 'something is accepted behind what was sent after it',
    finds: ['real_time_order'],
    also: ['tail_loss', 'publisher_order', 'duplicate', 'divergence', 'loss'],
    mutate: (records) => {
      const i = places(records, 'accepted', ({ position }) => position?.epoch === 'e2')[0]
      if (i === undefined) return null
      return records.with(i, { ...at<'accepted'>(records, i), position: { epoch: 'e2', offset: 9_999 } })
    },
  },
  {
    name: 'a ghost is seen',
    finds: ['ghost'],
    mutate: altered('seen', (seen) => ({ ...seen, members: { ...seen.members, ghost: [{ name: 'boo' }] } })),
  },
  {
    name: 'a member is seen twice',
    finds: ['ghost'],
    mutate: altered('seen', (seen) => ({ ...seen, members: withFirst(seen.members, [{ name: 'x' }, { name: 'y' }]) })),
  },
  {
    name: 'somebody who is there is seen to leave',
    finds: ['flap'],
    mutate: altered('quiet', (quiet) => [
      quiet,
      { kind: 'change', at: quiet.at, who: 'anna#1', topic: 'live', key: 'dora', change: 'left' },
    ]),
  },
  {
    name: 'somebody is delivered to who is barred',
    finds: ['unauthorised'],
    mutate: altered(
      'joined',
      (joined) => [{ kind: 'barred', at: joined.at - 1, topic: 'kept', user: 'anna' }, joined],
      ({ who }) => who === 'anna#1',
    ),
  },
  {
    name: 'a log keeps less than it must',
    finds: ['hole'],
    also: ['tail_loss'],
    mutate: altered('read', (read) => ({ ...read, first: read.first + 1, messages: read.messages.slice(1) })),
  },
]

function isDelivered({ value }: { readonly value: string }, _i: number, records?: readonly HistoryRecord[]): boolean {
  return (records ?? current).some((record) => record.kind === 'deliver' && record.value === value)
}
// What `altered` looks at: it gives its filter no records.
let current: readonly HistoryRecord[] = []

function withFirst(members: Readonly<Record<string, readonly unknown[]>>, metas: readonly unknown[]) {
  const [first = ''] = Object.keys(members)
  return { ...members, [first]: metas }
}

// Where the log was lost: positions before and after it cannot be compared.
function lost(records: readonly HistoryRecord[]): number {
  return records.findIndex(({ kind }) => kind === 'fault')
}

function lostAt(records: readonly HistoryRecord[]): number {
  return records.find((record) => record.kind === 'fault')?.at ?? 0
}

function lastReturnDropped(
  records: HistoryRecord[],
  pick: (from: readonly number[]) => number | undefined,
): HistoryRecord[] | null {
  const i = pick(
    places(
      records,
      'resumed',
      ({ who }, i) =>
        !records
          .slice(i + 1)
          .some((r) => (r.kind === 'interrupted' || r.kind === 'resumed' || r.kind === 'left') && r.who === who),
    ),
  )
  return i === undefined ? null : records.toSpliced(i, 1)
}

const options = { keeps: (topic: string) => (topic === 'kept' ? 20 : undefined) }
const names = (records: readonly HistoryRecord[]) => [
  ...new Set(check(records, options).anomalies.map(({ anomaly }) => anomaly)),
]

describe('a history in which nothing is wrong', () => {
  it.each(SEEDS)('of seed %i has no anomaly, and something in it', (seed) => {
    const { anomalies, counts } = check(soundHistory(seed), options)
    expect(anomalies).toEqual([])
    expect(counts.deliveries).toBeGreaterThan(30)
  })
})

describe('one record is wrong', () => {
  for (const { name, finds, also = [], mutate } of MUTATIONS)
    it(name, () => {
      let tried = 0
      for (const seed of SEEDS) {
        const sound = soundHistory(seed)
        current = sound
        const random = seededRandom(seed).fork(name)
        const mutant = mutate([...sound], (from) => (from.length > 0 ? random.pick(from) : undefined))
        if (mutant === null) continue
        tried++
        const found = names(mutant)
        const where = `seed ${seed}: found ${found.join(', ') || 'nothing'}`
        expect(
          found.some((anomaly) => finds.includes(anomaly)),
          where,
        ).toBe(true)
        expect(
          found.filter((anomaly) => !finds.includes(anomaly) && !also.includes(anomaly)),
          where,
        ).toEqual([])
      }
      expect(tried).toBeGreaterThan(3)
    })
})

it('every anomaly is found in some mutation', () => {
  const reachable = new Set(MUTATIONS.flatMap(({ finds }) => finds))
  expect(ANOMALIES.filter((anomaly) => !reachable.has(anomaly))).toEqual([])
})

it('every rule says what it promises', () => {
  expect(RULES.map(({ name }) => name)).toEqual([
    'sources',
    'agreement',
    'loss',
    'tail',
    'order',
    'real_time',
    'publisher_order',
    'isolation',
    'presence',
    'service',
  ])
})

it('records in any order and of any content are checked without an exception', () => {
  const kinds = [
    'send',
    'accepted',
    'refused',
    'unknown',
    'joined',
    'deliver',
    'gap',
    'interrupted',
    'resumed',
    'left',
    'barred',
    'change',
    'present',
    'excused',
    'fault',
    'quiet',
    'expected',
    'seen',
  ]
  const name = fc.constantFrom('a', 'b', '', '__proto__', '\u0000', 'constructor')
  const position = fc.option(fc.record({ epoch: name, offset: fc.nat(5) }))
  const record = fc.record({
    kind: fc.constantFrom(...kinds),
    at: fc.nat(20),
    who: name,
    by: name,
    topic: name,
    value: name,
    user: name,
    key: name,
    position,
    after: position,
    last: fc.option(fc.nat(3), { nil: undefined }),
    change: fc.constantFrom('joined', 'left'),
    members: fc.dictionary(name, fc.array(fc.jsonValue(), { maxLength: 2 }), { maxKeys: 3 }),
    fault: name,
    target: name,
    effect: fc.nat(2),
    reason: fc.constant('too_old'),
  })
  fc.assert(
    fc.property(fc.array(record, { maxLength: 40 }), (records) => {
      check(records as unknown as HistoryRecord[])
    }),
  )
})
