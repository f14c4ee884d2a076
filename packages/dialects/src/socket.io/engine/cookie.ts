/** A cookie with the session's id, for load balancers that send all requests of a session to one server. */
export interface CookieOptions {
  /** Default `io`. */
  readonly name?: string
  /** Default `/`. */
  readonly path?: string
  /** Default true. */
  readonly httpOnly?: boolean
  /** Default `lax`. `none` needs `secure`. */
  readonly sameSite?: 'strict' | 'lax' | 'none'
  /** Default false. */
  readonly secure?: boolean
  readonly domain?: string
  /** In seconds. Default: until the browser is closed. */
  readonly maxAge?: number
}

// RFC 6265 section 4.1.1.
const TOKEN = /^[\w!#$%&'*+.^`|~-]+$/
const VALUE = /^[\x20-\x3a\x3c-\x7e]+$/

/** Makes the header of a session. @throws TypeError on what a cookie cannot be. */
export function cookieHeader(options: CookieOptions): (sid: string) => string {
  const { name = 'io', path = '/', httpOnly = true, sameSite = 'lax', secure = false, domain, maxAge } = options
  if (!TOKEN.test(name)) throw new TypeError(`socketIo: cookie.name "${name}" cannot name a cookie`)
  for (const [option, value] of Object.entries({ path, domain }))
    if (value !== undefined && !VALUE.test(value))
      throw new TypeError(`socketIo: cookie.${option} "${value}" is not valid`)
  if (maxAge !== undefined && !Number.isSafeInteger(maxAge))
    throw new RangeError('socketIo: cookie.maxAge must be a whole number of seconds')
  const site = `${sameSite.slice(0, 1).toUpperCase()}${sameSite.slice(1)}`
  const parts = [
    maxAge !== undefined && `Max-Age=${maxAge}`,
    domain !== undefined && `Domain=${domain}`,
    `Path=${path}`,
    httpOnly && 'HttpOnly',
    secure && 'Secure',
    `SameSite=${site}`,
  ].filter((part) => part !== false)
  // The id is base64url: nothing in it has to be escaped.
  return (sid) => [`${name}=${sid}`, ...parts].join('; ')
}
