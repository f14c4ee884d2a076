/** The most keys remembered of one topic; older ones are forgotten before their time. */
const MAX_KEYS = 65_536

/** The idempotency keys of a topic's newest messages, each with the offset that it was accepted at. */
export class Keys {
  readonly #windowMs: number
  readonly #places = new Map<string, { readonly offset: number; readonly at: number }>()

  constructor(windowMs: number) {
    this.#windowMs = windowMs
  }

  /** Remembers a key from `at` on. Those of a topic must come in the order of their messages. */
  add(key: string, offset: number, at: number): void {
    this.#forget(at)
    // Set anew, so that the order of the map stays that of time.
    this.#places.delete(key)
    this.#places.set(key, { offset, at })
  }

  /** The offset of the message that came with this key within the window. */
  offsetOf(key: string, now: number): number | undefined {
    const place = this.#places.get(key)
    return place && now - place.at < this.#windowMs ? place.offset : undefined
  }

  /** Puts keys before those that are remembered. */
  addBefore(earlier: readonly { readonly key: string; readonly offset: number; readonly at: number }[]): void {
    const later = [...this.#places]
    this.#places.clear()
    for (const { key, offset, at } of earlier) this.add(key, offset, at)
    for (const [key, { offset, at }] of later) this.add(key, offset, at)
  }

  clear(): void {
    this.#places.clear()
  }

  #forget(now: number): void {
    for (const [key, { at }] of this.#places) {
      if (now - at < this.#windowMs && this.#places.size < MAX_KEYS) return
      this.#places.delete(key)
    }
  }
}
