import { Ring } from './ring.ts'

/** Where the message of an idempotency key stands, and since when the key is known. */
export interface SeenKey {
  readonly key: string
  readonly offset: number
  readonly since: number
}

/**
 * Idempotency keys, for who writes a `Log`: each for `windowMs`, and the newest `max` of them. Their order of age is kept in a
 * queue of its own: finding the oldest key of a `Map` by its iterator walks over all that were deleted before it (with
 * 100,000 keys that was 100 µs an append).
 */
export class KeyWindow {
  private readonly windowMs: number
  private readonly max: number
  private readonly known: Map<string, SeenKey> = new Map()
  private readonly order: Ring<SeenKey> = new Ring()

  constructor(windowMs: number, max: number) {
    this.windowMs = windowMs
    this.max = max
  }

  get size(): number {
    return this.known.size
  }

  find(key: string, now: number): SeenKey | undefined {
    const seen = this.known.get(key)
    return seen && now - seen.since < this.windowMs ? seen : undefined
  }

  /** Remembers a key; answers how many were forgotten for it, the oldest first. */
  add(seen: SeenKey): number {
    this.known.set(seen.key, seen)
    this.order.push(seen)
    if (this.order.length <= this.max) return 0
    this.dropOldest()
    return 1
  }

  /** Forgets what is older than the window; answers how many that were, the oldest first. */
  expire(now: number): number {
    for (let dropped = 0; ; dropped++) {
      const oldest = this.order.at(0)
      if (!oldest || now - oldest.since < this.windowMs) return dropped
      this.dropOldest()
    }
  }

  private dropOldest(): void {
    const oldest = this.order.shift()
    // The key may have been given again after its time.
    if (oldest && this.known.get(oldest.key) === oldest) this.known.delete(oldest.key)
  }
}
