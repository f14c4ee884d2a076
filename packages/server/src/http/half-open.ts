import type { IncomingMessage, Server } from 'node:http'
import type { Socket } from 'node:net'
import type { Undo } from '@rollcall/core'
import { isLoopback } from '../connection/address.ts'

/**
 * Cuts sockets of an address that has too many which never asked for anything. One that trickles its headers holds a socket
 * until the server's `headersTimeout`; this bounds how many of them one address can hold.
 */
export function boundHalfOpen(
  server: Server,
  perAddress: number,
  exempt: (address: string) => boolean = isLoopback,
): Undo {
  const waiting = new Map<string, number>()
  const leave = (socket: Socket) => {
    const address = addresses.get(socket)
    if (address === undefined) return
    addresses.delete(socket)
    const left = (waiting.get(address) ?? 1) - 1
    if (left > 0) waiting.set(address, left)
    else waiting.delete(address)
  }
  const addresses = new Map<Socket, string>()
  const connection = (socket: Socket) => {
    const address = socket.remoteAddress ?? ''
    if (exempt(address)) return
    const count = waiting.get(address) ?? 0
    if (count >= perAddress) {
      socket.destroy()
      return
    }
    waiting.set(address, count + 1)
    addresses.set(socket, address)
    socket.once('close', () => leave(socket))
  }
  const asked = ({ socket }: IncomingMessage) => leave(socket)
  server.on('connection', connection)
  server.prependListener('request', asked)
  server.prependListener('upgrade', asked)
  return () => {
    server.off('connection', connection)
    server.off('request', asked)
    server.off('upgrade', asked)
  }
}
