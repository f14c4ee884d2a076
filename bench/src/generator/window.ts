import type { Load, Meter } from '../machine/meter.ts'
import type { HistogramJson } from '../stats/histogram.ts'
import type { Score } from './room.ts'

/** When a drive measures. */
export interface WindowPlan {
  readonly warmupMs: number
  readonly measureMs: number
}

/** What a drive has measured. */
export interface WindowReport {
  readonly ms: number
  readonly messages: number
  readonly deliveries: number
  readonly latency: HistogramJson
  readonly last: HistogramJson
  readonly load: Load
}

/** Lets a drive that is under way warm up, then measures it. */
export async function measure(score: Score, meter: Meter, { warmupMs, measureMs }: WindowPlan): Promise<WindowReport> {
  await elapse(warmupMs)
  meter.begin()
  score.begin()
  const startedAt = performance.now()
  await elapse(measureMs)
  const load = meter.end()
  return {
    ms: performance.now() - startedAt,
    messages: score.messages,
    deliveries: score.deliveries,
    latency: score.latency.toJSON(),
    last: score.last.toJSON(),
    load,
  }
}

export function elapse(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}

/** Waits for a condition; false if it has not come true in time. */
export async function waitFor(condition: () => boolean, timeoutMs: number): Promise<boolean> {
  const deadline = performance.now() + timeoutMs
  while (!condition()) {
    if (performance.now() > deadline) return false
    await elapse(5)
  }
  return true
}
