import type { IncomingMessage } from 'node:http'
import { type Clock, type Random, systemClock, systemRandom } from '@rollcall/core'
import type { Broker, Origins, TrustedProxy } from 'rollcall'
import type { NodesOptions } from 'rollcall/broker'
import { Cors } from '../engine/cors.ts'
import { type EngineOptions, type EngineSettings, engineOptions } from '../engine/options.ts'
import type { Report } from './emitter.ts'
import { type HistoryOptions, retentionOf } from './history.ts'
import { type ServerLimits, serverLimits } from './limits.ts'
import { notOffered } from './not-offered.ts'
import { type CorsOrigin, type OriginRule, ruleOfCors, ruleOfOrigins } from './origin.ts'
import { Others } from './others.ts'
import type { Shared } from './space.ts'

/** For pages of other origins. */
export interface CorsOptions {
  /** Which ones may connect, over polling and over WebSockets. Default: any. */
  readonly origin?: CorsOrigin
  /** Default: GET, HEAD, PUT, PATCH, POST, DELETE. */
  readonly methods?: string | readonly string[]
  /** Request headers that they may set. Default: whichever they ask for. */
  readonly allowedHeaders?: string | readonly string[]
  /** Answer headers that they may read. */
  readonly exposedHeaders?: string | readonly string[]
  /** Whether they may send cookies along. Default false. */
  readonly credentials?: boolean
  /** How long browsers may keep the answer to a preflight, in seconds. */
  readonly maxAge?: number
}

/** Refuses handshakes: `callback(null, false)`. It may take its time. */
export type AllowRequest = (
  request: IncomingMessage,
  callback: (error: string | null | undefined, allowed: boolean) => void,
) => void

/** What a server can be told. Names and defaults are the original's where it has one. */
export interface ServerOptions extends Omit<EngineSettings, 'path' | 'cors'> {
  /** Default `/socket.io`. */
  readonly path?: string
  /** Whether the path that clients ask for ends with a slash. Default true. */
  readonly addTrailingSlash?: boolean
  /** Serves the client's bundle, from the package `socket.io-client`. Default: if that is installed. */
  readonly serveClient?: boolean
  /** How long a client may take until a namespace is connected, in milliseconds. Default 45,000. */
  readonly connectTimeout?: number
  /** Which pages of other origins may connect. Default: none, see `origins`. */
  readonly cors?: CorsOptions
  /** Which pages may connect where there is no `cors`. Default `'same-host'`; `'any'` is what the original does. */
  readonly origins?: Origins
  readonly allowRequest?: AllowRequest
  /**
   * Compresses messages over WebSockets from `threshold` bytes (default 1,024) on, once for all who get them. `true` for the
   * default. Default false.
   */
  readonly perMessageDeflate?: boolean | { readonly threshold?: number }
  /** Lets clients that lost their connection go on where they were. Default: off. */
  readonly connectionStateRecovery?: {
    /** How long they may be away, in milliseconds. Default 120,000. */
    readonly maxDisconnectionDuration?: number
    /** Whether who comes back is let in without asking the middlewares. Default true, as the original does. */
    readonly skipMiddlewares?: boolean
  }
  /** How much each namespace keeps of what it sends: for recovery, and for `namespace.history()`. A function may differ. */
  readonly history?: HistoryOptions | ((namespace: string) => HistoryOptions | null)
  /** Whether namespaces that clients made, of a regular expression or a function, go with their last socket. Default false. */
  readonly cleanupEmptyChildNamespaces?: boolean
  /** Nothing to set: an upgrade that is not ours is left to whoever listens, and answered 404 where nobody does. */
  readonly destroyUpgrade?: boolean
  /** Nothing to set, see `destroyUpgrade`. */
  readonly destroyUpgradeTimeout?: number
  readonly limits?: Partial<ServerLimits>
  /** Joins this server to others of the same program: `io` reaches the sockets of all. It is closed with the server. */
  readonly broker?: Broker
  /** How servers notice each other. Matters with a broker alone. */
  readonly nodes?: Partial<NodesOptions>
  /** Which header to believe about a client's address, behind proxies. Default: none. */
  readonly trustedProxy?: TrustedProxy
  /** Hears of what goes wrong in the application's own listeners and middlewares. Default: standard error. */
  readonly onError?: Report
  /** Time. Default: the system's. */
  readonly clock?: Clock
  /** Chance. Default: the system's. */
  readonly random?: Random
}

