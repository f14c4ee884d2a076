import { expect, it } from 'vitest'
import { survey } from './survey.ts'

/**
 * What has to happen in a thousand seeds at least, or the simulation shows nothing: about a third of what does happen.
 */
const LEAST_IN_A_THOUSAND: Readonly<Record<string, number>> = {
  accepted: 25_000,
  unknown: 1_500,
  refused: 600,
  deliveries: 130_000,
  resumed: 1_800,
  recovered: 1_000,
  'fault cut': 600,
  'fault halfOpen': 450,
  'fault stall': 350,
  'fault slow': 450,
  'fault refuse': 90,
  'fault sleep': 190,
  'fault crash': 300,
  'fault stop': 100,
  'fault suspend': 100,
  'fault logAway': 100,
  'fault logMute': 90,
  'fault feedLoss': 140,
  'fault split': 100,
  'fault log_lost': 55,
  'gap epoch_changed': 150,
  'gap too_old': 40,
  'gap not_kept': 180,
  'network refused': 450,
  'network busDropped': 500,
  'wire resumedSessions': 500,
  'wire repeatedSends': 4_500,
  'slow behind': 35,
  'slow caughtUp': 350,
  'slow closedAsSlow': 7,
  'slow volatileConflated': 120,
  'nodes 1': 300,
  'nodes 2': 100,
  'nodes 3': 90,
}

/** Every promise holds in every one of these seeds, and enough happens in them. */
export function promisesHold(from: number, count: number): void {
  it(`every promise holds in the seeds from ${from} to ${from + count - 1}`, { timeout: 900_000 }, async () => {
    const { failures, totals } = await survey(from, count)
    console.log(totals)
    expect(failures).toEqual([])
    const scarce = Object.entries(LEAST_IN_A_THOUSAND).filter(
      ([name, least]) => (totals[name] ?? 0) < (least * count) / 1_000,
    )
    expect(scarce.map(([name, least]) => `${name}: ${totals[name] ?? 0}, at least ${(least * count) / 1_000}`)).toEqual(
      [],
    )
  })
}
