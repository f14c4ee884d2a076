import type { Undo } from '@rollcall/core'
import { type Conditions, changed, DEFAULT_CONDITIONS } from './conditions.ts'
import type { Connection, Direction } from './connection.ts'

/** Which directions a fault is in: `up` is from client to server. */
export type Directions = Direction | 'both'

/** A client's access to the network: all its connections, to whatever node, go over it. */
export interface Link {
  readonly client: string
  /** Connections that at least one end holds. */
  readonly connections: number
  /** Changes how the link is, from now on. @throws RangeError */
  set(conditions: Partial<Conditions>, directions?: Directions): void
  /** Breaks the connections: what is on its way is lost, both ends learn of it. Answers how many broke. */
  cut(): number
  /** Nothing arrives in these directions until undone, on new connections neither; nothing is lost. */
  stall(directions?: Directions): Undo
  /** Breaks the connections so that only the other side learns of it: the believer goes on as if they were there. */
  halfOpen(believes: 'client' | 'server' | 'both'): number
  /** Attempts to connect are refused until undone. */
  refuse(): Undo
  /** The client reads so slowly, or not at all with 0, until undone. */
  slowReader(bytesPerSecond: number): Undo
}

export class MemoryLink implements Link {
  readonly client: string
  readonly held: Set<Connection> = new Set()
  /** How many times refusing was asked for and not undone. */
  refusing = 0
  #up: Conditions
  #down: Conditions
  readonly #slow: { readonly readBytesPerSecond: number }[] = []
  readonly #stalls = new Map<object, { readonly directions: readonly Direction[]; readonly undos: Undo[] }>()

  constructor(client: string, conditions: Partial<Conditions>) {
    this.client = client
    this.#up = changed(DEFAULT_CONDITIONS, conditions)
    this.#down = this.#up
  }

  conditions(direction: Direction): Conditions {
    if (direction === 'up') return this.#up
    const slow = this.#slow[this.#slow.length - 1]
    return slow ? { ...this.#down, ...slow } : this.#down
  }

  get connections(): number {
    return this.#alive().length
  }

  #alive(): Connection[] {
    return [...this.held].filter((connection) => connection.alive)
  }

  /** A new connection feels the faults that last. */
  take(connection: Connection): void {
    this.held.add(connection)
    for (const { directions, undos } of this.#stalls.values()) undos.push(connection.stall(directions))
  }

  set(conditions: Partial<Conditions>, directions: Directions = 'both'): void {
    if (directions !== 'down') this.#up = changed(this.#up, conditions)
    if (directions !== 'up') this.#down = changed(this.#down, conditions)
    this.#revive()
  }

  #revive(): void {
    for (const connection of this.held) connection.revive()
  }

  cut(): number {
    const broken = this.#alive()
    for (const connection of broken) connection.cut()
    return broken.length
  }

  stall(directions: Directions = 'both'): Undo {
    const both: readonly Direction[] = directions === 'both' ? ['up', 'down'] : [directions]
    const undos = [...this.held].map((connection) => connection.stall(both))
    const key = {}
    this.#stalls.set(key, { directions: both, undos })
    return () => {
      this.#stalls.delete(key)
      for (const undo of undos.splice(0)) undo()
    }
  }

  halfOpen(believes: 'client' | 'server' | 'both'): number {
    const broken = this.#alive()
    for (const connection of broken) connection.halfOpen(believes)
    return broken.length
  }

  refuse(): Undo {
    this.refusing++
    let refusing = true
    return () => {
      if (refusing) this.refusing--
      refusing = false
    }
  }

  slowReader(bytesPerSecond: number): Undo {
    const slow = {
      readBytesPerSecond: changed(DEFAULT_CONDITIONS, { readBytesPerSecond: bytesPerSecond }).readBytesPerSecond,
    }
    this.#slow.push(slow)
    return () => {
      const at = this.#slow.indexOf(slow)
      if (at < 0) return
      this.#slow.splice(at, 1)
      this.#revive()
    }
  }
}
