import { createHash, timingSafeEqual } from 'node:crypto'
import type { MiddlewareHandler } from 'hono'
import type { Api } from './options.ts'
import { problem } from './problems.ts'

/** What a token may do. */
type Right = 'all' | 'read'

/** Lets requests with a good bearer token through (RFC 6750), those of reading tokens only to read. */
export function bearer({ tokens, readTokens }: Pick<Api, 'tokens' | 'readTokens'>): MiddlewareHandler {
  const known: { readonly digest: Buffer; readonly right: Right }[] = [
    ...tokens.map((token) => ({ digest: digestOf(token), right: 'all' as const })),
    ...readTokens.map((token) => ({ digest: digestOf(token), right: 'read' as const })),
  ]

  // Digests have one length, and every one is compared: the time tells nothing of what is right in a guess.
  function rightOf(token: string): Right | null {
    const digest = digestOf(token)
    let right: Right | null = null
    for (const candidate of known) if (timingSafeEqual(candidate.digest, digest)) right ??= candidate.right
    return right
  }

  return async (c, next) => {
    const [, token] = /^bearer +([\w.~+/-]+=*) *$/i.exec(c.req.header('authorization') ?? '') ?? []
    if (token === undefined)
      return problem(
        { code: 'unauthorized', message: 'Give a token: Authorization: Bearer …' },
        { 'www-authenticate': 'Bearer realm="rollcall"' },
      )
    const right = rightOf(token)
    if (right === null)
      return problem(
        { code: 'unauthorized', message: 'This token is not valid' },
        { 'www-authenticate': 'Bearer realm="rollcall", error="invalid_token"' },
      )
    if (right === 'read' && c.req.method !== 'GET' && c.req.method !== 'HEAD')
      return problem(
        { code: 'refused', message: 'This token may only read' },
        { 'www-authenticate': 'Bearer realm="rollcall", error="insufficient_scope"' },
      )
    return next()
  }
}

function digestOf(token: string): Buffer {
  return createHash('sha256').update(token).digest()
}
