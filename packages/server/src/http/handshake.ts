import type { IncomingMessage } from 'node:http'
import type { Handshake } from '../transport/transport.ts'

/** What is kept of a request: not the request, which would keep its buffers. */
class RequestHandshake implements Handshake {
  readonly headers: Readonly<Record<string, string | undefined>>
  readonly address: string
  readonly secure: boolean
  readonly transport: string
  readonly #target: string

  constructor(request: IncomingMessage, transport: string, address: string) {
    const headers: Record<string, string | undefined> = Object.create(null)
    for (const [name, value] of Object.entries(request.headers))
      headers[name] = Array.isArray(value) ? value.join(', ') : value
    this.headers = headers
    this.address = address
    this.secure = 'encrypted' in request.socket
    this.transport = transport
    this.#target = request.url ?? '/'
  }

  get url(): URL {
    return targetUrl(this.#target)
  }
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
