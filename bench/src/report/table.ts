import { isOwn, systemOf } from '../catalogue.ts'
import { type Entry, limitOf, type Outcome } from '../contest.ts'
import { ratioOf, summarise } from '../stats/summary.ts'
import { comparableBy, figuresOf, judge, type Verdict, valuesOf } from '../verdict.ts'
import { format } from './format.ts'

/** A case's figures: a heading, then a row for each system that has any. */
export interface Table {
  readonly head: readonly string[]
  readonly rows: readonly (readonly string[])[]
}

export function tableOf(outcome: Outcome): Table {
  const { value, columns } = outcome.case
  const some = outcome.entries.some((entry) => entry.measures.some(({ perCore }) => perCore !== undefined))
  const head = ['', value.name, 'range', 'Rollcall is', ...(some ? ['per CPU second'] : [])]
  const names = columns.map(({ name }) => name)
  const rows = outcome.entries.filter(({ measures }) => measures.length > 0).map((entry) => rowOf(outcome, entry, some))
  return { head: [...head, ...names, 'server', 'generator', 'others', 'limit'], rows }
}

function rowOf(outcome: Outcome, entry: Entry, some: boolean): readonly string[] {
  const { value, columns } = outcome.case
  const { median, min, max } = summarise(valuesOf(entry, 'value'))
  const medianOf = (values: readonly number[]): number => (values.length > 0 ? summarise(values).median : Number.NaN)
  const load = (of: 'server' | 'generator' | 'others'): string =>
    format(100 * medianOf(entry.measures.map((measure) => measure.load[of])), 'percent')
  const perCore = format(medianOf(valuesOf(entry, 'perCore')), value.unit)
  return [
    systemOf(entry.system).title,
    format(median, value.unit),
    `${format(min, value.unit)} – ${format(max, value.unit)}`,
    comparison(outcome, entry),
    ...(some ? [perCore] : []),
    ...columns.map(({ name, unit }) => format(medianOf(figuresOf(outcome, entry, name)), unit)),
    load('server'),
    load('generator'),
    load('others'),
    limitsOf(entry),
  ]
}

/** How Rollcall compares with a peer: a ratio of what the case measures. */
function comparison(outcome: Outcome, entry: Entry): string {
  const own = outcome.entries.find(({ system }) => system === 'rollcall')
  if (!own || own === entry || (isOwn(entry.system) && outcome.case.better === 'less')) return ''
  const by = comparableBy([own, entry])
  const ratio = ratioOf(valuesOf(own, by), valuesOf(entry, by))
  return ratio ? format(ratio.median, 'ratio') : ''
}

function limitsOf({ measures }: Entry): string {
  const limits = new Set(measures.map(({ load }) => limitOf(load)))
  return [...limits].join(', ')
}

/** The table as text, columns aligned. */
function toText({ head, rows }: Table): string {
  const lines = [head, ...rows]
  const widths = head.map((_, column) => Math.max(...lines.map((line) => (line[column] ?? '').length)))
  const toLine = (line: readonly string[]): string =>
    line
      .map((cell, column) => (column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0)))
      .join('  ')
      .trimEnd()
  return lines.map(toLine).join('\n')
}

/** The table as Markdown. */
export function toMarkdown({ head, rows }: Table): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`
  return [line(head), line(head.map((_, column) => (column === 0 ? '---' : '--:'))), ...rows.map(line)].join('\n')
}

/** An aim and what came of it, in one line. */
export function verdictLine({ aim, got, met, by }: Verdict): string {
  const mark = met === null ? 'not measured' : met ? 'met' : 'MISSED'
  if (!got) return `${mark}: ${aim}`
  const range = got.min === got.max ? '' : ` (${figure(got.min)} – ${figure(got.max)})`
  const note = by === 'perCore' ? ', by processor time: a generator was the limit' : ''
  return `${mark}: ${aim}; got ${figure(got.median)}${range}${note}`
}

function figure(value: number): string {
  return format(value, 'number')
}

/** Everything about a case, for the terminal. */
export function outcomeText(outcome: Outcome): string {
  const failures = outcome.entries.filter(({ failure }) => failure !== null)
  return [
    outcome.case.title,
    toText(tableOf(outcome)),
    ...failures.map(({ system, failure }) => `${systemOf(system).title}: ${failure}`),
    ...judge(outcome).map((verdict) => `  ${verdictLine(verdict)}`),
  ].join('\n')
}
