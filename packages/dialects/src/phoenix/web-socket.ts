import type { Refusal } from '@rollcall/core'
import type { DialectHost, Handshake, Route, UpgradeRefusal, Verdict } from 'rollcall'
import { type Connect, type Open, readWebSocketConnect } from './connect.ts'

/**
 * The endpoint's `/websocket`. Clients are judged before the upgrade: an HTTP answer makes them wait longer each time, a
 * close behind it makes them come back at once.
 */
export function webSocketRoute(path: string, host: DialectHost, maxMessageBytes: number, open: Open): Route {
  return {
    path,
    request({ headers }, response) {
      const got = JSON.stringify([headers.connection ?? 'close'])
      response.writeHead(400, { 'content-type': 'text/plain; charset=utf-8' })
      response.end(`'connection' header must contain 'upgrade', got ${got}`)
    },
    upgrade(handshake, { method }) {
      if (method !== 'GET') return { status: 400, body: `'GET' is the only method here, got ${JSON.stringify(method)}` }
      const connect = readWebSocketConnect(handshake.url, handshake.headers['sec-websocket-protocol'])
      return connect ? judged(host, connect, handshake, maxMessageBytes, open) : FORBIDDEN
    },
  }
}

const FORBIDDEN: UpgradeRefusal = { status: 403, body: '' }

async function judged(
  host: DialectHost,
  connect: Connect,
  handshake: Handshake,
  maxMessageBytes: number,
  open: Open,
): Promise<Verdict> {
  const visitor = await host.identify(connect.credentials, handshake)
  if ('refusal' in visitor) return toHttp(visitor.refusal)
  return {
    protocols: connect.protocols,
    maxMessageBytes,
    open: (transport) => open(connect, transport, handshake, visitor),
  }
}

function toHttp({ code, retryAfterMs = 1_000 }: Refusal): UpgradeRefusal {
  const headers = { 'retry-after': String(Math.ceil(retryAfterMs / 1000)) }
  if (code === 'rate_limited') return { status: 429, body: '', headers }
  if (code === 'unavailable') return { status: 503, body: '', headers }
  return code === 'internal' ? { status: 500, body: '' } : FORBIDDEN
}
