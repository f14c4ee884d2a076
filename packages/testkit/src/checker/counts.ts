import type { GapReason } from '@rollcall/core'
import type { Story } from './story.ts'

/** A distribution, in milliseconds. */
export interface Latencies {
  readonly count: number
  readonly p50: number
  readonly p99: number
  readonly p999: number
  readonly max: number
}

/** How much of what a history has. */
export interface Counts {
  readonly records: number
  readonly sends: number
  readonly accepted: number
  readonly refused: number
  /** Sends whose outcome is unknown, or missing. */
  readonly unknown: number
  readonly deliveries: number
  readonly memberships: number
  /** Memberships that went on after an interruption, each time. */
  readonly resumed: number
  /** Of these, those that were followed by messages without a gap. */
  readonly recovered: number
  readonly gaps: Readonly<Partial<Record<GapReason, number>>>
  /** Faults that had an effect, by name. */
  readonly faults: Readonly<Record<string, number>>
  /** From sending to the acknowledgement. */
  readonly accepting: Latencies
  /** From sending to each delivery. */
  readonly delivering: Latencies
  /** The longest time in which sends were begun and none was accepted. */
  readonly longestOutageMs: number
}

/** Counts what there is in a history. */
export function count(story: Story): Counts {
  const outcomes = { accepted: 0, refused: 0, unknown: 0 }
  const accepting: number[] = []
  for (const { send, outcome } of story.sends.values()) {
    outcomes[outcome?.kind ?? 'unknown']++
    if (outcome?.kind === 'accepted') accepting.push(outcome.at - send.at)
  }
  const faults: Record<string, number> = {}
  for (const { fault, effect } of story.faults) if (effect > 0) faults[fault] = (faults[fault] ?? 0) + 1
  const { delivering, ...lives } = countLives(story)
  return {
    records: story.records.length,
    sends: story.sends.size,
    ...outcomes,
    memberships: story.memberships.size,
    ...lives,
    faults,
    accepting: latencies(accepting),
    delivering: latencies(delivering),
    longestOutageMs: longestOutage(story),
  }
}

function countLives(story: Story): {
  deliveries: number
  resumed: number
  recovered: number
  gaps: Partial<Record<GapReason, number>>
  delivering: number[]
} {
  const gaps: Partial<Record<GapReason, number>> = {}
  const delivering: number[] = []
  let deliveries = 0
  let resumed = 0
  let recovered = 0
  for (const { joined, episodes } of story.memberships.values()) {
    let back = false
    for (const record of episodes) {
      if (record.kind === 'resumed') {
        resumed++
        back = true
      } else if (record.kind === 'gap') {
        gaps[record.reason] = (gaps[record.reason] ?? 0) + 1
        back = false
      } else if (record.kind === 'deliver') {
        deliveries++
        const sent = story.sent(joined.topic, record.value)
        if (sent) delivering.push(record.at - sent.send.at)
        if (back && record.position) recovered++
        back = false
      }
    }
  }
  return { deliveries, resumed, recovered, gaps, delivering }
}

function latencies(values: number[]): Latencies {
  values.sort((a, b) => a - b)
  const at = (share: number) => values[Math.min(values.length - 1, Math.floor(values.length * share))] ?? 0
  return { count: values.length, p50: at(0.5), p99: at(0.99), p999: at(0.999), max: at(1) }
}

function longestOutage(story: Story): number {
  let longest = 0
  // Since when something waits and nothing was accepted.
  let since: number | null = null
  for (const { kind, at } of story.records) {
    if (kind === 'send') since ??= at
    if (kind === 'accepted') {
      if (since !== null) longest = Math.max(longest, at - since)
      since = null
    }
  }
  return longest
}
