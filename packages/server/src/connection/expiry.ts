import type { Clock, Undo } from '@rollcall/core'

/** Lets items expire after one and the same time: a queue with one timer, however many wait. */
export class Expiry<T> {
  readonly #clock: Clock
  readonly #ms: number
  readonly #expire: (item: T) => void
  #queue: { readonly item: T; readonly at: number }[] = []
  #timer: Undo | null = null

  constructor(clock: Clock, ms: number, expire: (item: T) => void) {
    this.#clock = clock
    this.#ms = ms
    this.#expire = expire
  }

  /** The item expires in the fixed time. There is no taking back: `expire` must look whether it still matters. */
  add(item: T): void {
    this.#queue.push({ item, at: this.#clock.now() + this.#ms })
    this.#timer ??= this.#clock.after(this.#ms, () => this.#run())
  }

  #run(): void {
    this.#timer = null
    const now = this.#clock.now()
    let count = 0
    for (const { at } of this.#queue) {
      if (at > now) break
      count++
    }
    const due = this.#queue.slice(0, count)
    this.#queue = this.#queue.slice(count)
    const [next] = this.#queue
    if (next) this.#timer = this.#clock.after(next.at - now, () => this.#run())
    for (const { item } of due) this.#expire(item)
  }

  close(): void {
    this.#timer?.()
    this.#timer = null
    this.#queue = []
  }
}
