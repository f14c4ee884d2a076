import { type CookieOptions, cookieHeader } from './cookie.ts'
import { Cors, type CorsOptions } from './cors.ts'
import type { TransportName } from './verify.ts'

/** What Engine.IO can be told. Names are the reference's where it has one. */
export interface EngineSettings {
  /** Where clients connect; the slash at the end belongs to it. Default `/socket.io/`. */
  readonly path?: string
  /** Default `['polling', 'websocket']`. */
  readonly transports?: readonly TransportName[]
  /** Whether a client may move from polling to a WebSocket. Default true. */
  readonly allowUpgrades?: boolean
  /** How long such a move may take, in milliseconds. Default 10,000. */
  readonly upgradeTimeout?: number
  /** How long after the last answer a client is pinged, in milliseconds. Default 25,000. */
  readonly pingInterval?: number
  /** How long a client may take to answer, in milliseconds. Default 20,000. */
  readonly pingTimeout?: number
  /** A message over a WebSocket, or the body of a POST, in bytes: above it the reference's 1009 or 413. Default 1,000,000. */
  readonly maxHttpBufferSize?: number
  /** Packets in the body of one POST; above it the session is closed. Default 10,000. */
  readonly maxPacketsPerPayload?: number
  /** How long the body of a POST may take, in milliseconds. Default 30,000. */
  readonly bodyTimeout?: number
  /** Whether clients of Engine.IO 3 may connect: Socket.IO 1.x and 2.x. Default false. */
  readonly allowEIO3?: boolean
  /** Whether answers may come as scripts, for browsers without CORS. They are readable for every page. Default false. */
  readonly jsonp?: boolean
  /** For pages of other origins; `true` for the defaults. Which ones may connect is the server's `origins`. Default false. */
  readonly cors?: boolean | CorsOptions
  /** A cookie with the session's id; `true` for the defaults. Default false. */
  readonly cookie?: boolean | CookieOptions
  /** Compresses the answers to polls from `threshold` bytes (default 1,024) on; `true` for the default. Default false. */
  readonly httpCompression?: boolean | { readonly threshold?: number }
}

/** The same, complete. */
export interface EngineOptions {
  readonly path: string
  readonly transports: readonly TransportName[]
  readonly allowUpgrades: boolean
  readonly upgradeTimeoutMs: number
  readonly pingIntervalMs: number
  readonly pingTimeoutMs: number
  readonly maxPayload: number
  readonly maxPacketsPerPayload: number
  readonly bodyMs: number
  readonly allowEIO3: boolean
  readonly jsonp: boolean
  readonly cors: Cors | null
  readonly cookie: ((sid: string) => string) | null
  readonly compressBytes: number
}

/** @throws TypeError or RangeError on an option that cannot work, naming it. */
export function engineOptions(settings: EngineSettings = {}): EngineOptions {
  const transports = settings.transports ?? ['polling', 'websocket']
  const options: EngineOptions = {
    path: checkedPath(settings.path ?? '/socket.io/'),
    transports,
    allowUpgrades: (settings.allowUpgrades ?? true) && transports.includes('websocket'),
    upgradeTimeoutMs: positive('upgradeTimeout', settings.upgradeTimeout ?? 10_000),
    pingIntervalMs: positive('pingInterval', settings.pingInterval ?? 25_000),
    pingTimeoutMs: positive('pingTimeout', settings.pingTimeout ?? 20_000),
    maxPayload: positive('maxHttpBufferSize', settings.maxHttpBufferSize ?? 1_000_000),
    maxPacketsPerPayload: positive('maxPacketsPerPayload', settings.maxPacketsPerPayload ?? 10_000),
    bodyMs: positive('bodyTimeout', settings.bodyTimeout ?? 30_000),
    allowEIO3: settings.allowEIO3 ?? false,
    jsonp: settings.jsonp ?? false,
    cors: whereOn(settings.cors, (cors) => new Cors(cors)),
    cookie: whereOn(settings.cookie, cookieHeader),
    compressBytes:
      whereOn(settings.httpCompression, ({ threshold = 1_024 }) => positive('httpCompression.threshold', threshold)) ??
      Number.POSITIVE_INFINITY,
  }
  const known: readonly string[] = ['polling', 'websocket']
  if (transports.length === 0 || transports.some((name) => !known.includes(name)))
    throw new TypeError('socketIo: transports must be polling, websocket or both')
  return options
}

function whereOn<Options extends object, T>(
  setting: boolean | Options | undefined,
  make: (options: Options | Record<string, never>) => T,
): T | null {
  if (setting === undefined || setting === false) return null
  return make(setting === true ? {} : setting)
}

function positive(name: string, value: number): number {
  if (!(typeof value === 'number' && value > 0)) throw new RangeError(`socketIo: ${name} must be a number above 0`)
  return value
}

function checkedPath(path: string): string {
  if (!/^(\/[^/?#]+)+\/?$/.test(path)) throw new TypeError(`socketIo: path "${path}" must be like /socket.io/`)
  return path
}
