import type { Load } from './machine/meter.ts'
import type { HistogramJson } from './stats/histogram.ts'
import type { Trial } from './trial.ts'

/** How a figure is written. */
export type Unit = 'per second' | 'bytes' | 'ms' | 'ratio' | 'number' | 'percent'

/** What one trial of one system has shown. */
export interface Measure {
  /** The case's own figure. */
  readonly value: number
  /** The same for each second of the server's processor, where that makes sense. */
  readonly perCore?: number
  /** Further columns, as the case names them. */
  readonly figures: Readonly<Record<string, number>>
  readonly load: Load
  /** For the plots: of each receiver, in microseconds. */
  readonly latency?: HistogramJson
}

/** What Rollcall is meant to reach. */
export type Aim =
  /** Times another system's figure, in the same run. */
  | { readonly kind: 'ratio'; readonly of: string; readonly against: string; readonly atLeast: number }
  | { readonly kind: 'at most'; readonly of: string; readonly figure: string; readonly bound: number }
  | { readonly kind: 'at least'; readonly of: string; readonly figure: string; readonly bound: number }

interface Column {
  readonly name: string
  readonly unit: Unit
}

/** One thing that is measured, of several systems. */
export interface Case {
  readonly name: string
  readonly title: string
  readonly value: Column
  readonly better: 'more' | 'less'
  readonly columns: readonly Column[]
  /** `'one'` for what takes so long that repeating it in the same run is too much. */
  readonly rounds: 'as asked' | 'one'
  /** Who takes part unless asked otherwise. Names that begin with `rollcall` always do. */
  readonly systems: readonly string[]
  readonly aims: readonly Aim[]
  trial(trial: Trial): Promise<Measure>
}

export interface Scenario {
  readonly name: string
  readonly about: string
  readonly cases: readonly Case[]
}

/** All trials of one system in one case, or why there are none. */
export interface Entry {
  readonly system: string
  readonly measures: readonly Measure[]
  readonly failure: string | null
  readonly versions: Readonly<Record<string, string>>
}

/** A case with what came of it. */
export interface Outcome {
  readonly scenario: string
  readonly case: Case
  readonly entries: readonly Entry[]
}

/** Who set the pace: the server if its core was full; the generator if its own was, and the figure is then too low. */
export type Limit = 'server' | 'both' | 'generator' | 'neither' | 'unknown'

export function limitOf({ server, generator }: Load): Limit {
  if (Number.isNaN(server)) return 'unknown'
  if (server >= 0.9) return generator >= 0.95 ? 'both' : 'server'
  return generator >= 0.85 ? 'generator' : 'neither'
}
