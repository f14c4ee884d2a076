import { once } from 'node:events'
import type { Server as HttpServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Server } from '@rollcall/dialects/socket.io/server'
import io, { type Socket } from 'socket.io-client-2'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { until } from '../../support/until.ts'

let server: Server
let url: string
let errors: string[] = []
const sockets: Socket[] = []

beforeEach(async () => {
  const own: string[] = []
  errors = own
  server = new Server({ allowEIO3: true, onError: (what, error) => void own.push(`${what}: ${String(error)}`) })
  server.listen(0)
  const http = server.httpServer as HttpServer
  if (!http.listening) await once(http, 'listening')
  url = `http://localhost:${(http.address() as AddressInfo).port}`
})

afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.disconnect()
  await server.close()
  expect(errors).toEqual([])
})

function open(transport: string, nsp = '', options: object = {}): Socket {
  const socket = io(`${url}${nsp}`, { forceNew: true, transports: [transport], ...options })
  sockets.push(socket)
  return socket
}

async function connected(transport: string, nsp = '', options: object = {}): Promise<Socket> {
  const socket = open(transport, nsp, options)
  await until(() => socket.connected, { what: 'the connection' })
  return socket
}

describe.each(['websocket', 'polling'])('a client of 2.x over %s', (transport) => {
  test('connects, is heard, answered and answers', async () => {
    server.on('connection', (socket) => {
      socket.on('say', (text: string, bytes: Buffer, answer: (text: string) => void) => {
        server.emit('heard', text, bytes)
        answer('ok')
      })
    })
    const one = await connected(transport)
    const two = await connected(transport)
    const got: unknown[][] = []
    for (const socket of [one, two]) socket.on('heard', (...args: unknown[]) => got.push(args))
    const answers: unknown[] = []
    one.emit('say', 'hi €😀', Buffer.from('abc'), (...args: unknown[]) => answers.push(args))
    await until(() => got.length === 2 && answers.length === 1)
    expect(got).toEqual(Array.from({ length: 2 }, () => ['hi €😀', Buffer.from('abc')]))
    expect(answers).toEqual([['ok']])
    two.on('sum', (...[a, b, answer]: [number, number, (sum: number) => void]) => answer(a + b))
    const [socket] = await server.in(two.id).fetchSockets()
    expect(await socket?.timeout(10_000).emitWithAck('sum', 1, 2)).toBe(3)
  })

  test('shares rooms with clients of today', async () => {
    const { io: today } = await import('socket.io-client')
    server.on('connection', (socket) => void socket.join('room'))
    const old = await connected(transport)
    const young = today(url, { transports: [transport] })
    await new Promise<void>((resolve) => young.on('connect', resolve))
    const got: unknown[] = []
    old.on('m', (...args: unknown[]) => got.push(['old', ...args]))
    young.on('m', (...args: unknown[]) => got.push(['young', ...args]))
    server.to('room').emit('m', { n: Buffer.from('x') })
    await until(() => got.length === 2)
    expect(got.sort()).toEqual([
      ['old', { n: Buffer.from('x') }],
      ['young', { n: Buffer.from('x') }],
    ])
    young.disconnect()
  })

  test('has ids that it computes itself, and its query for auth', async () => {
    const seen: unknown[] = []
    server.of('/chat').on('connection', (socket) => seen.push(socket.id, socket.handshake.auth, socket.conn.protocol))
    server.on('connection', (socket) => seen.push(socket.id, socket.handshake.query['EIO']))
    const chat = await connected(transport, '/chat?token=abc')
    await until(() => seen.length === 5)
    const [root] = seen as [string]
    expect(seen).toEqual([root, '3', `/chat#${root}`, { token: 'abc' }, 3])
    expect(chat.id).toBe(`/chat#${root}`)
  })

  test('is refused by a middleware, and by the name of a namespace', async () => {
    server.of('/no').use((_, next) => next(new Error('say please')))
    const refused: unknown[] = []
    for (const nsp of ['/no', '/nowhere']) open(transport, nsp).on('error', (...args: unknown[]) => refused.push(args))
    await until(() => refused.length === 2)
    expect(refused.flat().sort()).toEqual(['Invalid namespace', 'say please'])
  })

  test('leaves, and is disconnected', async () => {
    const reasons: string[] = []
    server.on('connection', (socket) => socket.on('disconnect', (reason) => reasons.push(reason)))
    const one = await connected(transport)
    one.disconnect()
    await until(() => reasons.length === 1)
    const two = await connected(transport)
    const seen: unknown[] = []
    two.on('disconnect', (reason: string) => seen.push(reason))
    server.disconnectSockets()
    await until(() => seen.length === 1)
    expect([reasons, seen]).toEqual([
      [expect.stringMatching(/^(client namespace disconnect|transport close)$/), 'server namespace disconnect'],
      ['io server disconnect'],
    ])
  })
})

test('is not let in where nobody said so', async () => {
  const strict = new Server(0)
  const http = strict.httpServer as HttpServer
  if (!http.listening) await once(http, 'listening')
  const { port } = http.address() as AddressInfo
  const answer = await fetch(`http://localhost:${port}/socket.io/?EIO=3&transport=polling`)
  expect([answer.status, await answer.json()]).toEqual([400, { code: 5, message: 'Unsupported protocol version' }])
  await strict.close()
})
