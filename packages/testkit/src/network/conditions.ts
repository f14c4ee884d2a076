/** How one direction of a client's connections is. */
export interface Conditions {
  /** How long a frame travels, in milliseconds. Default 5. */
  readonly delayMs: number
  /** Up to so much longer, by chance. Frames of one connection never overtake. Default 0. */
  readonly jitterMs: number
  /** Bytes that may be under way or unread; what is written beyond waits at the sender. Default 65,536. */
  readonly windowBytes: number
  /** What the receiving end reads a second, in bytes; 0: it reads nothing. Default: everything at once. */
  readonly readBytesPerSecond: number
}

export const DEFAULT_CONDITIONS: Conditions = {
  delayMs: 5,
  jitterMs: 0,
  windowBytes: 65_536,
  readBytesPerSecond: Number.POSITIVE_INFINITY,
}

/** How messages between two nodes travel. Those of one node to another never overtake, unless `reorder` says so. */
export interface BusConditions {
  /** How long a message travels, in milliseconds. Default 1. */
  readonly delayMs: number
  /** Up to so much longer, by chance. Default 0. */
  readonly jitterMs: number
  /** The share that is lost, from 0 to 1. Default 0. */
  readonly drop: number
  /** The share that arrives twice. Default 0. */
  readonly duplicate: number
  /** The share that may be overtaken by later ones. No broker that keeps its contract does that. Default 0. */
  readonly reorder: number
}

export const DEFAULT_BUS: BusConditions = { delayMs: 1, jitterMs: 0, drop: 0, duplicate: 0, reorder: 0 }

/** What is given over what was. @throws RangeError naming the value that is not a number from 0. */
export function changed<C extends object>(before: C, given: Partial<C>): C {
  for (const [name, value] of Object.entries(given))
    if (!(typeof value === 'number' && value >= 0)) throw new RangeError(`${name} must be a number from 0`)
  return { ...before, ...given }
}
