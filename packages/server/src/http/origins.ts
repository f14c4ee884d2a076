import type { IncomingMessage } from 'node:http'

/**
 * Which pages may connect. `same-host`: those served under the host and port that they connect to. A list: exact origins
 * (`https://app.example.com`), or with one wildcard for the subdomains (`https://*.example.com`, which does not stand for
 * `example.com` itself). `any`: all, which makes cookies worthless as credentials.
 */
export type Origins = 'same-host' | 'any' | readonly string[]

/** Answers whether a request may connect. Requests without Origin are not from a page, and may. */
export type OriginCheck = (request: IncomingMessage) => boolean

/** @throws TypeError on an origin that is not scheme, host and port alone. */
export function originCheck(origins: Origins): OriginCheck {
  if (origins === 'any') return () => true
  if (origins === 'same-host')
    return ({ headers }) => headers.origin === undefined || sameHost(headers.origin, headers.host)
  const exact = new Set<string>()
  const suffixes: { readonly scheme: string; readonly suffix: string }[] = []
  for (const origin of origins) {
    const [scheme, host] = origin.split('://')
    const plain = parse(origin.replace('://*.', '://'))
    if (scheme === undefined || host === undefined || !plain)
      throw new TypeError(`Origin "${origin}" must be like https://app.example.com or https://*.example.com`)
    // The dot stays: *.example.com is not for evilexample.com.
    if (host.startsWith('*.')) suffixes.push({ scheme: plain.protocol, suffix: `.${plain.host}` })
    else exact.add(plain.origin)
  }
  return ({ headers: { origin } }) => {
    if (origin === undefined) return true
    const url = parse(origin)
    if (!url) return false
    return (
      exact.has(url.origin) ||
      suffixes.some(({ scheme, suffix }) => url.protocol === scheme && url.host.endsWith(suffix))
    )
  }
}

function sameHost(origin: string, host: string | undefined): boolean {
  return (
    host !== undefined &&
    parse(origin)?.host === host.toLowerCase().replace(/:(80|443)$/, (port) => standard(origin, port))
  )
}

// URLs leave the port of their scheme out; a Host header may name it.
function standard(origin: string, port: string): string {
  return (port === ':80' && origin.startsWith('http:')) || (port === ':443' && origin.startsWith('https:')) ? '' : port
}

function parse(origin: string): URL | null {
  try {
    const url = new URL(origin)
    const bare = url.pathname === '/' && !url.search && !url.hash && !url.username && !origin.endsWith('/')
    return bare && url.host !== '' ? url : null
  } catch {
    return null
  }
}
