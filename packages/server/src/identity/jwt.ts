import {
  createRemoteJWKSet,
  errors,
  type JWTPayload,
  type JWTVerifyGetKey,
  type JWTVerifyOptions,
  jwtVerify,
} from 'jose'
import { refuse, type User } from '../channel/handlers.ts'
import { type Authenticate, identify } from './identity.ts'

/** How tokens are checked. Exactly one of `secret` and `jwksUrl` is given. */
export interface JwtOptions {
  /** A shared secret, for HS256, HS384 or HS512: at least 32 bytes. */
  readonly secret?: string | Uint8Array
  /** Where the issuer publishes its keys. Fixed here: nothing that a token says leads to a request. */
  readonly jwksUrl?: string | URL
  /** Which algorithms are believed. Required: a token must not choose for itself. */
  readonly algorithms: readonly string[]
  /** Who must have issued the token. Required with `jwksUrl`. */
  readonly issuer?: string
  /** For whom it must be meant. */
  readonly audience?: string
  /** How far the issuer's clock may be off, in seconds. Default 60. */
  readonly clockToleranceS?: number
  /** Takes the token out of what the client sent. Default: the text itself, or its field `token`. */
  readonly token?: (credentials: unknown) => unknown
  /** Makes the user of the claims. Told to the client itself. Default: `{ id: sub, name }`. */
  readonly user?: (claims: JWTPayload) => User
  /**
   * Which sign-in the token belongs to, for `revoke({ session })`. Default: its `sid` (OpenID Connect), else its `jti`
   * (RFC 7519, section 4.1.7), which names this token alone.
   */
  readonly session?: (claims: JWTPayload) => string | undefined
}

const ASYMMETRIC = new Set([
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
  'ES512',
  'EdDSA',
  'Ed25519',
])
const SYMMETRIC = new Set(['HS256', 'HS384', 'HS512'])
// Fresh keys are fetched no more often than this, however many tokens name unknown ones, in milliseconds.
const COOLDOWN_MS = 30_000

/**
 * Authenticates by JSON Web Tokens (RFC 7519). A token that has no `exp` is refused; at `exp` the connection ends unless it
 * was refreshed. Keys are those of one issuer only, so equal key ids of two issuers cannot be mixed up.
 * @throws TypeError on options that would believe more than they say.
 */
export function jwt(options: JwtOptions): Authenticate {
  const key = keyOf(options)
  const verify: JWTVerifyOptions = {
    algorithms: [...options.algorithms],
    requiredClaims: ['exp'],
    clockTolerance: options.clockToleranceS ?? 60,
    ...(options.issuer !== undefined && { issuer: options.issuer }),
    ...(options.audience !== undefined && { audience: options.audience }),
  }
  const toToken = options.token ?? tokenIn
  const toUser = options.user ?? userOf
  const toSession = options.session ?? sessionOf
  return async ({ credentials }) => {
    const token = toToken(credentials)
    if (typeof token !== 'string' || token.length === 0) return refuse('a token is needed')
    if (token.length > 8_192) return refuse('the token is too long')
    try {
      const { payload } =
        typeof key === 'function' ? await jwtVerify(token, key, verify) : await jwtVerify(token, key, verify)
      const session = toSession(payload)
      return identify(toUser(payload), {
        expiresAt: (payload.exp ?? 0) * 1000,
        ...(payload.iat !== undefined && { issuedAt: payload.iat * 1000 }),
        ...(session !== undefined && { session }),
      })
    } catch (error) {
      if (error instanceof errors.JWKSTimeout) return refuse('the keys cannot be fetched now', { retryAfterMs: 2_000 })
      if (error instanceof errors.JWTExpired) return refuse('the token has expired')
      if (error instanceof errors.JOSEError) return refuse('the token is not valid')
      throw error
    }
  }
}

function keyOf({ secret, jwksUrl, algorithms, issuer }: JwtOptions): Uint8Array | JWTVerifyGetKey {
  if ((secret === undefined) === (jwksUrl === undefined)) throw new TypeError('jwt: give either secret or jwksUrl')
  const allowed = secret === undefined ? ASYMMETRIC : SYMMETRIC
  if (algorithms.length === 0 || !algorithms.every((name) => allowed.has(name)))
    throw new TypeError(`jwt: algorithms must be some of ${[...allowed].join(', ')}`)
  if (secret !== undefined) {
    const bytes = typeof secret === 'string' ? new TextEncoder().encode(secret) : secret
    if (bytes.length < 32) throw new TypeError('jwt: the secret must have at least 32 bytes')
    return bytes
  }
  if (issuer === undefined) throw new TypeError('jwt: with jwksUrl, issuer must be given')
  return createRemoteJWKSet(new URL(String(jwksUrl)), { cooldownDuration: COOLDOWN_MS, timeoutDuration: 5_000 })
}

function tokenIn(credentials: unknown): unknown {
  if (typeof credentials !== 'object' || credentials === null) return credentials
  return Object.hasOwn(credentials, 'token') ? (credentials as { token: unknown }).token : undefined
}

function userOf({ sub, name }: JWTPayload): User {
  if (sub === undefined) throw new errors.JWTInvalid('no sub')
  return typeof name === 'string' ? { id: sub, name } : { id: sub }
}

function sessionOf({ sid, jti }: JWTPayload): string | undefined {
  const names = [sid, jti].filter((claim) => typeof claim === 'string')
  return names[0]
}
