import type { HistoryRecord } from '../history/records.ts'
import type { Anomaly } from './anomaly.ts'
import { type Counts, count } from './counts.ts'
import type { CheckOptions, Rule } from './rule.ts'
import { agreement } from './rules/agreement.ts'
import { isolation } from './rules/isolation.ts'
import { loss } from './rules/loss.ts'
import { order } from './rules/order.ts'
import { presence } from './rules/presence.ts'
import { service } from './rules/service.ts'
import { sources } from './rules/sources.ts'
import { tail } from './rules/tail.ts'
import { publisherOrder, realTime } from './rules/time.ts'
import { Story } from './story.ts'

/** Every rule, with the promise that it checks. */
export const RULES: readonly Rule[] = [
  sources,
  agreement,
  loss,
  tail,
  order,
  realTime,
  publisherOrder,
  isolation,
  presence,
  service,
]

/** What a check found. */
export interface Report {
  readonly anomalies: readonly Anomaly[]
  /** How much there was to check: a history in which nothing happens keeps every promise. */
  readonly counts: Counts
}

/** So many anomalies of one name and rule tell enough. */
const MAX_OF_A_KIND = 20

/** Checks a history, whose records are in order of time, against every rule. */
export function check(records: readonly HistoryRecord[], options: CheckOptions = {}): Report {
  const story = new Story(records)
  const settings = { deliveryMs: 1_000, barredMs: 0, keeps: () => undefined, ...options }
  const anomalies: Anomaly[] = []
  const found = new Map<string, number>()
  for (const rule of RULES)
    rule.check(
      story,
      (anomaly, message, ...evidence) => {
        const kind = `${rule.name} ${anomaly}`
        const before = found.get(kind) ?? 0
        found.set(kind, before + 1)
        if (before >= MAX_OF_A_KIND) return
        anomalies.push({ anomaly, rule: rule.name, message, records: evidence.filter((record) => record != null) })
      },
      settings,
    )
  return { anomalies, counts: count(story) }
}
