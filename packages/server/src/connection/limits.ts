import { quarterOfMemory } from './memory.ts'

/** Bounds that protect the server from its clients. Every one can be set in `options.limits`; 0 is never "unlimited". */
export interface Limits {
  /** An inbound message, in bytes; above it the connection is closed with 1009. Default 65,536. */
  readonly messageBytes: number
  /** Fragments of an inbound WebSocket message, empty ones too; above it the connection is closed with 1008. Default 1,024. */
  readonly messageFragments: number
  /** Pieces in which one WebSocket frame may arrive; above it the connection is closed with 1008. Default 4,096. */
  readonly framePieces: number
  /** Time from the beginning of a WebSocket message to its end, in ms; above it the connection is closed with 1008. Default 30,000. */
  readonly messageMs: number
  /** WebSocket pings and pongs of one peer, a second; above it the connection is closed with 1008. Default 20. */
  readonly controlFramesPerSecond: number
  /** How many of them may come at once. Default 40. */
  readonly controlFrameBurst: number
  /** Answers to pings that a peer has not read; above it the connection is cut. Default 60. */
  readonly pendingPongs: number
  /** Time that a peer has to answer our close, in ms; then the connection is cut. Default 5,000. */
  readonly closeMs: number
  /** Nesting of an inbound message. Default 64. */
  readonly messageDepth: number
  /** What may wait for one slow connection, in bytes, before its channels' policies apply. Default 1 MiB. */
  readonly outboxBytes: number
  /** Above this many waiting bytes volatile events are dropped or conflated. Default 64 KiB. */
  readonly volatileBytes: number
  /**
   * What all buffers of the process may hold, in bytes; above it the connections that most waits for are closed with 4001.
   * Default: a quarter of the memory that the process may use.
   */
  readonly bufferedBytes: number
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
  /**
   * Bytes received from one connection, a second, each message counted as 128 more; what is not used is kept for ten seconds,
   * and a new connection begins with two. Beyond it nothing is read from the connection for a while. Default 262,144.
   */
  readonly bytesPerSecond: number
  /**
   * Connections that one address may open a second, but for this machine's own; above it 503 with Retry-After. A connection
   * that was closed for breaking a rule or a limit counts as sixty more. Default 20.
   */
  readonly handshakesPerAddress: number
  /** How many of them may come at once. Default 500. */
  readonly handshakeBurstPerAddress: number
  /** Headers of a request; above it 431. Default 100. */
  readonly headers: number
  /** Bytes of a request's headers; above it 431. Default 16,384. */
  readonly headerBytes: number
  /** Time for a request's headers, and for a TLS handshake, in ms; then the socket is cut. Default 10,000. */
  readonly headersMs: number
  /** Time for a request with its body, in ms; then the socket is cut. Default 30,000. */
  readonly requestMs: number
  /** Connections of one address, but for this machine's own; above it 503 with Retry-After. Default 1,000. */
  readonly connectionsPerAddress: number
  /** Sockets of one address, but for this machine's own, that have not asked for anything; above it they are cut. Default 64. */
  readonly halfOpenPerAddress: number
  /** The same of all addresses together. Default 10,000. */
  readonly halfOpen: number
  /**
   * Connections on this node whose client has not been accepted yet; above it the oldest is closed, or, where that has come
   * within a second, the newest gets 503 with Retry-After. Default 10,000.
   */
  readonly strangers: number
  /** Connections on this node; above it 503 with Retry-After. Default 100,000. */
  readonly connections: number
}

export const DEFAULT_LIMITS: Limits = {
  messageBytes: 65_536,
  messageFragments: 1_024,
  framePieces: 4_096,
  messageMs: 30_000,
  controlFramesPerSecond: 20,
  controlFrameBurst: 40,
  pendingPongs: 60,
  closeMs: 5_000,
  messageDepth: 64,
  outboxBytes: 1_048_576,
  volatileBytes: 65_536,
  bufferedBytes: quarterOfMemory(),
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
  handshakesPerAddress: 20,
  handshakeBurstPerAddress: 500,
  headers: 100,
  headerBytes: 16_384,
  headersMs: 10_000,
  requestMs: 30_000,
  connectionsPerAddress: 1_000,
  halfOpenPerAddress: 64,
  halfOpen: 10_000,
  strangers: 10_000,
  connections: 100_000,
}

// `ws` keeps these in 32 bits, and takes what does not fit for "unlimited".
const WHOLE = new Set(['messageBytes', 'messageFragments', 'framePieces', 'pendingPongs'])

/** Fills in the defaults. @throws RangeError naming the limit that is not a number above 0, or not a whole one below 2^31. */
export function toLimits(given: Partial<Limits> = {}): Limits {
  for (const [name, value] of Object.entries(given)) {
    if (!(typeof value === 'number' && value > 0)) throw new RangeError(`limits.${name} must be a number above 0`)
    if (WHOLE.has(name) && !(Number.isInteger(value) && value < 2 ** 31))
      throw new RangeError(`limits.${name} must be a whole number below 2,147,483,648`)
  }
  return { ...DEFAULT_LIMITS, ...given }
}