/** The part that belongs to the server as a whole. */
export type HallOptions = Omit<Shared, 'turn'> & {
  readonly connectTimeoutMs: number
  readonly cleanup: boolean
  readonly others: Others | null
}

/** The part that belongs to one way in. */
export interface WayOptions {
  readonly engine: EngineOptions
  readonly originRule: OriginRule
  readonly allowRequest: AllowRequest | null
  readonly compression: { readonly minBytes: number } | null
  readonly trustedProxy: TrustedProxy | undefined
}

/** What the original has, and what to do instead; said where it is asked for. */
const NOT_OFFERED: Readonly<Record<string, string>> = {
  adapter: 'servers are joined by the option broker',
  parser: 'events are JSON and attachments; leave it out on the client, too',
  wsEngine: 'WebSockets are read by ws',
  initialPacket: 'emit in the listener of connection',
}

const OFFERED = new Set<string>([
  'path',
  'addTrailingSlash',
  'serveClient',
  'connectTimeout',
  'cors',
  'origins',
  'allowRequest',
  'perMessageDeflate',
  'connectionStateRecovery',
  'history',
  'cleanupEmptyChildNamespaces',
  'destroyUpgrade',
  'destroyUpgradeTimeout',
  'limits',
  'broker',
  'nodes',
  'trustedProxy',
  'onError',
  'clock',
  'random',
  'transports',
  'allowUpgrades',
  'upgradeTimeout',
  'pingInterval',
  'pingTimeout',
  'maxHttpBufferSize',
  'maxPacketsPerPayload',
  'bodyTimeout',
  'allowEIO3',
  'jsonp',
  'cookie',
  'httpCompression',
] satisfies (keyof ServerOptions)[])

/** @throws Error on an option of the original that is not offered, TypeError on one that there is not. */
export function checkNames(options: object): void {
  for (const [name, value] of Object.entries(options)) {
    if (value === undefined) continue
    const instead = Object.hasOwn(NOT_OFFERED, name) ? NOT_OFFERED[name] : undefined
    if (instead !== undefined && value !== false) notOffered(`the option ${name}`, instead)
    if (instead === undefined && !OFFERED.has(name)) throw new TypeError(`There is no option "${name}"`)
  }
}

// What belongs to the server as a whole cannot be told with one of its ways in.
const WHOLE: readonly string[] = [
  'serveClient',
  'connectTimeout',
  'connectionStateRecovery',
  'history',
  'cleanupEmptyChildNamespaces',
  'limits',
  'broker',
  'nodes',
  'onError',
  'clock',
  'random',
] satisfies (keyof ServerOptions)[]

/** @throws TypeError on an option of `attach` that would do nothing there, and that the constructor was not given. */
export function checkPlace(given: object, constructed: object): void {
  for (const name of Object.keys(given))
    if (WHOLE.includes(name) && !Object.hasOwn(constructed, name))
      throw new TypeError(`Give the option ${name} to the constructor, not to listen or attach`)
}

