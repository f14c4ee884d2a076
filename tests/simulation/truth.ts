import type { Clock } from '@rollcall/core'
import type { History } from '@rollcall/testkit'

/**
 * What those who test know of presence: which keys must be shown without a break, since nothing has happened yet that
 * lets them leave. A key that was excused once stays excused: nobody can tell when the last news of its leave arrives.
 */
export class Truth {
  readonly #history: History
  readonly #present = new Set<string>()
  readonly #excused = new Set<string>()
  readonly #shaky = new Map<string, number>()
  #over = false

  constructor(history: History) {
    this.#history = history
  }

  /** The key was let in, and is seen. */
  shown(topic: string, key: string): void {
    const name = `${topic}\n${key}`
    if (this.#over || this.#excused.has(name) || this.#present.has(name)) return
    this.#present.add(name)
    this.#history.add({ kind: 'present', topic, key })
  }

  /** The key may be gone from now on. */
  excuse(topic: string, key: string): void {
    const name = `${topic}\n${key}`
    this.#excused.add(name)
    if (this.#present.delete(name)) this.#history.add({ kind: 'excused', topic, key })
  }

  /** From now on nothing can be told for the rest of the run: nodes do not hear each other. */
  giveUp(): void {
    this.excuseAll()
    this.#over = true
  }

  excuseAll(): void {
    for (const name of [...this.#present]) {
      const [topic = '', key = ''] = name.split('\n')
      this.excuse(topic, key)
    }
  }

  /** Something happened to a client that may cost it its connection: `excuse` is called unless it is well in time. */
  shaky(client: string, clock: Clock, graceMs: number, excuse: () => void): void {
    if (this.#shaky.has(client)) return
    const started = clock.now()
    this.#shaky.set(client, started)
    // Half of the grace: what is slow to be noticed on one side is early on the other.
    clock.after(graceMs / 2, () => {
      if (this.#shaky.get(client) === started) excuse()
    })
  }

  /** All is well with the client again. */
  steady(client: string): void {
    this.#shaky.delete(client)
  }
}
