import type { Answer, BodyFault, Exchange } from '../../../src/transport/long-poll/exchange.ts'

/** A request by hand: remembers its answer, and whether that has left is the test's to say. */
export class HandExchange implements Exchange {
  readonly method: string
  readonly url: URL
  given: Answer | null = null
  destroyed = false
  #left: () => void = () => {}
  readonly #gone: (() => void)[] = []

  constructor(target = '/', method = 'GET') {
    this.method = method
    this.url = new URL(target, 'http://host')
  }

  header(): undefined {
    return undefined
  }

  answer(answer: Answer, left: () => void = () => {}): void {
    if (this.given || this.destroyed) return
    this.given = answer
    this.#left = left
  }

  destroy(): void {
    this.destroyed = true
  }

  onGone(task: () => void): void {
    this.#gone.push(task)
  }

  readBody(_: object, done: (body: Uint8Array | BodyFault) => void): void {
    done(new Uint8Array())
  }

  /** The answer is on its way. */
  leave(): void {
    this.#left()
  }

  /** The client goes away. */
  go(): void {
    for (const task of this.#gone) task()
  }
}
