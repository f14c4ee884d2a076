// uWebSockets.js and its native publish, from an unofficial build.
import { createRequire } from 'node:module'
import { stage } from './stage.ts'

interface UwsSocket {
  getUserData(): { readonly room: string }
  subscribe(topic: string): void
  send(message: ArrayBuffer, binary: boolean): void
}
interface UwsRequest {
  getUrl(): string
  getHeader(name: string): string
}
interface UwsResponse {
  upgrade(data: object, key: string, protocol: string, extensions: string, context: unknown): void
}
interface UwsApp {
  ws(pattern: string, behaviour: object): UwsApp
  publish(topic: string, message: ArrayBuffer, binary: boolean): void
  listen(host: string, port: number, done: (socket: unknown) => void): void
}
interface Uws {
  App(): UwsApp
  us_socket_local_port(socket: unknown): number
}

const CALL = '?'.charCodeAt(0)

stage(async () => {
  const require = createRequire(new URL('../../optional/uws/', import.meta.url))
  const uws = require('uwebsockets') as Uws
  const { version } = require('uwebsockets/package.json') as { version: string }
  const app = uws.App()
  app.ws('/*', {
    idleTimeout: 120,
    maxBackpressure: 16 * 1024 * 1024,
    upgrade(response: UwsResponse, request: UwsRequest, context: unknown) {
      const header = (name: string): string => request.getHeader(name)
      const data = { room: request.getUrl().slice(1) }
      const protocol = header('sec-websocket-protocol')
      const extensions = header('sec-websocket-extensions')
      response.upgrade(data, header('sec-websocket-key'), protocol, extensions, context)
    },
    open: (socket: UwsSocket) => socket.subscribe(socket.getUserData().room),
    message(socket: UwsSocket, message: ArrayBuffer, binary: boolean) {
      if (new Uint8Array(message)[0] === CALL) socket.send(message, binary)
      else app.publish(socket.getUserData().room, message, binary)
    },
  })
  const port = await new Promise<number>((resolve) => {
    app.listen('127.0.0.1', 0, (socket) => resolve(uws.us_socket_local_port(socket)))
  })
  return { port, versions: { node: process.versions.node, uwebsockets: version } }
})
