import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import { type Client, type ConnectionState, connect } from '@rollcall/client'
import { channel, contract } from '@rollcall/core'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { z } from 'zod'
import { close, frame, text } from '../../support/frames.ts'

// The other direction: our client against a server that breaks the rules. Its frames are the platform's, or those of `ws`;
// what is ours is what becomes of the connection.

const chat = contract({ 'room:{room}': channel({ emit: { message: z.string() } }) })

const PATIENT = { timeout: 20_000, interval: 5 }

const undo: (() => void)[] = []
afterEach(() => {
  for (const task of undo.splice(0)) task()
})

const accept = (request: string) => {
  const key = /^sec-websocket-key: (.*)$/im.exec(request)?.[1]
  return createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64')
}

type Headers = Readonly<Record<string, string | undefined>>

/** An answer that opens a WebSocket, but for what is changed. */
const switching = (request: string, headers: Headers = {}) => {
  const all: Headers = {
    upgrade: 'websocket',
    connection: 'Upgrade',
    'sec-websocket-accept': accept(request),
    'sec-websocket-protocol': 'rollcall.v1',
    ...headers,
  }
  const lines = Object.entries(all).flatMap(([name, value]) => (value === undefined ? [] : `${name}: ${value}`))
  return `HTTP/1.1 101 Switching Protocols\r\n${lines.join('\r\n')}\r\n\r\n`
}

interface Stand {
  readonly client: Client<(typeof chat)['channels']>
  readonly states: ConnectionState[]
  /** The server's ends of the connections so far, and what came on them. */
  readonly sockets: Socket[]
  readonly requests: string[]
}

/** A client and a server that answers as it is told. */
async function meet(answer: (request: string, socket: Socket) => string | Uint8Array | null): Promise<Stand> {
  const sockets: Socket[] = []
  const requests: string[] = []
  const server: Server = createServer((socket) => {
    sockets.push(socket)
    socket.on('error', () => {})
    socket.once('data', (bytes) => {
      requests.push(`${bytes}`)
      const said = answer(`${bytes}`, socket)
      if (said === null) socket.destroy()
      else socket.write(said)
    })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const client = connect(chat, `http://127.0.0.1:${port}`, { backoff: { minMs: 5, maxMs: 10 }, openTimeoutMs: 500 })
  const states: ConnectionState[] = [client.state]
  client.subscribeState((state) => states.push(state))
  undo.push(() => {
    void client.close()
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  return { client, states, sockets, requests }
}

const kinds = ({ states }: Stand) => new Set(states.map(({ kind }) => kind))

/** It comes back, and was never open. */
async function neverOpens(stand: Stand) {
  await vi.waitFor(() => expect(stand.sockets.length).toBeGreaterThan(2), PATIENT)
  expect([...kinds(stand)].sort()).toEqual(['connecting', 'waiting'])
}

const WELCOME = `["welcome",{"connection":"c","user":{"id":"u"},"resumed":false,"pingMs":0,"deadMs":8000,"maxMessageBytes":65536}]`
const toClient = { mask: null } as const

describe('a handshake that is answered', () => {
  test('rightly opens the connection', async () => {
    const stand = await meet((request) => Buffer.concat([Buffer.from(switching(request)), text(WELCOME, toClient)]))
    await vi.waitFor(() => expect(stand.client.state.kind).toBe('open'), PATIENT)
    expect(stand.requests[0]).toMatch(/^sec-websocket-protocol: rollcall\.v1\r$/im)
    expect(stand.requests[0]).toMatch(/^sec-websocket-version: 13\r$/im)
  })

  test.each<[string, Headers]>([
    ['with a wrong accept value', { 'sec-websocket-accept': 'dGhlIHNhbXBsZSBub25jZQ==' }],
    ['without an accept value', { 'sec-websocket-accept': undefined }],
    ['without Upgrade', { upgrade: undefined }],
    ['with another Upgrade', { upgrade: 'h2c' }],
    ['with a subprotocol that was not offered', { 'sec-websocket-protocol': 'mqtt' }],
    ['without the subprotocol', { 'sec-websocket-protocol': undefined }],
    ['with an extension that was not offered', { 'sec-websocket-extensions': 'x-unknown' }],
    ['with an extension parameter that is none', { 'sec-websocket-extensions': 'permessage-deflate; constructor' }],
  ])('%s opens nothing', async (_, headers) => {
    await neverOpens(await meet((request) => switching(request, headers)))
  })

  test.each([
    '200 OK',
    '301 Moved Permanently',
    '302 Found',
    '401 Unauthorized',
    '403 Forbidden',
    '404 Not Found',
    '503 Busy',
  ])('%s opens nothing, and leads nowhere else', async (status) => {
    const stand = await meet((_, socket) => {
      const { port } = socket.address() as AddressInfo
      return `HTTP/1.1 ${status}\r\nlocation: http://127.0.0.1:${port}/elsewhere\r\ncontent-length: 0\r\n\r\n`
    })
    await neverOpens(stand)
    expect(stand.requests.every((request) => request.startsWith('GET /rollcall HTTP/1.1'))).toBe(true)
  })

  test.each([
    ['by nothing', null],
    ['by something that is not HTTP', 'SSH-2.0-OpenSSH_9.2\r\n\r\n'],
    ['by a line of 100,000 characters', `HTTP/1.1 101 ${'x'.repeat(100_000)}\r\n\r\n`],
  ])('%s opens nothing', async (_, said) => {
    await neverOpens(await meet(() => said))
  })
})

describe('a server’s frame', () => {
  test.each([
    ['that is masked', text(WELCOME)],
    ['with a reserved bit', text(WELCOME, { ...toClient, rsv: 2 })],
    ['with a reserved opcode', frame(3, 'x', toClient)],
    ['that continues nothing', frame(0, 'x', toClient)],
    ['that is not UTF-8', text(Buffer.from('eda080', 'hex'), toClient)],
    ['of 2^63 bytes', frame(2, '', { ...toClient, length: 2n ** 63n, lengthForm: 64 })],
    ['that closes with a code that is none', close(1005, '', toClient)],
    ['that closes with a reason that is not UTF-8', close(1000, Buffer.from('ff', 'hex'), toClient)],
  ])('%s fails the connection, and the client comes back', async (_, bytes) => {
    const stand = await meet((request) => Buffer.concat([Buffer.from(switching(request)), bytes]))
    await neverOpens(stand)
  })

  test('in fragments, with a ping between them, is whole', async () => {
    const half = WELCOME.length / 2
    const stand = await meet((request) =>
      Buffer.concat([
        Buffer.from(switching(request)),
        text(WELCOME.slice(0, half), { ...toClient, fin: false }),
        frame(9, 'between', toClient),
        frame(0, WELCOME.slice(half), toClient),
      ]),
    )
    await vi.waitFor(() => expect(stand.client.state.kind).toBe('open'), PATIENT)
  })
})

test('a client’s frames are masked, each with a key of its own', async () => {
  const keys = new Set<string>()
  let unmasked = 0
  await meet((request, socket) => {
    socket.on('data', (bytes) => {
      if (((bytes[1] ?? 0) & 0x80) === 0) unmasked++
      else keys.add(bytes.subarray(2, 6).toString('hex'))
    })
    return switching(request)
  })
  // No welcome comes: it gives up and says hello again.
  await vi.waitFor(() => expect(keys.size).toBeGreaterThan(3), PATIENT)
  expect(unmasked).toBe(0)
})
