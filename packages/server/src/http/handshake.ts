import type { IncomingMessage } from 'node:http'
import type { Handshake } from '../transport/transport.ts'

// Between names and values of headers, none of which can have one (RFC 9110 section 5.5).
const NUL = '\0'

/**
 * What is kept of a request for as long as its connection lives: not the request, which would keep its buffers, and its headers
 * as one text, since a table of them costs half a kilobyte that is hardly ever looked at again.
 */
class RequestHandshake implements Handshake {
  readonly address: string
  readonly secure: boolean
  readonly transport: string
  readonly #target: string
  readonly #headers: string

  constructor(request: IncomingMessage, transport: string, address: string) {
    this.address = address
    this.secure = 'encrypted' in request.socket
    this.transport = transport
    this.#target = request.url ?? '/'
    const parts: string[] = []
    for (const [name, value] of Object.entries(request.headers))
      if (value !== undefined) parts.push(name, Array.isArray(value) ? value.join(', ') : value)
    this.#headers = parts.join(NUL)
  }

  get headers(): Readonly<Record<string, string | undefined>> {
    const headers: Record<string, string | undefined> = Object.create(null)
    const parts = this.#headers.split(NUL)
    for (let i = 0; i + 1 < parts.length; i += 2) headers[parts[i] as string] = parts[i + 1]
    return headers
  }

  get url(): URL {
    return targetUrl(this.#target)
  }
}

// What needs no URL to be understood: no dots, no encoding, nothing odd.
const PLAIN = /^(?:\/[\w~-]+)+\/?(?=\?|$)/

/** The path of a request's target, as `targetUrl` has it. */
export function pathOf(target: string): string {
  return PLAIN.exec(target)?.[0] ?? targetUrl(target).pathname
}

/** A request's target as a URL. The host is a placeholder: what the client claims it to be proves nothing. */
export function targetUrl(target: string): URL {
  // A target that begins with two slashes, or is a whole URL, would be read as naming a host. URLs take a backslash for a
  // slash, proxies do not: with `/x\..\api` a request would come to a path that a proxy in front keeps to itself.
  const path = target.startsWith('/') ? target.replaceAll('\\', '%5C').replace(/^\/+/, '/') : '/'
  try {
    return new URL(path, 'http://rollcall.invalid')
  } catch {
    return new URL('http://rollcall.invalid/')
  }
}

export function handshakeOf(request: IncomingMessage, transport: string, address: string): Handshake {
  return new RequestHandshake(request, transport, address)
}
