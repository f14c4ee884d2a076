import { connect, createServer, type Socket } from 'node:net'

/** A way to a server on which everything takes longer, both ways. */
export interface SlowProxy {
  readonly port: number
  close(): void
}

/** Passes TCP on to a port of this machine, each piece `delayMs` late and in order. */
export function slowProxy(port: number, delayMs: number): Promise<SlowProxy> {
  const sockets = new Set<Socket>()
  const server = createServer((near) => {
    const far = connect(port, '127.0.0.1')
    pass(near, far)
    pass(far, near)
  })
  const pass = (from: Socket, to: Socket) => {
    sockets.add(from)
    from.setNoDelay(true)
    from.on('data', (piece) => setTimeout(() => to.writable && to.write(piece), delayMs))
    from.on('close', () => {
      sockets.delete(from)
      to.destroy()
    })
    from.on('error', () => to.destroy())
  }
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      resolve({
        port: typeof address === 'object' && address ? address.port : 0,
        close() {
          server.close()
          for (const socket of sockets) socket.destroy()
        },
      })
    })
  })
}
