import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import { type FaultProxy, type FaultProxyOptions, faultProxy, seededRandom } from '@rollcall/testkit'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { until } from '../support/until.ts'

/** One end of a connection, and what came out of it. */
class End {
  readonly socket: Socket
  text = ''
  ended = false
  error: string | null = null
  closed = false

  constructor(socket: Socket) {
    this.socket = socket
    socket.setEncoding('latin1')
    socket.on('data', (text: string) => {
      this.text += text
    })
    socket.on('end', () => {
      this.ended = true
    })
    socket.on('error', (error: NodeJS.ErrnoException) => {
      this.error = error.code ?? 'error'
    })
    socket.on('close', () => {
      this.closed = true
    })
  }
}

let server: Server
let arrived: End[]
let proxy: FaultProxy | null
const clients: End[] = []

beforeEach(async () => {
  arrived = []
  proxy = null
  server = createServer({ allowHalfOpen: true }, (socket) => void arrived.push(new End(socket)))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
})
afterEach(async () => {
  for (const { socket } of [...clients.splice(0), ...arrived]) socket.destroy()
  await proxy?.close()
  await new Promise<void>((resolve) => (server.listening ? server.close(() => resolve()) : resolve()))
})

const port = () => (server.address() as AddressInfo).port

async function through(options: Partial<FaultProxyOptions> = {}): Promise<[client: End, server: End]> {
  proxy ??= await faultProxy({ target: () => ({ port: port() }), random: seededRandom(1), ...options })
  const client = new End(connect({ port: proxy.port, host: '127.0.0.1', allowHalfOpen: true }))
  clients.push(client)
  const before = arrived.length
  return [client, await until(() => arrived[before])]
}

const everyByte = Array.from({ length: 256 }, (_, i) => String.fromCharCode(i)).join('')

it('bytes pass both ways, in order, also late and one by one', async () => {
  const [client, remote] = await through({ delayMs: 1, jitterMs: 3, pieceBytes: 1 })
  client.socket.write(everyByte, 'latin1')
  remote.socket.write(everyByte.repeat(3), 'latin1')
  await until(() => remote.text === everyByte && client.text === everyByte.repeat(3))
})

it('a goodbye passes behind the last byte, and the other direction lives on', async () => {
  const [client, remote] = await through({ delayMs: 5 })
  client.socket.end('last words')
  await until(() => remote.ended)
  expect(remote.text).toBe('last words')
  remote.socket.end('and mine')
  await until(() => client.ended && client.closed)
  expect(client.text).toBe('and mine')
  await until(() => proxy?.connections().length === 0)
})

it('a cut resets both sides', async () => {
  const [client, remote] = await through()
  client.socket.write('x')
  await until(() => remote.text === 'x')
  const [connection] = proxy!.connections()
  expect(connection?.whole).toBe(true)
  connection?.cut()
  expect(connection?.whole).toBe(false)
  await until(() => client.closed && remote.closed)
  expect([client.error, remote.error]).toEqual(['ECONNRESET', 'ECONNRESET'])
  await until(() => proxy?.connections().length === 0)
})

it('a stall holds everything, and loses nothing', async () => {
  const [client, remote] = await through()
  client.socket.write('a')
  await until(() => remote.text === 'a')
  const [connection] = proxy!.connections()
  const [first, second] = [connection!.stall(), connection!.stall()]
  client.socket.write('b')
  remote.socket.write('c')
  first()
  first()
  // A connection beside it works meanwhile.
  const [other, otherRemote] = await through()
  other.socket.write('d')
  await until(() => otherRemote.text === 'd')
  expect([remote.text, client.text]).toEqual(['a', ''])
  second()
  await until(() => remote.text === 'ab' && client.text === 'c')
})

it.each([
  ['client', false, true],
  ['server', true, false],
  ['both', false, false],
] as const)('half open for the %s: only the other side learns of it', async (believes, clientLearns, serverLearns) => {
  const [client, remote] = await through()
  client.socket.write('x')
  await until(() => remote.text === 'x')
  proxy!.connections()[0]?.halfOpen(believes)
  if (clientLearns) await until(() => client.closed)
  if (serverLearns) await until(() => remote.closed)
  if (!clientLearns) client.socket.write('into the void')
  if (!serverLearns) remote.socket.write('into the void')
  // What passes beside it shows that time has passed.
  const [other, otherRemote] = await through()
  other.socket.write('y')
  await until(() => otherRemote.text === 'y')
  expect([client.closed, remote.closed]).toEqual([clientLearns, serverLearns])
  expect([client.text, remote.text]).toEqual(['', 'x'])
})

it('refuses until it is told not to', async () => {
  await through()
  const undo = proxy!.refuse()
  const refused = new End(connect(proxy!.port, '127.0.0.1'))
  clients.push(refused)
  await until(() => refused.closed)
  undo()
  undo()
  const [client, remote] = await through()
  client.socket.write('in')
  await until(() => remote.text === 'in')
})

it('a server that is not there resets the client, and is reached again when it is', async () => {
  const [client] = await through()
  client.socket.destroy()
  const where = port()
  for (const { socket } of arrived) socket.destroy()
  await new Promise<void>((resolve) => server.close(() => resolve()))
  proxy!.close()
  proxy = await faultProxy({ target: () => ({ port: where }) })
  const lost = new End(connect(proxy.port, '127.0.0.1'))
  clients.push(lost)
  await until(() => lost.closed)
  await new Promise<void>((resolve) => server.listen(where, '127.0.0.1', resolve))
  const [again, remote] = await through()
  again.socket.write('back')
  await until(() => remote.text === 'back')
})

it('closing it ends what goes through it', async () => {
  const [client, remote] = await through()
  await proxy!.close()
  await until(() => client.closed && remote.closed)
  await expect(faultProxy({ target: () => ({ port: 1 }), pieceBytes: 0 })).rejects.toThrow('pieceBytes must be above 0')
})
