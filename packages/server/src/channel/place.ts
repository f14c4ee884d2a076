/**
 * A send's place among the other sends of its member. It is taken when the handler begins to emit, or has ended: then the
 * next send may start, and cannot overtake this one.
 */
export class Place {
  taken = false
  #waiting: (() => void) | null = null

  take(): void {
    this.taken = true
    this.#waiting?.()
    this.#waiting = null
  }

  /** Resolves when the place is taken. Called once. */
  wait(): Promise<void> {
    if (this.taken) return Promise.resolve()
    return new Promise((resolve) => {
      this.#waiting = resolve
    })
  }
}

/** For what has no place to keep. */
export const NOWHERE: Place = new Place()
