// Bun's own server and its native publish. Runs under Bun.
import { roomOfPath, stage } from './stage.ts'

interface BunSocket {
  readonly data: { readonly room: string }
  subscribe(topic: string): void
  send(text: string): void
}
interface BunServer {
  readonly port: number
  upgrade(request: Request, options: { data: BunSocket['data'] }): boolean
  publish(topic: string, text: string): void
}
declare const Bun: {
  readonly version: string
  serve(options: {
    hostname: string
    port: number
    fetch(request: Request, server: BunServer): Response | undefined
    websocket: {
      idleTimeout: number
      open(socket: BunSocket): void
      message(socket: BunSocket, text: string): void
    }
  }): BunServer
}

stage(async () => {
  const server = Bun.serve({
    hostname: '127.0.0.1',
    port: 0,
    fetch(request, own) {
      const room = roomOfPath(new URL(request.url).pathname)
      return own.upgrade(request, { data: { room } }) ? undefined : new Response(null, { status: 400 })
    },
    websocket: {
      idleTimeout: 120,
      open: (socket) => socket.subscribe(socket.data.room),
      message(socket, text) {
        if (text.startsWith('?')) socket.send(text)
        else server.publish(socket.data.room, text)
      },
    },
  })
  return { port: server.port, versions: { bun: Bun.version } }
})
