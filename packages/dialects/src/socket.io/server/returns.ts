import type { Clock, Random, Undo } from '@rollcall/core'

/** What a socket finds again when it comes back. */
export interface Stay<S> {
  /** Known to its client alone. */
  readonly pid: string
  readonly id: string
  /** Where the history stood when it began: nothing before it is missed. */
  readonly since: number
  /** The rooms it was in, and where the history stood when it joined each. */
  rooms: ReadonlyMap<string, number>
  data: unknown
  /** The socket that has it; null once that one is lost. */
  owner: S | null
  lostAt: number
}

export interface ReturnsOptions {
  /** How long a lost socket may take to come back, in milliseconds. */
  readonly withinMs: number
  /** Lost sockets that are remembered; above it the one that was lost first is forgotten. */
  readonly lost: number
}

/** The stays of one namespace by their pids. A pid has one owner at a time. */
export class Returns<S> {
  readonly #clock: Clock
  readonly #random: Random
  readonly #options: ReturnsOptions
  readonly #owned = new Map<string, Stay<S>>()
  // In the order in which they were lost.
  readonly #lost = new Map<string, Stay<S>>()
  readonly #swept: () => void
  #sweep: Undo | null = null

  /** `swept` hears when the last one who could come back is forgotten. */
  constructor(clock: Clock, random: Random, options: ReturnsOptions, swept: () => void) {
    this.#clock = clock
    this.#random = random
    this.#options = options
    this.#swept = swept
  }

  /** Those who are lost and may come back. */
  get lost(): number {
    return this.#lost.size
  }

  /** A stay begins. */
  begin(owner: S, id: string, since: number): Stay<S> {
    const stay: Stay<S> = {
      pid: this.#random.token(18),
      id,
      since,
      rooms: new Map(),
      data: undefined,
      owner,
      lostAt: 0,
    }
    this.#owned.set(stay.pid, stay)
    return stay
  }

  /** The stay of a pid, if it can still be gone on with. */
  find(pid: string): Stay<S> | null {
    const owned = this.#owned.get(pid)
    if (owned) return owned
    const lost = this.#lost.get(pid)
    return lost && !this.#isOver(lost) ? lost : null
  }

  /** Somebody goes on with a stay that nobody has. */
  take(stay: Stay<S>, owner: S): void {
    this.#lost.delete(stay.pid)
    stay.owner = owner
    this.#owned.set(stay.pid, stay)
  }

  /** Its owner was lost, and may come back. */
  lose(stay: Stay<S>, rooms: ReadonlyMap<string, number>, data: unknown): void {
    stay.rooms = rooms
    stay.data = data
    stay.owner = null
    stay.lostAt = this.#clock.now()
    this.#owned.delete(stay.pid)
    this.#lost.set(stay.pid, stay)
    if (this.#lost.size > this.#options.lost) this.#forgetFirst()
    this.#sweep ??= this.#later()
  }

  /** It is over for good. */
  end(stay: Stay<S>): void {
    stay.owner = null
    this.#owned.delete(stay.pid)
    this.#lost.delete(stay.pid)
  }

  close(): void {
    this.#sweep?.()
    this.#sweep = null
    this.#lost.clear()
    this.#owned.clear()
  }

  #isOver(stay: Stay<S>): boolean {
    return this.#clock.now() - stay.lostAt >= this.#options.withinMs
  }

  #forgetFirst(): void {
    for (const pid of this.#lost.keys()) {
      this.#lost.delete(pid)
      return
    }
  }

  #later(): Undo {
    return this.#clock.after(this.#options.withinMs, () => {
      this.#sweep = null
      for (const [pid, stay] of this.#lost) {
        if (!this.#isOver(stay)) break
        this.#lost.delete(pid)
      }
      if (this.#lost.size > 0) this.#sweep = this.#later()
      else this.#swept()
    })
  }
}
