import { createServer, type Server } from 'node:net'

// Where systems do not look when they are asked for any port, and for the near end of a connection: nobody gets one of these
// by chance between being found here and being opened.
const FIRST = 10_000
const LAST = 32_000

/** Ports of the loopback interface that nobody has now, for programs that cannot be told to take any. */
export async function freePorts(count: number): Promise<number[]> {
  const held: Server[] = []
  // All are held until there are enough: no two are the same.
  while (held.length < count) {
    const server = await listening(FIRST + Math.floor(Math.random() * (LAST - FIRST)))
    if (server) held.push(server)
  }
  const ports = held.map((server) => (server.address() as { readonly port: number }).port)
  await Promise.all(held.map((server) => new Promise((resolve) => server.close(resolve))))
  return ports
}

function listening(port: number): Promise<Server | null> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(null))
    server.listen(port, '127.0.0.1', () => resolve(server))
  })
}
