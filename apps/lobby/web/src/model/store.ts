import type { Undo } from '@rollcall/core'

/** A value that changes, and those who watch it: what `useSyncExternalStore` asks for. */
export class Store<T> {
  readonly #listeners = new Set<() => void>()
  #value: T

  constructor(value: T) {
    this.#value = value
  }

  readonly get = (): T => this.#value

  set(value: T): void {
    if (Object.is(value, this.#value)) return
    this.#value = value
    for (const listener of [...this.#listeners]) listener()
  }

  /** Changes some fields. */
  patch(fields: Partial<T>): void {
    this.set({ ...this.#value, ...fields })
  }

  readonly subscribe = (listener: () => void): Undo => {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }
}
