/** Bounds that protect the server from its clients. Every one can be set in `options.limits`; 0 is never "unlimited". */
export interface Limits {
  /** An inbound message, in bytes; above it the connection is closed with 1009. Default 65,536. */
  readonly messageBytes: number
  /** Nesting of an inbound message. Default 64. */
  readonly messageDepth: number
  /** What may wait for one slow connection, in bytes, before its channels' policies apply. Default 1 MiB. */
  readonly outboxBytes: number
  /** Above this many waiting bytes volatile events are dropped or conflated. Default 64 KiB. */
  readonly volatileBytes: number
  /** Channels of one connection. Default 128. */
  readonly channelsPerConnection: number
  /** A member's metadata as JSON, in bytes. Default 2,048. */
  readonly presenceBytes: number
  /** Time from the connection to an accepted hello, and for an anonymous one to its first join, in ms. Default 10,000. */
  readonly helloMs: number
  /** Sends, calls and presence updates of one connection, a second. Default 100. */
  readonly messagesPerSecond: number
  /** How many of them may come at once. Default 200. */
  readonly messageBurst: number
  /** Joins and leaves of one connection, a second. Default 50. */
  readonly joinsPerSecond: number
  /** How many of them may come at once. Default 256. */
  readonly joinBurst: number
  /** Refusals for speed until the connection is closed with 4405; each request that was not too fast forgives one. Default 500. */
  readonly strikes: number
  /** Requests of one connection that have not been answered. Default 1,000. */
  readonly pendingRequests: number
  /** Connections accepted a second, on this node; above it 503 with Retry-After. Default 10,000. */
  readonly handshakesPerSecond: number
  /** Bytes received from one connection, a second; the burst is ten seconds' worth. Default 262,144. */
  readonly bytesPerSecond: number
  /** Connections of one address, but for this machine's own; above it 503 with Retry-After. Default 1,000. */
  readonly connectionsPerAddress: number
  /** Sockets of one address, but for this machine's own, that have not asked for anything; above it they are cut. Default 64. */
  readonly halfOpenPerAddress: number
  /** Connections on this node; above it 503 with Retry-After. Default 100,000. */
  readonly connections: number
}

export const DEFAULT_LIMITS: Limits = {
  messageBytes: 65_536,
  messageDepth: 64,
  outboxBytes: 1_048_576,
  volatileBytes: 65_536,
  channelsPerConnection: 128,
  presenceBytes: 2_048,
  helloMs: 10_000,
  messagesPerSecond: 100,
  messageBurst: 200,
  joinsPerSecond: 50,
  joinBurst: 256,
  strikes: 500,
  pendingRequests: 1_000,
  handshakesPerSecond: 10_000,
  bytesPerSecond: 262_144,
  connectionsPerAddress: 1_000,
  halfOpenPerAddress: 64,
  connections: 100_000,
}

/** Fills in the defaults. @throws RangeError naming the limit that is not a number above 0. */
export function toLimits(given: Partial<Limits> = {}): Limits {
  for (const [name, value] of Object.entries(given))
    if (!(typeof value === 'number' && value > 0)) throw new RangeError(`limits.${name} must be a number above 0`)
  return { ...DEFAULT_LIMITS, ...given }
}
