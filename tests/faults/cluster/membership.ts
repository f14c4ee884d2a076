import type { GapReason, Position } from '@rollcall/core'
import type { History } from '@rollcall/testkit'

/** The doings of a client that is not ours, as the history has them. */
export class Membership {
  readonly #history: History
  readonly #user: string
  readonly #topic: string
  #lives = 0
  #interrupted = false
  /** The last message delivered, or where it began. */
  position: Position | null = null

  constructor(history: History, user: string, topic: string) {
    this.#history = history
    this.#user = user
    this.#topic = topic
  }

  get #who(): string {
    return `${this.#user}#${this.#lives}`
  }

  /** It is in, and goes on where it was; the first time that is `after`. */
  entered(after: Position | null): void {
    if (this.#lives > 0) return this.#goesOn()
    this.#begin(after)
  }

  /** It is in again, and has not got everything. What it got before and after are memberships of their own. */
  enteredAnew(after: Position | null): void {
    if (this.#lives > 0) this.#history.add({ kind: 'lost', who: this.#who, topic: this.#topic })
    this.#begin(after)
  }

  #begin(after: Position | null): void {
    this.#lives++
    this.#interrupted = false
    this.position = after
    this.#history.add({ kind: 'joined', who: this.#who, topic: this.#topic, user: this.#user, after })
  }

  #goesOn(): void {
    if (this.#interrupted) this.#history.add({ kind: 'resumed', who: this.#who, topic: this.#topic })
    this.#interrupted = false
  }

  interrupted(): void {
    if (this.#lives === 0 || this.#interrupted) return
    this.#interrupted = true
    this.#history.add({ kind: 'interrupted', who: this.#who, topic: this.#topic })
  }

  gap(reason: GapReason, position: Position): void {
    this.position = position
    this.#history.add({ kind: 'gap', who: this.#who, topic: this.#topic, reason, position })
  }

  delivered(value: string, position: Position | null): void {
    if (position) this.position = position
    this.#history.add({ kind: 'deliver', who: this.#who, topic: this.#topic, value, position })
  }

  left(): void {
    if (this.#lives > 0) this.#history.add({ kind: 'left', who: this.#who, topic: this.#topic })
  }

  /** Records a send and what `ask` says became of it. */
  async send(value: string, ask: () => Promise<{ readonly kind: Outcome; readonly position?: Position | null }>) {
    this.#history.add({ kind: 'send', by: this.#user, topic: this.#topic, value })
    const { kind, position = null } = await ask()
    this.#history.add({ kind, topic: this.#topic, value, ...(kind === 'accepted' && { position }) })
  }
}

type Outcome = 'accepted' | 'refused' | 'unknown'
