// Socket.IO on several nodes, with its Redis adapter as its documentation shows it.
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createAdapter } from '@socket.io/redis-adapter'
import { createClient } from 'redis'
import { Server } from 'socket.io'
import { startRedis } from '../nodes/engine.ts'
import { nodes } from '../nodes/nodes.ts'

await nodes({
  engine: 'redis-server',
  start: startRedis,
  async open(url) {
    const publisher = createClient({ url })
    const subscriber = publisher.duplicate()
    await Promise.all([publisher.connect(), subscriber.connect()])
    const http = createServer()
    const io = new Server(http, {
      adapter: createAdapter(publisher, subscriber),
      transports: ['websocket'],
      serveClient: false,
    })
    io.engine.on('connection', (raw: { request: unknown }) => {
      raw.request = null
    })
    io.on('connection', (socket) => {
      const { room } = socket.handshake.auth as { readonly room: string }
      void socket.join(room)
      socket.on('message', (text: string) => io.to(room).emit('message', text))
    })
    http.listen({ host: '127.0.0.1', port: 0 })
    await new Promise<void>((resolve) => http.once('listening', resolve))
    return (http.address() as AddressInfo).port
  },
})
