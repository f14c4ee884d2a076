// Socket.IO with its in-memory adapter; WebSocket only, and without the request objects, as its page on memory advises.
import { createServer } from 'node:http'
import { createRequire } from 'node:module'
import type { AddressInfo } from 'node:net'
import { Server } from 'socket.io'
import { stage } from './stage.ts'

const { version } = createRequire(import.meta.url)('socket.io/package.json') as { version: string }

interface Auth {
  readonly room: string
  readonly member?: string
}

stage(async () => {
  const http = createServer()
  const io = new Server(http, { transports: ['websocket'], serveClient: false })
  io.engine.on('connection', (raw: { request: unknown }) => {
    raw.request = null
  })
  const members = new Map<string, Set<string>>()
  io.on('connection', (socket) => {
    const { room, member } = socket.handshake.auth as Auth
    void socket.join(room)
    socket.on('message', (text: string) => io.to(room).emit('message', text))
    socket.on('echo', (text: string, answer: (text: string) => void) => answer(text))
    if (member === undefined) return
    const here = members.get(room) ?? new Set()
    members.set(room, here.add(member))
    socket.emit('members', [...here])
    socket.to(room).emit('member joined', member)
    socket.on('disconnect', () => {
      here.delete(member)
      io.to(room).emit('member left', member)
    })
  })
  http.listen({ host: '127.0.0.1', port: 0 })
  await new Promise<void>((resolve) => http.once('listening', resolve))
  const { port } = http.address() as AddressInfo
  return { port, versions: { node: process.versions.node, 'socket.io': version } }
})
