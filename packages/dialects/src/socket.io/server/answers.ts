import type { Clock, Undo } from '@rollcall/core'

/** Who waits for a client's acknowledgement. One of the two is called, once. */
export interface Awaiting {
  answered(args: readonly unknown[]): void
  /** It did not come in time, or cannot come any more. */
  failed(error: Error): void
}

export const TIMED_OUT = 'operation has timed out'
export const DISCONNECTED = 'socket has been disconnected'

/** The acknowledgements that one socket's client still owes. */
export class Answers {
  readonly #clock: Clock
  readonly #owed = new Map<number, { readonly awaiting: Awaiting; readonly undo: Undo | null }>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  get size(): number {
    return this.#owed.size
  }

  /** `timeoutMs`: null waits until the socket is gone. */
  expect(id: number, awaiting: Awaiting, timeoutMs: number | null): void {
    const undo = timeoutMs === null ? null : this.#clock.after(timeoutMs, () => this.#fail(id, TIMED_OUT))
    this.#owed.set(id, { awaiting, undo })
  }

  /** Nobody waits for it any more. */
  forget(id: number): void {
    this.#take(id)
  }

  /** An acknowledgement came; one that nobody waits for is ignored. */
  settle(id: number, args: readonly unknown[]): void {
    this.#take(id)?.answered(args)
  }

  /** The socket is gone. */
  end(): void {
    for (const id of [...this.#owed.keys()]) this.#fail(id, DISCONNECTED)
  }

  #fail(id: number, message: string): void {
    this.#take(id)?.failed(new Error(message))
  }

  #take(id: number): Awaiting | undefined {
    const owed = this.#owed.get(id)
    this.#owed.delete(id)
    owed?.undo?.()
    return owed?.awaiting
  }
}
