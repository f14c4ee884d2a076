import {
  CloseCode,
  RollcallServerSession,
  type ServerSessionOptions,
  SUBPROTOCOL,
  serverSessionOptions,
} from '@rollcall/core'
import type { Transport, TransportListener } from '../transport/transport.ts'
import type { Dialect } from './dialect.ts'

/** Rollcall's own language, at `path`. Always mounted. */
export function rollcallDialect(path: string, times: Pick<ServerSessionOptions, 'pingMs' | 'deadMs'>): Dialect {
  return {
    name: 'rollcall',
    mount(host) {
      const options = serverSessionOptions({
        ...times,
        maxMessageBytes: host.limits.messageBytes,
        maxDepth: host.limits.messageDepth,
      })
      return [
        {
          path,
          upgrade(handshake, { headers }) {
            const offered = (headers['sec-websocket-protocol'] ?? '').split(',').map((name) => name.trim())
            const version = offered.find((name) => name.startsWith('rollcall.'))
            if (version === undefined) return { status: 400, body: `Offer the subprotocol ${SUBPROTOCOL}` }
            // Browsers tell a page nothing of a refused handshake: accept, and say it with a close code.
            if (!offered.includes(SUBPROTOCOL)) return { protocols: [version], open: refuseVersion }
            return {
              protocols: [SUBPROTOCOL],
              open: (transport) =>
                host.accept(transport, new RollcallServerSession(options, host.random, host.clock.now()), handshake),
            }
          },
        },
      ]
    },
  }
}

function refuseVersion(transport: Transport): TransportListener {
  transport.close(CloseCode.wrongVersion, `This server speaks ${SUBPROTOCOL}`)
  return { received() {}, drained() {}, closed() {} }
}
