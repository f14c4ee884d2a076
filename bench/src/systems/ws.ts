// `ws`, sending to each client in a loop: the broadcast of its README.
import { createRequire } from 'node:module'
import type { AddressInfo } from 'node:net'
import { WebSocket, WebSocketServer } from 'ws'
import { roomOfPath, stage } from './stage.ts'

const { version } = createRequire(import.meta.url)('ws/package.json') as { version: string }
const CALL = '?'.charCodeAt(0)

stage(async () => {
  const rooms = new Map<string, Set<WebSocket>>()
  const server = new WebSocketServer({ host: '127.0.0.1', port: 0, clientTracking: false })
  server.on('connection', (socket, request) => {
    const name = roomOfPath(request.url)
    const room = rooms.get(name) ?? new Set()
    rooms.set(name, room.add(socket))
    socket.on('message', (data: Buffer, binary) => {
      if (data[0] === CALL) socket.send(data, { binary })
      else for (const member of room) if (member.readyState === WebSocket.OPEN) member.send(data, { binary })
    })
    socket.on('error', () => undefined)
    socket.on('close', () => room.delete(socket))
  })
  await new Promise<void>((resolve) => server.once('listening', resolve))
  return { port: (server.address() as AddressInfo).port, versions: { node: process.versions.node, ws: version } }
})
