import type { Undo } from '@rollcall/core'
import { throwLater } from './ambient.ts'

/** Functions to be called. One that throws does not keep the others from being called. */
export class Listeners<A extends readonly unknown[]> {
  // One record a listener, so that the same function twice is two listeners.
  readonly #all = new Set<{ readonly listen: (...values: A) => void }>()

  get size(): number {
    return this.#all.size
  }

  add(listen: (...values: A) => void): Undo {
    const entry = { listen }
    this.#all.add(entry)
    return () => {
      this.#all.delete(entry)
    }
  }

  clear(): void {
    this.#all.clear()
  }

  call(...values: A): void {
    for (const entry of [...this.#all]) {
      try {
        // One that was called before it may have undone it.
        if (this.#all.has(entry)) entry.listen(...values)
      } catch (error) {
        throwLater(error)
      }
    }
  }
}
