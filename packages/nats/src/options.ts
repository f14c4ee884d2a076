import type { NatsConnection, NodeConnectionOptions } from '@nats-io/transport-node'
import { type Clock, type Random, systemClock, systemRandom } from '@rollcall/core'

/** How to reach NATS; of the broker and of the log. */
export interface NatsOptions {
  /** Addresses of NATS servers. Default `nats://127.0.0.1:4222`. */
  readonly servers?: string | readonly string[]
  /** A connection to use instead of an own one; it stays open when the broker or the log is closed. */
  readonly connection?: NatsConnection
  /** Credentials, TLS and other options of the own connection. Those about reconnecting are Rollcall's. */
  readonly connect?: Omit<
    NodeConnectionOptions,
    'servers' | 'reconnect' | 'maxReconnectAttempts' | 'reconnectDelayHandler' | 'waitOnFirstConnect' | 'noEcho'
  >
  /** How long the first connecting may take before it is given up, in milliseconds. Default 10,000. */
  readonly connectTimeoutMs?: number
  /** The shortest and longest wait between two attempts to reconnect, with full jitter. Default 100 and 5,000 ms. */
  readonly reconnect?: { readonly minMs?: number; readonly maxMs?: number }
  /** A connection that has not answered for this long is unhealthy, in milliseconds. Default 3,000. */
  readonly staleMs?: number
  /** What may wait for NATS to take it, in bytes; what comes on top is lost (broker) or refused (log). Default 16 MiB. */
  readonly maxPendingBytes?: number
  /** Default: the system clock. */
  readonly clock?: Clock
  /** Default: the system's chance. */
  readonly random?: Random
  /** Hears of faults that nobody is told of otherwise. Default: nobody. */
  readonly report?: (error: unknown) => void
}

export interface LinkSettings {
  readonly servers: string[]
  readonly connection: NatsConnection | undefined
  readonly connect: NonNullable<NatsOptions['connect']>
  readonly connectTimeoutMs: number
  readonly reconnect: { readonly minMs: number; readonly maxMs: number }
  readonly staleMs: number
  readonly maxPendingBytes: number
  readonly clock: Clock
  readonly random: Random
  readonly report: (error: unknown) => void
}

/** The options with their defaults. @throws TypeError or RangeError naming the option that cannot be. */
export function linkSettings(options: NatsOptions): LinkSettings {
  const servers = options.servers ?? 'nats://127.0.0.1:4222'
  const list = typeof servers === 'string' ? [servers] : [...servers]
  if (list.length === 0) throw new TypeError('servers: name at least one NATS server')
  const minMs = above(0, 'reconnect.minMs', options.reconnect?.minMs ?? 100)
  const maxMs = above(0, 'reconnect.maxMs', options.reconnect?.maxMs ?? 5000)
  if (maxMs < minMs) throw new RangeError('reconnect.maxMs must not be below reconnect.minMs')
  return {
    servers: list,
    connection: options.connection,
    connect: options.connect ?? {},
    connectTimeoutMs: above(0, 'connectTimeoutMs', options.connectTimeoutMs ?? 10_000),
    reconnect: { minMs, maxMs },
    staleMs: above(0, 'staleMs', options.staleMs ?? 3000),
    maxPendingBytes: above(0, 'maxPendingBytes', options.maxPendingBytes ?? 16 * 1024 * 1024),
    clock: options.clock ?? systemClock,
    random: options.random ?? systemRandom,
    report: options.report ?? (() => {}),
  }
}

/** `value`, if it is a number above `bound`. @throws RangeError naming the option otherwise. */
export function above(bound: number, name: string, value: number): number {
  if (!(typeof value === 'number' && value > bound))
    throw new RangeError(`${name} must be above ${bound}, not ${value}`)
  return value
}