/** @throws TypeError or RangeError on an option that cannot work, naming it. */
export function hallOptions(options: ServerOptions): HallOptions {
  const { clock = systemClock, random = systemRandom, onError = toStandardError } = options
  const recovery = options.connectionStateRecovery
  const withinMs = positive(
    'connectionStateRecovery.maxDisconnectionDuration',
    recovery?.maxDisconnectionDuration,
    120_000,
  )
  return {
    clock,
    random,
    report: onError,
    limits: serverLimits(options.limits),
    recovery: recovery ? { withinMs, judged: (recovery.skipMiddlewares ?? true) ? 'once' : 'again' } : null,
    retentionOf: retentions(options, withinMs),
    connectTimeoutMs: positive('connectTimeout', options.connectTimeout, 45_000),
    cleanup: options.cleanupEmptyChildNamespaces ?? false,
    others: options.broker ? new Others(options.broker, clock, options.nodes ?? {}, onError) : null,
  }
}

function retentions({ history, connectionStateRecovery }: ServerOptions, ageMs: number): Shared['retentionOf'] {
  if (typeof history === 'function') {
    return (name) => {
      const chosen = history(name)
      return chosen && retentionOf(chosen, ageMs)
    }
  }
  const retention = history || connectionStateRecovery ? retentionOf(history ?? {}, ageMs) : null
  return () => retention
}

/** @throws TypeError or RangeError on an option that cannot work, naming it. */
export function wayOptions(options: ServerOptions): WayOptions {
  const { cors, origins, path = '/socket.io', addTrailingSlash = true, transports = [] } = options
  if ((transports as readonly string[]).includes('webtransport'))
    notOffered('the transport webtransport', 'clients take polling and WebSockets')
  if (cors !== undefined && (typeof cors !== 'object' || cors === null))
    throw new TypeError('cors must be an object: { origin: "https://app.example.com" }')
  if (cors && origins !== undefined)
    throw new TypeError('Give either cors or origins: cors.origin says who may connect')
  for (const name of ['preflightContinue', 'optionsSuccessStatus'])
    if (cors && Object.hasOwn(cors, name)) notOffered(`cors.${name}`, 'preflights are answered with 204')
  const { path: _, cors: __, ...settings } = options as EngineSettings
  const engine = engineOptions({ ...settings, path: `${path.replace(/\/$/, '')}${addTrailingSlash ? '/' : ''}` })
  return {
    engine: { ...engine, cors: cors ? new Cors(toCors(cors)) : null },
    originRule: cors ? ruleOfCors(cors.origin ?? '*') : ruleOfOrigins(origins ?? 'same-host'),
    allowRequest: options.allowRequest ?? null,
    compression: toCompression(options.perMessageDeflate),
    trustedProxy: options.trustedProxy,
  }
}

function toCompression(given: ServerOptions['perMessageDeflate'] = false): { readonly minBytes: number } | null {
  if (given === false) return null
  const { threshold, ...more } = given === true ? {} : given
  for (const name of Object.keys(more))
    notOffered(`perMessageDeflate.${name}`, 'messages are compressed without a context, once for all who get them')
  return { minBytes: positive('perMessageDeflate.threshold', threshold, 1_024) }
}

function toCors({ methods, allowedHeaders, exposedHeaders, credentials, maxAge }: CorsOptions) {
  return {
    ...(methods !== undefined && { methods: listOf(methods) }),
    ...(allowedHeaders !== undefined && { allowedHeaders: listOf(allowedHeaders) }),
    ...(exposedHeaders !== undefined && { exposedHeaders: listOf(exposedHeaders) }),
    ...(credentials !== undefined && { credentials }),
    ...(maxAge !== undefined && { maxAge }),
  }
}

function listOf(names: string | readonly string[]): readonly string[] {
  return typeof names === 'string' ? names.split(',').map((name) => name.trim()) : names
}

function positive(name: string, value: number | undefined, fallback: number): number {
  if (value === undefined) return fallback
  if (!(typeof value === 'number' && value > 0)) throw new RangeError(`${name} must be a number above 0`)
  return value
}

function toStandardError(what: string, error: unknown): void {
  process.stderr.write(`rollcall: ${what}: ${error instanceof Error ? error.stack : String(error)}\n`)
}
