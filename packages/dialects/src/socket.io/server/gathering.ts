import type { Clock, Undo } from '@rollcall/core'
import { type Awaiting, TIMED_OUT } from './answers.ts'
import type { Report } from './emitter.ts'

/** What a broadcast's acknowledgements came to: `error` if some are missing. */
export type Gathered = (error: Error | null, responses: unknown[]) => void

/** Calls an application's function; what it throws is reported, and goes no further. */
export function guarded(report: Report, done: Gathered): Gathered {
  return (error, responses) => {
    try {
      done(error, responses)
    } catch (thrown) {
      report('An acknowledgement failed', thrown)
    }
  }
}

/** Somebody who was asked. */
export interface Asked {
  expect(ack: number, awaiting: Awaiting, timeoutMs: null): void
  forget(ack: number): void
}

const LEFT = 'a client was disconnected before it answered'

/**
 * Collects the acknowledgements of everybody whom an event was sent to: one first argument a client, in the order in which
 * they come. It is over when all have answered, or as soon as nobody is left who could, or when the time is up.
 */
export class Gathering implements Awaiting {
  readonly #ack: number
  readonly #asked: readonly Asked[]
  readonly #done: Gathered
  readonly #responses: unknown[] = []
  readonly #undo: Undo | null
  #owed: number
  #lost = false
  #over = false

  constructor(ack: number, asked: readonly Asked[], timeoutMs: number | null, clock: Clock, done: Gathered) {
    this.#ack = ack
    this.#asked = asked
    this.#owed = asked.length
    this.#done = done
    this.#undo = timeoutMs === null ? null : clock.after(timeoutMs, () => this.#end(new Error(TIMED_OUT)))
    for (const each of asked) each.expect(ack, this, null)
    if (asked.length === 0) clock.soon(() => this.#end(null))
  }

  answered([first]: readonly unknown[]): void {
    this.#responses.push(first)
    this.#count()
  }

  failed(): void {
    this.#lost = true
    this.#count()
  }

  #count(): void {
    if (--this.#owed === 0) this.#end(this.#lost ? new Error(LEFT) : null)
  }

  #end(error: Error | null): void {
    if (this.#over) return
    this.#over = true
    this.#undo?.()
    for (const each of this.#asked) each.forget(this.#ack)
    this.#done(error, this.#responses)
  }
}
