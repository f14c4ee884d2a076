import type { Bucket } from './bucket.ts'

/** A token bucket for each key, such as an address or a user, made when it is first asked for. Bounded, whoever comes. */
export class Buckets<B extends Bucket = Bucket> {
  readonly #make: (now: number) => B
  readonly #max: number
  readonly #buckets = new Map<string, B>()

  /** Keeps `max` keys; the one seen first is forgotten first. */
  constructor(make: (now: number) => B, max = 10_000) {
    this.#make = make
    this.#max = max
  }

  of(key: string, now: number): B {
    let bucket = this.#buckets.get(key)
    if (bucket) return bucket
    bucket = this.#make(now)
    const [oldest] = this.#buckets.keys()
    if (oldest !== undefined && this.#buckets.size >= this.#max) this.#buckets.delete(oldest)
    this.#buckets.set(key, bucket)
    return bucket
  }
}
