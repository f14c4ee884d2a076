import type { ChannelMatch } from '@rollcall/core'
import type { Auth } from './auth.ts'
import { decodePid, type Pid } from './recovery.ts'

/** One namespace of one connection, from its connect packet on. */
export class Seat {
  readonly nsp: string
  readonly topic: string
  readonly alias: string
  readonly spec: ChannelMatch['spec']
  readonly auth: Auth | undefined
  /** The pid that the client shows, and what it says. */
  readonly pid: { readonly text: string; readonly read: Pid } | null
  /** Whether it asked to go on where it stood. */
  returning = false
  connected = false

  constructor(nsp: string, topic: string, alias: string, spec: ChannelMatch['spec'], auth: Auth | undefined) {
    this.nsp = nsp
    this.topic = topic
    this.alias = alias
    this.spec = spec
    this.auth = auth
    const text = this.claim('pid')
    const read = decodePid(text)
    this.pid = typeof text === 'string' && read ? { text, read } : null
  }

  /** What the client's library adds to `auth`. */
  claim(name: 'pid' | 'offset'): unknown {
    return this.auth && Object.hasOwn(this.auth, name) ? this.auth[name] : undefined
  }
}

/**
 * The namespaces of a connection. Those that the server has ended are remembered for a while: what a client sends before
 * it has heard of it is no fault.
 */
export class Seats {
  readonly #byName = new Map<string, Seat>()
  readonly #ended = new Set<string>()

  get size(): number {
    return this.#byName.size
  }

  get connected(): readonly Seat[] {
    return [...this.#byName.values()].filter(({ connected }) => connected)
  }

  find(nsp: string): Seat | undefined {
    return this.#byName.get(nsp)
  }

  byAlias(alias: string): Seat | undefined {
    for (const seat of this.#byName.values()) if (seat.alias === alias) return seat
    return undefined
  }

  /** Whether it is still the one of its name: answers may come for one that was left. */
  has(seat: Seat): boolean {
    return this.#byName.get(seat.nsp) === seat
  }

  add(seat: Seat): void {
    this.#ended.delete(seat.nsp)
    this.#byName.set(seat.nsp, seat)
  }

  delete(seat: Seat): void {
    this.#byName.delete(seat.nsp)
  }

  /** The server ended it. */
  end(seat: Seat): void {
    this.delete(seat)
    if (this.#ended.size >= MAX_ENDED) this.#ended.clear()
    this.#ended.add(seat.nsp)
  }

  wasEnded(nsp: string): boolean {
    return this.#ended.has(nsp)
  }
}

const MAX_ENDED = 128
