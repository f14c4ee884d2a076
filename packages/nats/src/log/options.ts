import { LogUnavailable } from 'rollcall/log'
import { above, type LinkSettings, linkSettings, type NatsOptions } from '../options.ts'

export interface NatsLogOptions extends NatsOptions {
  /** The JetStream stream that keeps the messages of all topics. Letters, digits, `_` and `-`. Default `rollcall`. */
  readonly stream?: string
  /**
   * How many servers of the cluster keep each message. Accepted means: by a majority of them. Default 1; take 3 where a
   * server may fail.
   */
  readonly replicas?: 1 | 2 | 3 | 4 | 5
  /** Where they keep it. Memory is lost when the servers end. Default `file`. */
  readonly storage?: 'file' | 'memory'
  /**
   * The longest that anything is kept, whatever a channel asks for, in milliseconds. A topic without messages and followers
   * for this long is forgotten: who comes back to it is told a gap. Default 604,800,000: a week.
   */
  readonly maxAgeMs?: number
  /** The most that the stream keeps, in bytes; beyond it the oldest messages of all topics go. Default: no bound. */
  readonly maxBytes?: number
  /** How long an idempotency key is remembered, in milliseconds. Default 120,000: two minutes. */
  readonly idempotencyWindowMs?: number
  /** How long an append or a read waits for JetStream before it rejects, in milliseconds. Default 5,000. */
  readonly patienceMs?: number
  /** How often a followed topic is compared with the stream, in milliseconds. Default 30,000. */
  readonly checkMs?: number
  /** The JetStream domain, if it is not that of the server. */
  readonly domain?: string
}

export interface LogSettings extends LinkSettings {
  readonly stream: string
  readonly replicas: number
  readonly storage: 'file' | 'memory'
  readonly maxAgeMs: number
  readonly maxBytes: number
  readonly idempotencyWindowMs: number
  readonly patienceMs: number
  readonly checkMs: number
  readonly domain: string | undefined
}

/** The options with their defaults. @throws TypeError or RangeError naming the option that cannot be. */
export function logSettings(options: NatsLogOptions): LogSettings {
  const { stream = 'rollcall', replicas = 1, storage = 'file', domain } = options
  if (!/^[\w-]{1,64}$/.test(stream)) throw new TypeError(`stream: not a name that NATS allows: ${stream}`)
  if (!Number.isInteger(replicas) || replicas < 1 || replicas > 5) throw new RangeError('replicas must be 1 to 5')
  if (storage !== 'file' && storage !== 'memory') throw new TypeError(`storage must be file or memory, not ${storage}`)
  if (domain !== undefined && !/^[\w-]+$/.test(domain)) throw new TypeError(`domain: not a name of one: ${domain}`)
  return {
    ...linkSettings(options),
    stream,
    replicas,
    storage,
    // JetStream refuses to forget faster than this.
    maxAgeMs: above(99, 'maxAgeMs', options.maxAgeMs ?? 604_800_000),
    maxBytes: options.maxBytes === undefined ? -1 : above(0, 'maxBytes', options.maxBytes),
    idempotencyWindowMs: above(0, 'idempotencyWindowMs', options.idempotencyWindowMs ?? 120_000),
    patienceMs: above(0, 'patienceMs', options.patienceMs ?? 5000),
    checkMs: above(0, 'checkMs', options.checkMs ?? 30_000),
    domain,
  }
}

/** The error for a log that has been closed. */
export function closedError(): LogUnavailable {
  return new LogUnavailable('The log is closed')
}
