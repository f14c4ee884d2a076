import type { Channels, Contract } from '@rollcall/core'
import { platformWebSocket } from './ambient.ts'
import type { Client } from './client.ts'
import { connect as connectAnywhere } from './connect.ts'
import type { ConnectOptions } from './options.ts'
import type { OpenWebSocket, WebSocketLike } from './web-socket.ts'

// What `@rollcall/client` is in Node. It differs in one thing: before Node 22 there is no WebSocket, so it looks for `ws`.
// A file of its own, chosen by the package's `node` condition, so that no bundler for browsers ever sees the import.

export * from './index.ts'

const webSocketOfWs: OpenWebSocket = async (url, protocols) => {
  const { WebSocket } = await import('ws').catch((cause: unknown) => {
    throw new Error('This Node has no WebSocket: install the package ws, or use Node 22', { cause })
  })
  return new WebSocket(url, protocols) as WebSocketLike
}

export function connect<C extends Channels>(
  contract: Contract<C>,
  url: string | URL,
  options: ConnectOptions = {},
): Client<C> {
  const { webSocket = platformWebSocket ?? webSocketOfWs } = options
  return connectAnywhere(contract, url, { ...options, webSocket })
}
