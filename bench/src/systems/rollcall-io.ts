// The program of socketio.ts, with another import: Rollcall's server API of Socket.IO.
import type { Server as HttpServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Server } from '@rollcall/dialects/socket.io/server'
import { stage } from './stage.ts'

interface Auth {
  readonly room: string
  readonly member?: string
}

stage(async () => {
  const io = new Server({
    transports: ['websocket'],
    serveClient: false,
    // A load generator is what this one protects from.
    limits: { handshakesPerSecond: 1_000_000 },
  })
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
  io.listen(0)
  const http = io.httpServer as HttpServer
  if (!http.listening) await new Promise<void>((resolve) => http.once('listening', resolve))
  const { port } = http.address() as AddressInfo
  return { port, versions: { node: process.versions.node } }
})
