import type { Clock, Undo } from '@rollcall/core'

/** Who has not typed for this long is not typing, in milliseconds. */
const TYPING_MS = 4_000

/** Whether somebody is at the keys. `changed` hears of it when it begins and when it ends. */
export class Typing {
  readonly #clock: Clock
  readonly #changed: () => void
  #on = false
  #end: Undo = () => {}

  constructor(clock: Clock, changed: () => void) {
    this.#clock = clock
    this.#changed = changed
  }

  get on(): boolean {
    return this.#on
  }

  /** A key was pressed. */
  press(): void {
    this.#end()
    this.#end = this.#clock.after(TYPING_MS, () => this.stop())
    this.#turn(true)
  }

  /** It is said, or let be. */
  stop(): void {
    this.#end()
    this.#turn(false)
  }

  #turn(on: boolean): void {
    if (on === this.#on) return
    this.#on = on
    this.#changed()
  }
}
