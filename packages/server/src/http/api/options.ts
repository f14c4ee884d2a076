/** The HTTP API for programs in other languages. Without a token, only the health check is answered. */
export interface ApiOptions {
  /** Bearer tokens that may do everything. Several let a token be replaced while the old one is still used. */
  readonly token?: string | readonly string[]
  /** Bearer tokens that may only read: for metrics and dashboards. */
  readonly readToken?: string | readonly string[]
  /** Where it is mounted. Default `/api/v1`. */
  readonly path?: string
  /** The largest request body, in bytes. Default: the limit of clients' messages. */
  readonly bodyBytes?: number
  /** Requests with a good token that are answered a second; above it 429. Default 1,000, and twice as many at once. */
  readonly requestsPerSecond?: number
}

/** Options with their defaults, checked. */
export interface Api {
  readonly tokens: readonly string[]
  readonly readTokens: readonly string[]
  readonly path: string
  readonly bodyBytes: number
  readonly requestsPerSecond: number
}

// What a Bearer header can carry (RFC 6750 section 2.1).
const BEARER = /^[\w.~+/-]+=*$/

/** @throws TypeError or RangeError on an option that cannot work, naming it. Tokens are never part of the message. */
export function toApi(options: ApiOptions, messageBytes: number): Api {
  const path = options.path ?? '/api/v1'
  if (!/^(\/[\w.~-]+)+$/.test(path)) throw new TypeError(`api.path "${path}" must be like /api/v1`)
  const api = {
    tokens: list('api.token', options.token),
    readTokens: list('api.readToken', options.readToken),
    path,
    bodyBytes: options.bodyBytes ?? messageBytes,
    requestsPerSecond: options.requestsPerSecond ?? 1_000,
  }
  for (const name of ['bodyBytes', 'requestsPerSecond'] as const)
    if (!(api[name] > 0)) throw new RangeError(`api.${name} must be a number above 0`)
  return api
}

function list(name: string, given: string | readonly string[] | undefined): readonly string[] {
  const tokens = given === undefined ? [] : typeof given === 'string' ? [given] : given
  // An empty token comes from an environment variable that is not set: it must not open the door.
  for (const token of tokens)
    if (!BEARER.test(token)) throw new TypeError(`${name} must be letters, digits and any of -._~+/, and not be empty`)
  return tokens
}
