import type { Answer } from 'rollcall/long-poll'

/**
 * For pages of other origins. Which ones may connect is the server's `origins`, for this as for every other way in; this
 * only tells their browsers so.
 */
export interface CorsOptions {
  /** Whether they may send cookies along. Default false. */
  readonly credentials?: boolean
  /** What a preflight is told of methods. Default: GET, HEAD, PUT, PATCH, POST, DELETE; none but GET and POST matter. */
  readonly methods?: readonly string[]
  /** Request headers that they may set. Default: whichever they ask for. */
  readonly allowedHeaders?: readonly string[]
  /** Answer headers that they may read. */
  readonly exposedHeaders?: readonly string[]
  /** How long browsers may keep the answer to a preflight, in seconds. */
  readonly maxAge?: number
}

export type Headers = Readonly<Record<string, string>>

const NONE: Headers = {}
const METHODS: readonly string[] = ['GET', 'HEAD', 'PUT', 'PATCH', 'POST', 'DELETE']

/** What is said of CORS: nothing to pages of other origins that may not connect, nor to requests without Origin. */
export class Cors {
  readonly #options: CorsOptions

  constructor(options: CorsOptions) {
    this.#options = options
  }

  /** Headers of every answer. */
  headers(origin: string | undefined, allowed: boolean): Headers {
    // Also on the answers that say no: a cache must not give one origin's answer to another one.
    if (origin === undefined || !allowed) return { vary: 'Origin' }
    const { credentials = false, exposedHeaders = [] } = this.#options
    return {
      'access-control-allow-origin': origin,
      vary: 'Origin',
      ...(credentials && { 'access-control-allow-credentials': 'true' }),
      ...(exposedHeaders.length > 0 && { 'access-control-expose-headers': exposedHeaders.join(',') }),
    }
  }

  /** The answer to a preflight. */
  preflight(asked: string | undefined): Answer {
    const { allowedHeaders, maxAge, methods = METHODS } = this.#options
    const headers = allowedHeaders ? allowedHeaders.join(',') : asked
    return {
      status: 204,
      headers: {
        'access-control-allow-methods': methods.join(','),
        ...(headers !== undefined && { 'access-control-allow-headers': headers }),
        ...(maxAge !== undefined && { 'access-control-max-age': String(maxAge) }),
      },
    }
  }
}

/** Without CORS nothing is said, and browsers keep other origins out. */
export function corsHeaders(cors: Cors | null, origin: string | undefined, allowed: boolean): Headers {
  return cors ? cors.headers(origin, allowed) : NONE
}
