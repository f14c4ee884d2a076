import { type BackoffOptions, type Clock, type Random, systemClock, systemRandom } from '@rollcall/core'
import { pageUrl, platformWebSocket } from './ambient.ts'
import type { OpenWebSocket } from './web-socket.ts'

/**
 * Anything JSON can carry, or what answers it. The signal is aborted when the answer is not needed any more; a `refresh`
 * without one gives none.
 */
export type Credentials = string | number | boolean | null | object | ((signal?: AbortSignal) => unknown)

export interface ConnectOptions {
  /** What the server's `authenticate` gets, or a function that answers it anew for each connection. Default: nothing. */
  readonly credentials?: Credentials
  /** Closes the client when aborted. */
  readonly signal?: AbortSignal
  /** The wait between attempts: 500 ms to 20 s unless told. */
  readonly backoff?: BackoffOptions
  /** How long an attempt may take until the server's welcome, in milliseconds. Default 10,000. */
  readonly openTimeoutMs?: number
  /** How long the server may take to answer a check whether the connection lives, in milliseconds. Default 5,000. */
  readonly checkTimeoutMs?: number
  /** How long a message may wait to be accepted, over all reconnects, in milliseconds. Default 60,000. */
  readonly sendTimeoutMs?: number
  /** How often one message is written at most. Default 8. */
  readonly maxAttempts?: number
  /** How many requests may wait for an answer. Default 1,024. */
  readonly maxWaiting?: number
  /** The bytes that they may have together. Default 1,048,576. */
  readonly maxWaitingBytes?: number
  /** Default: the global WebSocket; in Node before 22, the package `ws`, which has to be installed. */
  readonly webSocket?: OpenWebSocket
  /** Default: the real clock. */
  readonly clock?: Clock
  /** Default: real chance. */
  readonly random?: Random
}

/** Options with their defaults. */
export interface ClientOptions extends Required<Omit<ConnectOptions, 'signal' | 'credentials'>> {
  readonly signal: AbortSignal | undefined
  readonly credentials: (signal: AbortSignal | undefined) => unknown
}

const DEFAULTS: Readonly<Record<string, unknown>> = {
  backoff: {},
  openTimeoutMs: 10_000,
  checkTimeoutMs: 5_000,
  sendTimeoutMs: 60_000,
  maxAttempts: 8,
  maxWaiting: 1_024,
  maxWaitingBytes: 1_048_576,
  webSocket: platformWebSocket,
  clock: systemClock,
  random: systemRandom,
}

/** @throws TypeError or RangeError on an option that cannot work, naming it. */
export function clientOptions(given: ConnectOptions): ClientOptions {
  const { credentials } = given
  const options: Record<string, unknown> = { ...given }
  for (const [name, value] of Object.entries(DEFAULTS)) options[name] ??= value
  for (const [name, value] of Object.entries({ ...options, ...(options.backoff as BackoffOptions) }))
    if (typeof value === 'number' && !(value > 0)) throw new RangeError(`connect: ${name} must be above 0`)
  if (!options.webSocket) throw new TypeError('connect: there is no WebSocket here: give the option webSocket')
  options.credentials = typeof credentials === 'function' ? credentials : () => credentials
  return options as unknown as ClientOptions
}

/** The socket's address: http is ws, a path alone belongs to the page, and no path is `/rollcall`. @throws TypeError */
export function socketUrl(given: string | URL): string {
  const url = new URL(given, pageUrl())
  url.protocol = url.protocol.replace('http', 'ws')
  if (!/^wss?:$/.test(url.protocol)) throw new TypeError(`connect: ${url} must be http(s) or ws(s)`)
  if (url.pathname === '/') url.pathname = '/rollcall'
  // A WebSocket refuses an address that has one.
  url.hash = ''
  return url.href
}
