// Buckets in the manner of HdrHistogram: below 128 every value has its own, above that each power of two is cut into 64,
// so a quantile is off by at most 1.6 %.
const FINE = 64
const BUCKETS = FINE * 27

/** A histogram as it crosses a process boundary: the largest value, then bucket and count by turns. */
export interface HistogramJson {
  readonly max: number
  readonly counts: readonly number[]
}

/** Durations in whole microseconds, up to half an hour. */
export class Histogram {
  readonly #counts = new Float64Array(BUCKETS)
  #count = 0
  #max = 0

  get count(): number {
    return this.#count
  }

  get max(): number {
    return this.#max
  }

  record(micros: number, times: number = 1): void {
    const value = micros < 0 ? 0 : micros > 0x7fffffff ? 0x7fffffff : micros | 0
    const shift = value < 128 ? 0 : 25 - Math.clz32(value)
    const bucket = FINE * shift + (value >> shift)
    this.#counts[bucket] = (this.#counts[bucket] ?? 0) + times
    this.#count += times
    if (value > this.#max) this.#max = value
  }

  /** The value that the share `q` of all records does not exceed; 0 without records. */
  quantile(q: number): number {
    const rank = Math.max(1, Math.ceil(q * this.#count))
    let seen = 0
    for (let bucket = 0; bucket < BUCKETS; bucket++) {
      seen += this.#counts[bucket] ?? 0
      if (seen >= rank && this.#count > 0) return Math.min(middle(bucket), this.#max)
    }
    return 0
  }

  /** The median and what one in a hundred exceeds, in milliseconds. */
  percentiles(): { readonly p50: number; readonly p99: number } {
    return { p50: this.quantile(0.5) / 1000, p99: this.quantile(0.99) / 1000 }
  }

  add(other: Histogram): void {
    for (let bucket = 0; bucket < BUCKETS; bucket++)
      this.#counts[bucket] = (this.#counts[bucket] ?? 0) + (other.#counts[bucket] ?? 0)
    this.#count += other.#count
    this.#max = Math.max(this.#max, other.#max)
  }

  clear(): void {
    this.#counts.fill(0)
    this.#count = 0
    this.#max = 0
  }

  toJSON(): HistogramJson {
    const counts: number[] = []
    for (let bucket = 0; bucket < BUCKETS; bucket++) {
      const count = this.#counts[bucket] ?? 0
      if (count > 0) counts.push(bucket, count)
    }
    return { max: this.#max, counts }
  }

  static from({ max, counts }: HistogramJson): Histogram {
    const histogram = new Histogram()
    for (let i = 0; i + 1 < counts.length; i += 2) {
      const count = counts[i + 1] ?? 0
      histogram.#counts[counts[i] ?? 0] = count
      histogram.#count += count
    }
    histogram.#max = max
    return histogram
  }
}

function middle(bucket: number): number {
  const shift = bucket < 128 ? 0 : Math.floor(bucket / FINE) - 1
  const low = (bucket - FINE * shift) * 2 ** shift
  return low + Math.floor(2 ** shift / 2)
}
