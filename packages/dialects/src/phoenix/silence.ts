import type { Random } from '@rollcall/core'

/** How long a client may be silent. Infinity: for ever. */
export interface SilenceOptions {
  /** A ping after this long without a sign of life, in milliseconds. */
  readonly pingMs: number
  /** Dead if a ping is not answered for this long, in milliseconds. */
  readonly deadMs: number
  /** Idle after this long without a message, whatever else it answers, in milliseconds. */
  readonly idleMs: number
}

/** What silence has come to. */
export type Verdict = 'ping' | 'dead' | 'idle' | null

/** Watches how long a client has been silent: a dead link is found by pings, an idle client by its missing heartbeats. */
export class Silence {
  readonly #options: SilenceOptions
  #heardAt: number
  #pingAt: number
  #deadAt = Number.POSITIVE_INFINITY

  constructor(options: SilenceOptions, random: Random, now: number) {
    this.#options = options
    this.#heardAt = now
    this.#pingAt = now + options.pingMs * (0.5 + random.fraction() / 2)
  }

  /** A message came. */
  heard(now: number): void {
    this.#heardAt = now
    this.alive(now)
  }

  /** There was a sign of life. */
  alive(now: number): void {
    if (this.#deadAt === Number.POSITIVE_INFINITY) return
    this.#deadAt = Number.POSITIVE_INFINITY
    this.#pingAt = now + this.#options.pingMs
  }

  tick(now: number): Verdict {
    if (now >= this.#deadAt) return 'dead'
    if (now - this.#heardAt >= this.#options.idleMs) return 'idle'
    if (now < this.#pingAt) return null
    this.#pingAt = Number.POSITIVE_INFINITY
    this.#deadAt = now + this.#options.deadMs
    return 'ping'
  }
}
