/** Bounds that protect the server from its clients. */
export interface ServerLimits {
  /** Nesting of an inbound packet, the list of its arguments included. Default 64. */
  readonly messageDepth: number
  /** Attachments of an inbound packet. Default 10. */
  readonly attachments: number
  /** Bytes of all attachments of an inbound packet. Default 4,000,000. */
  readonly attachmentBytes: number
  /** How long attachments may take to follow their packet, in milliseconds. Default 30,000. */
  readonly attachmentMs: number
  /** What may wait for one slow connection, in bytes; above it the connection is closed. Default 16 MiB. */
  readonly outboxBytes: number
  /** Above this many waiting bytes volatile events are dropped. Default 64 KiB. */
  readonly volatileBytes: number
  /** Namespaces of one connection. Default 128. */
  readonly namespacesPerConnection: number
  /** Namespaces that clients have made, of a regular expression or a function. Default 10,000. */
  readonly dynamicNamespaces: number
  /** Sockets of a namespace that were lost and may come back; above it the one lost first is forgotten. Default 100,000. */
  readonly lostSockets: number
  /** Connections accepted a second; above it 503 with Retry-After. Default 10,000. */
  readonly handshakesPerSecond: number
  /** Connections; above it 503 with Retry-After. Default 100,000. */
  readonly connections: number
  /** Connections of one address, but for this machine's own; above it 503 with Retry-After. Default: no bound. */
  readonly connectionsPerAddress: number
}

const DEFAULTS: ServerLimits = {
  messageDepth: 64,
  attachments: 10,
  attachmentBytes: 4_000_000,
  attachmentMs: 30_000,
  outboxBytes: 16_777_216,
  volatileBytes: 65_536,
  namespacesPerConnection: 128,
  dynamicNamespaces: 10_000,
  lostSockets: 100_000,
  handshakesPerSecond: 10_000,
  connections: 100_000,
  connectionsPerAddress: Number.POSITIVE_INFINITY,
}

/** @throws RangeError naming the limit that is not a number above 0, TypeError naming one that there is not. */
export function serverLimits(given: Partial<ServerLimits> = {}): ServerLimits {
  for (const [name, value] of Object.entries(given)) {
    if (!Object.hasOwn(DEFAULTS, name)) throw new TypeError(`limits.${name}: there is no such limit`)
    if (!(typeof value === 'number' && value > 0)) throw new RangeError(`limits.${name} must be a number above 0`)
  }
  return { ...DEFAULTS, ...given }
}
