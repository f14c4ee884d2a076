import type { IncomingMessage, Server } from 'node:http'
import type { Socket } from 'node:net'
import type { Undo } from '@rollcall/core'
import { isLoopback, networkOf } from '../connection/address.ts'

export interface HalfOpenOptions {
  readonly perAddress: number
  /** Of all addresses together. Default: no more than their own. */
  readonly total?: number
  /** Default: this machine's own addresses. */
  readonly exempt?: (address: string) => boolean
  /** Hears whose sockets are cut. */
  readonly cut?: (address: string) => void
}

/**
 * Cuts sockets of an address that has too many which never asked for anything, or of anybody when all have. One that trickles
 * its headers holds a socket until the server's `headersTimeout`; this bounds how many of them there can be.
 */
export function boundHalfOpen(
  server: Server,
  { perAddress, total = Number.POSITIVE_INFINITY, exempt = isLoopback, cut = () => {} }: HalfOpenOptions,
): Undo {
  const waiting = new Map<string, number>()
  // By address and port: over TLS the socket that asks is another object than the one that connected.
  const known = new Map<string, string>()
  const leave = (end: string) => {
    const address = known.get(end)
    if (address === undefined) return
    known.delete(end)
    const left = (waiting.get(address) ?? 1) - 1
    if (left > 0) waiting.set(address, left)
    else waiting.delete(address)
  }
  const connection = (socket: Socket) => {
    if (exempt(socket.remoteAddress ?? '')) return
    const address = networkOf(socket.remoteAddress ?? '')
    const count = waiting.get(address) ?? 0
    if (count >= perAddress || known.size >= total) {
      socket.destroy()
      cut(address)
      return
    }
    const end = endOf(socket)
    waiting.set(address, count + 1)
    known.set(end, address)
    socket.once('close', () => leave(end))
  }
  const asked = ({ socket }: IncomingMessage) => leave(endOf(socket))
  server.on('connection', connection)
  server.prependListener('request', asked)
  server.prependListener('upgrade', asked)
  return () => {
    server.off('connection', connection)
    server.off('request', asked)
    server.off('upgrade', asked)
  }
}

function endOf({ remoteAddress, remotePort }: Socket): string {
  return `${remoteAddress} ${remotePort}`
}
