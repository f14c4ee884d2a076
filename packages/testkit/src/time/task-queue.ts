/** A task that waits for its time. Undoing it leaves it where it is, without its task. */
export interface Scheduled {
  readonly at: number
  /** Breaks ties: what was scheduled first runs first. */
  readonly order: number
  task: (() => void) | null
}

/** Scheduled tasks, the earliest first: a binary heap. */
export class TaskQueue {
  readonly #heap: Scheduled[] = []

  get length(): number {
    return this.#heap.length
  }

  /** The earliest one that was not undone. */
  peek(): Scheduled | undefined {
    while (this.#heap[0]?.task === null) this.#removeFirst()
    return this.#heap[0]
  }

  /** Takes out the earliest one that was not undone. */
  take(): Scheduled | undefined {
    const first = this.peek()
    if (first) this.#removeFirst()
    return first
  }

  add(scheduled: Scheduled): void {
    const heap = this.#heap
    let at = heap.push(scheduled) - 1
    while (at > 0) {
      const parent = (at - 1) >> 1
      const above = heap[parent] as Scheduled
      if (!before(scheduled, above)) break
      heap[at] = above
      at = parent
    }
    heap[at] = scheduled
  }

  #removeFirst(): void {
    const heap = this.#heap
    const last = heap.pop()
    if (!last || heap.length === 0) return
    let at = 0
    for (;;) {
      let child = 2 * at + 1
      if (child >= heap.length) break
      if (child + 1 < heap.length && before(heap[child + 1] as Scheduled, heap[child] as Scheduled)) child++
      if (!before(heap[child] as Scheduled, last)) break
      heap[at] = heap[child] as Scheduled
      at = child
    }
    heap[at] = last
  }
}

function before(a: Scheduled, b: Scheduled): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order)
}
