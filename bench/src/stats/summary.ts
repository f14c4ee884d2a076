/** What repeated runs of one thing came to. */
export interface Summary {
  readonly median: number
  readonly min: number
  readonly max: number
}

/** @throws RangeError without values. */
export function summarise(values: readonly number[]): Summary {
  if (values.length === 0) throw new RangeError('Cannot summarise nothing')
  const sorted = [...values].sort((a, b) => a - b)
  const at = (index: number): number => sorted[index] ?? 0
  const half = sorted.length >> 1
  const median = sorted.length % 2 === 1 ? at(half) : (at(half - 1) + at(half)) / 2
  return { median, min: at(0), max: at(sorted.length - 1) }
}

/**
 * How one system compares with another: the ratio of each round's pair, since both ran within the same minute on the same
 * machine. Rounds that one of them lacks are left out; null if none is left.
 */
export function ratioOf(own: readonly number[], other: readonly number[]): Summary | null {
  const ratios: number[] = []
  for (let round = 0; round < Math.min(own.length, other.length); round++) {
    const divisor = other[round] ?? 0
    if (divisor > 0) ratios.push((own[round] ?? 0) / divisor)
  }
  return ratios.length > 0 ? summarise(ratios) : null
}

/** The slope of the least-squares line through points `[x, y]`; 0 for fewer than two. */
export function slope(points: readonly (readonly [number, number])[]): number {
  const n = points.length
  if (n < 2) return 0
  let [sumX, sumY, sumXY, sumXX] = [0, 0, 0, 0]
  for (const [x, y] of points) {
    sumX += x
    sumY += y
    sumXY += x * y
    sumXX += x * x
  }
  const spread = n * sumXX - sumX * sumX
  return spread === 0 ? 0 : (n * sumXY - sumX * sumY) / spread
}
