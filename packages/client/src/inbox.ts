import type { RollcallError } from '@rollcall/core'
import { failed } from './failed.ts'

/** Values on their way to one `for await`: they wait for the reader, up to a bound, beyond which the reader is told. */
export class Inbox<T> implements AsyncIterableIterator<T> {
  readonly #limit: number
  readonly #release: () => void
  readonly #values: T[] = []
  /** Calls of `next` that wait for a value or the end. */
  readonly #readers: (() => void)[] = []
  #ended = false
  #error: RollcallError | null = null

  /** `release` is called once, when nothing more is wanted. */
  constructor(limit: number, release: () => void) {
    this.#limit = limit
    this.#release = release
  }

  push(value: T): void {
    if (this.#values.length >= this.#limit) this.end(failed('overflow', `${this.#limit} messages wait for the reader`))
    if (this.#ended) return
    this.#values.push(value)
    this.#readers.shift()?.()
  }

  /** No more values. What waits is still read, then the error, if there is one. */
  end(error: RollcallError | null): void {
    if (this.#ended) return
    this.#ended = true
    this.#error = error
    this.#release()
    for (const read of this.#readers) read()
  }

  next(): Promise<IteratorResult<T>> {
    return new Promise((resolve, reject) => {
      const read = () => {
        const error = this.#error
        if (this.#values.length > 0) resolve({ value: this.#values.shift() as T, done: false })
        else {
          // Told once; after that the iteration is over.
          this.#error = null
          if (error) reject(error)
          else resolve({ value: undefined, done: true })
        }
      }
      if (this.#ended || this.#values.length > 0) read()
      else this.#readers.push(read)
    })
  }

  return(): Promise<IteratorResult<T>> {
    this.end(null)
    this.#values.length = 0
    this.#error = null
    return this.next()
  }

  [Symbol.asyncIterator](): this {
    return this
  }
}
