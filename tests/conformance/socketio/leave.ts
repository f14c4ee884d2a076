import type { Socket } from 'socket.io-client'

/**
 * Ends clients in each of their namespaces, and forgets them: one that is in another still goes on trying, at a port that
 * the server of another test may get.
 */
export function leave(clients: Socket[]): void {
  for (const { io: manager } of clients.splice(0))
    for (const socket of Object.values((manager as unknown as { nsps: Record<string, Socket> }).nsps))
      socket.disconnect()
}
