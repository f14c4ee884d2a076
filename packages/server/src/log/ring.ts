/** A queue over a circular array: push at the end, shift at the front, and any item by its place, all in constant time. */
export class Ring<T> {
  private slots: (T | undefined)[] = new Array<T | undefined>(4).fill(undefined)
  private head = 0
  private count = 0

  get length(): number {
    return this.count
  }

  /** The item at `index`, counted from the oldest; undefined outside of the queue. */
  at(index: number): T | undefined {
    if (index < 0 || index >= this.count) return undefined
    return this.slots[(this.head + index) & (this.slots.length - 1)]
  }

  push(item: T): void {
    if (this.count === this.slots.length) this.resize(this.count * 2)
    this.slots[(this.head + this.count++) & (this.slots.length - 1)] = item
  }

  shift(): T | undefined {
    if (this.count === 0) return undefined
    const item = this.slots[this.head]
    this.slots[this.head] = undefined
    this.head = (this.head + 1) & (this.slots.length - 1)
    this.count--
    // A quarter, not a half: a queue that rises and falls by one at the edge must not be copied each time.
    if (this.slots.length > 4 && this.count <= this.slots.length >> 2) this.resize(this.slots.length >> 1)
    return item
  }

  private resize(size: number): void {
    const slots = new Array<T | undefined>(size).fill(undefined)
    for (let i = 0; i < this.count; i++) slots[i] = this.slots[(this.head + i) & (this.slots.length - 1)]
    this.slots = slots
    this.head = 0
  }
}
