/** A connection, as far as it may have to go for all others. */
export interface Burden {
  /** Bytes that wait for its peer to read them. */
  readonly waitingBytes: number
  /** Ends it at once: what waits for it is let go. It may come back. */
  shed(): void
}

// After some were closed, their buffers stay until the next collection: how many looks to wait.
const PATIENCE = 3

/** Closes connections that do not read, the slowest first, when all that waits together is too much for the process. */
export class Shedding {
  readonly #maxBytes: number
  readonly #leastBytes: number
  readonly #held: () => number
  #pause = 0

  /** `held` answers what buffers hold now; connections with fewer than `leastBytes` waiting are not slow, and are let be. */
  constructor(maxBytes: number, leastBytes: number, held: () => number) {
    this.#maxBytes = maxBytes
    this.#leastBytes = leastBytes
    this.#held = held
  }

  /** Looks, about once a second, and answers how many it closed. */
  look(all: Iterable<Burden>): number {
    if (this.#pause > 0) this.#pause--
    if (this.#pause > 0) return 0
    let excess = this.#held() - this.#maxBytes
    if (excess <= 0) return 0
    const slow = [...all].filter(({ waitingBytes }) => waitingBytes >= this.#leastBytes)
    slow.sort((a, b) => b.waitingBytes - a.waitingBytes)
    let closed = 0
    for (const connection of slow) {
      if (excess <= 0) break
      excess -= connection.waitingBytes
      connection.shed()
      closed++
    }
    if (closed > 0) this.#pause = PATIENCE
    return closed
  }
}
