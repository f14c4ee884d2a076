import { isOwn, systemOf } from '../catalogue.ts'
import type { Outcome } from '../contest.ts'
import { Histogram } from '../stats/histogram.ts'
import { format } from './format.ts'
import { colourOf, label, line, round, svg, WIDTH } from './svg.ts'

const [TOP, BOTTOM, LEFT, RIGHT, HEIGHT] = [48, 40, 70, 190, 340]
const MARKS = [0, 0.5, 0.9, 0.99, 0.999, 0.9999] as const

/** Latency by percentile, both axes logarithmic; null if the case has none. */
export function percentilePlot({ case: of, entries }: Outcome): string | null {
  const curves = entries.flatMap(({ system, measures }) => {
    const whole = new Histogram()
    for (const { latency } of measures) if (latency) whole.add(Histogram.from(latency))
    return whole.count > 0 ? [{ system, whole }] : []
  })
  if (curves.length === 0) return null
  const all = curves.flatMap(({ whole }) => [whole.quantile(0.01), whole.quantile(0.9999)]).map((v) => Math.max(v, 10))
  const [low, high] = [Math.floor(Math.log10(Math.min(...all))), Math.ceil(Math.log10(Math.max(...all)))]
  // 1 / (1 - q), so that each nine is as wide as the one before.
  const x = (q: number): number => LEFT + (-Math.log10(1 - q) / 4) * (WIDTH - LEFT - RIGHT)
  const y = (micros: number): number => {
    const share = (Math.log10(Math.max(micros, 10)) - low) / Math.max(1, high - low)
    return HEIGHT - BOTTOM - share * (HEIGHT - TOP - BOTTOM)
  }
  const decades = Array.from({ length: high - low + 1 }, (_, i) => 10 ** (low + i))
  const peers = curves.filter(({ system }) => !isOwn(system)).map(({ system }) => system)
  const lines = curves.map(({ system, whole }, row) => {
    const steps = Array.from({ length: 81 }, (_, i) => 1 - 10 ** (-i / 20))
    const points = steps.map((q) => `${round(x(q))},${round(y(whole.quantile(Math.max(q, 0.01))))}`)
    const colour = colourOf(system === 'rollcall' ? 0 : 1 + Math.max(0, peers.indexOf(system)))
    const at = TOP + 14 + row * 20
    return [
      `<polyline points="${points.join(' ')}" fill="none" stroke="${colour}" stroke-width="2"/>`,
      line(WIDTH - RIGHT + 12, at - 4, WIDTH - RIGHT + 32, at - 4, `stroke="${colour}" stroke-width="3"`),
      label(WIDTH - RIGHT + 38, at, systemOf(system).title, 'start'),
    ].join('')
  })
  return svg(HEIGHT, `${of.title}: latency`, [
    label(12, 20, of.title, 'start', 'title'),
    label(12, 38, 'latency by percentile, every receiver', 'start'),
    ...decades.map((micros) =>
      [
        line(LEFT, y(micros), WIDTH - RIGHT, y(micros), 'class="axis"'),
        label(LEFT - 8, y(micros) + 4, format(micros / 1000, 'ms'), 'end'),
      ].join(''),
    ),
    ...MARKS.map((q) => label(x(q), HEIGHT - BOTTOM + 20, q === 0 ? 'all' : `${q * 100} %`, 'middle')),
    ...lines,
  ])
}
