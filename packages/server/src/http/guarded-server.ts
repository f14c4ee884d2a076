import { createServer, type Server, type ServerOptions } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { TlsOptions } from 'node:tls'
import type { Limits } from '../connection/limits.ts'

/** An HTTP server whose clients must come to the point: bounded headers, in bounded time. */
export function guardedServer(limits: Limits, tls: TlsOptions | undefined): Server {
  const options: ServerOptions = {
    maxHeaderSize: limits.headerBytes,
    headersTimeout: limits.headersMs,
    requestTimeout: Math.max(limits.requestMs, limits.headersMs),
    connectionsCheckingInterval: Math.min(2_000, limits.headersMs / 2),
  }
  return tls ? createTlsServer({ handshakeTimeout: limits.headersMs, ...tls, ...options }) : createServer(options)
}
