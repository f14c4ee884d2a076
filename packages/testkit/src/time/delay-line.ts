import type { Clock, Undo } from '@rollcall/core'

/** Does tasks later, in the order in which they came: none before the one before it, whatever a clock makes of timers. */
export class DelayLine {
  readonly #clock: Clock
  readonly #delayMs: () => number
  #waiting: { readonly at: number; readonly task: () => void }[] = []
  #last = Number.NEGATIVE_INFINITY
  #timer: Undo | null = null

  /** `delayMs` is asked for each task. */
  constructor(clock: Clock, delayMs: () => number) {
    this.#clock = clock
    this.#delayMs = delayMs
  }

  add(task: () => void): void {
    this.#last = Math.max(this.#last, this.#clock.now() + this.#delayMs())
    this.#waiting.push({ at: this.#last, task })
    this.#wait()
  }

  // One task a timer: on a manual clock promises take effect between two of them.
  #wait(): void {
    const [next] = this.#waiting
    if (!next || this.#timer) return
    this.#timer = this.#clock.after(Math.max(0, next.at - this.#clock.now()), () => {
      this.#timer = null
      const first = this.#waiting.shift()
      this.#wait()
      first?.task()
    })
  }

  /** What waits is not done. */
  clear(): void {
    this.#waiting = []
    this.#timer?.()
    this.#timer = null
  }
}
