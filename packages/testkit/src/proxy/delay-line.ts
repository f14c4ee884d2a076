/** Does tasks later, in the order in which they came: never one before the one before it. */
export class DelayLine {
  readonly #delayMs: () => number
  #waiting: { readonly at: number; readonly task: () => void }[] = []
  #last = 0
  #timer: NodeJS.Timeout | null = null

  constructor(delayMs: () => number) {
    this.#delayMs = delayMs
  }

  add(task: () => void): void {
    const now = performance.now()
    this.#last = Math.max(this.#last, now + this.#delayMs())
    if (this.#waiting.length === 0 && this.#last <= now) task()
    else {
      this.#waiting.push({ at: this.#last, task })
      this.#wait()
    }
  }

  #wait(): void {
    const [next] = this.#waiting
    if (!next || this.#timer) return
    this.#timer = setTimeout(() => {
      this.#timer = null
      this.#run()
    }, next.at - performance.now())
  }

  #run(): void {
    const now = performance.now()
    let due = 0
    while (due < this.#waiting.length && (this.#waiting[due]?.at ?? 0) <= now) due++
    for (const { task } of this.#waiting.splice(0, due)) task()
    this.#wait()
  }

  clear(): void {
    this.#waiting = []
    if (this.#timer) clearTimeout(this.#timer)
    this.#timer = null
  }
}
