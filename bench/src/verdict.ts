import { systemOf } from './catalogue.ts'
import { type Aim, type Entry, limitOf, type Measure, type Outcome } from './contest.ts'
import { ratioOf, type Summary, summarise } from './stats/summary.ts'

/** What came of an aim. */
export interface Verdict {
  readonly aim: string
  /** Null where there is nothing to judge by. */
  readonly got: Summary | null
  readonly met: boolean | null
  /** By the figure itself, or, since a generator could not keep up, by the server's processor time. */
  readonly by: 'value' | 'perCore'
}

/** The values of an entry, round by round. */
export function valuesOf(entry: Entry, by: 'value' | 'perCore'): number[] {
  return entry.measures.map((measure) => (by === 'perCore' ? (measure.perCore ?? measure.value) : measure.value))
}

/** Whether figures must be compared by processor time: one of them was held back by the generator. */
export function comparableBy(entries: readonly Entry[]): 'value' | 'perCore' {
  const measures = entries.flatMap((entry) => entry.measures)
  const held = measures.some((measure) => limitOf(measure.load) === 'generator')
  return held && measures.every(hasPerCore) ? 'perCore' : 'value'
}

function hasPerCore({ perCore }: Measure): boolean {
  return perCore !== undefined && Number.isFinite(perCore)
}

/** Figures of an entry by column name, round by round; the case's own figure goes by its name, too. */
export function figuresOf(outcome: Outcome, entry: Entry, name: string): number[] {
  if (name === outcome.case.value.name) return valuesOf(entry, 'value')
  return entry.measures.flatMap((measure) => measure.figures[name] ?? [])
}

/** Judges a case by its aims. */
export function judge(outcome: Outcome): Verdict[] {
  return outcome.case.aims.flatMap((aim) => judgeAim(outcome, aim) ?? [])
}

function judgeAim(outcome: Outcome, aim: Aim): Verdict | null {
  const find = (name: string): Entry | null =>
    outcome.entries.find(({ system, measures }) => system === name && measures.length > 0) ?? null
  const own = find(aim.of)
  const of = systemOf(aim.of).title
  if (aim.kind === 'ratio') {
    const other = find(aim.against)
    // Nobody asked for that system today.
    if (!outcome.entries.some(({ system }) => system === aim.against)) return null
    const name = `${of} at least ${aim.atLeast} × ${systemOf(aim.against).title}`
    if (!own || !other) return { aim: name, got: null, met: null, by: 'value' }
    const by = comparableBy([own, other])
    const got = ratioOf(valuesOf(own, by), valuesOf(other, by))
    return { aim: name, got, met: got && got.median >= aim.atLeast, by }
  }
  const name = `${of}: ${aim.figure} ${aim.kind} ${aim.bound.toLocaleString('en')}`
  const figures = (own ? figuresOf(outcome, own, aim.figure) : []).filter(Number.isFinite)
  if (figures.length === 0) return { aim: name, got: null, met: null, by: 'value' }
  const got = summarise(figures)
  return {
    aim: name,
    got,
    met: aim.kind === 'at most' ? got.median <= aim.bound : got.median >= aim.bound,
    by: 'value',
  }
}
