import type { Clock } from '@rollcall/core'

/** A connection, as far as it may have to go for all others. */
export interface Burden {
  /** Bytes that wait for its peer to read them. */
  readonly waitingBytes: number
  /** Ends it at once: what waits for it is let go. It may come back. */
  shed(): void
}

// Memory of those who were closed is free after the next collection: for so long it counts as free already.
const RELEASE_MS = 250

/** Closes connections that do not read, the slowest first, when all that waits together is too much for the process. */
export class Shedding {
  readonly #clock: Clock
  readonly #maxBytes: number
  readonly #leastBytes: number
  readonly #held: () => number
  #released: { readonly at: number; readonly bytes: number }[] = []
  // Bytes that were left waiting since the last look.
  #pressure = 0

  /** `held` answers what buffers hold now; connections with fewer than `leastBytes` waiting are not slow, and are let be. */
  constructor(clock: Clock, maxBytes: number, leastBytes: number, held: () => number) {
    this.#clock = clock
    this.#maxBytes = maxBytes
    this.#leastBytes = leastBytes
    this.#held = held
  }

  /** So many bytes more wait for somebody. Answers whether it is time to look. */
  pressed(bytes: number): boolean {
    this.#pressure += bytes
    return this.#pressure > this.#maxBytes / 8
  }

  /** Looks, from time to time and when pressed, and answers how many it closed. */
  look(all: Iterable<Burden>): number {
    this.#pressure = 0
    const now = this.#clock.now()
    this.#released = this.#released.filter(({ at }) => now - at < RELEASE_MS)
    let excess = this.#held() - this.#maxBytes
    for (const { bytes } of this.#released) excess -= bytes
    if (excess <= 0) return 0
    const slow = [...all].filter(({ waitingBytes }) => waitingBytes >= this.#leastBytes)
    slow.sort((a, b) => b.waitingBytes - a.waitingBytes)
    let closed = 0
    let bytes = 0
    for (const connection of slow) {
      if (bytes >= excess) break
      bytes += connection.waitingBytes
      connection.shed()
      closed++
    }
    if (closed > 0) this.#released.push({ at: now, bytes })
    return closed
  }
}
