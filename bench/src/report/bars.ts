import { isOwn, systemOf } from '../catalogue.ts'
import type { Outcome } from '../contest.ts'
import { summarise } from '../stats/summary.ts'
import { valuesOf } from '../verdict.ts'
import { format } from './format.ts'
import { colourOf, label, line, round, svg, WIDTH } from './svg.ts'

const [TOP, ROW, LEFT, RIGHT] = [48, 34, 190, 110]

/** A bar for each system: its median, and a whisker from the least to the most. */
export function barPlot({ case: of, entries }: Outcome): string {
  const measured = entries.filter(({ measures }) => measures.length > 0)
  const summaries = measured.map((entry) => summarise(valuesOf(entry, 'value')))
  const most = Math.max(...summaries.map(({ max }) => max), Number.MIN_VALUE)
  const x = (value: number): number => LEFT + (Math.max(0, value) / most) * (WIDTH - LEFT - RIGHT)
  const rows = measured.map(({ system }, row) => {
    const { median, min, max } = summaries[row] ?? { median: 0, min: 0, max: 0 }
    const y = TOP + row * ROW
    const middle = y + 11
    const fill = isOwn(system) ? colourOf(0) : colourOf(1)
    return [
      label(LEFT - 8, y + 16, systemOf(system).title, 'end'),
      `<rect x="${LEFT}" y="${y}" width="${round(Math.max(1, x(median) - LEFT))}" height="22" rx="3" fill="${fill}"/>`,
      line(x(min), middle, x(max), middle, 'class="whisker" stroke-width="1.5"'),
      label(x(max) + 8, y + 16, format(median, of.value.unit), 'start'),
    ].join('')
  })
  const better = of.better === 'more' ? 'more is better' : 'less is better'
  return svg(TOP + measured.length * ROW + 12, of.title, [
    label(12, 20, of.title, 'start', 'title'),
    label(12, 38, `${of.value.name}; ${better}`, 'start'),
    ...rows,
  ])
}
