import { once } from 'node:events'
import type { Server as HttpServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { Server, type ServerOptions } from '@rollcall/dialects/socket.io/server'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { until } from '../../support/until.ts'
import { joinSocket, openSocket, RawPolling, RawSocket, RawTcp, upgradeRequest } from '../socketio/raw.ts'

// What is done to a program of the server API. Every case has a bystander, who must not notice anything.

let io: Server
let url: string
let port: number
let bystander: RawSocket
let errors: string[] = []
const survivors: RawSocket[] = []

async function start(options: Partial<ServerOptions> = {}): Promise<void> {
  const own: string[] = []
  errors = own
  io = new Server({ onError: (what, error) => void own.push(`${what}: ${String(error)}`), ...options })
  io.of(/^\/room-\d+$/)
  io.on('connection', (socket) => {
    socket.on('message', (text) => socket.emit('message', text))
    socket.on('anything', (value) => io.emit('anything', value))
    socket.on('twice', (n, answer) => answer?.(n * 2))
    socket.on('room', async (room) => {
      await socket.join(room)
      io.to(room).emit('in', room)
    })
  })
  io.listen(0)
  const http = io.httpServer as HttpServer
  if (!http.listening) await once(http, 'listening')
  port = (http.address() as AddressInfo).port
  url = `http://localhost:${port}`
  bystander = (await joinSocket(url)).live()
}

async function restart(options: Partial<ServerOptions>): Promise<void> {
  bystander.cut()
  await io.close()
  await start(options)
}

beforeEach(() => start())

afterEach(async () => {
  bystander.send('42["message","unharmed"]')
  await bystander.text('42["message","unharmed"')
  expect(bystander.closed).toBeNull()
  for (const each of [bystander, ...survivors.splice(0)]) each.cut()
  await until(() => io.engine.clientsCount === 0, { what: 'all connections to be gone' })
  expect([io.sockets.sockets.size, io.sockets.adapter.rooms.size]).toEqual([0, 0])
  await io.close()
  expect(errors).toEqual([])
})

async function closesWith(...frames: (string | Uint8Array)[]): Promise<void> {
  const socket = await joinSocket(url)
  socket.send(...frames)
  expect(await socket.end()).toBe(1005)
}

async function survives(...frames: (string | Uint8Array)[]): Promise<RawSocket> {
  const socket = await joinSocket(url)
  survivors.push(socket)
  socket.send(...frames, '42999["twice",21]')
  await socket.text('43999[42]')
  return socket
}

const PLACEHOLDER = '{"_placeholder":true,"num":0}'

describe('a packet that closes its connection', () => {
  test.each([
    '42[]',
    '42[null]',
    '42[{}]',
    '42[true]',
    '42[{"toString":"x"}]',
    '42["connect"]',
    '42["disconnect"]',
    '42["disconnecting"]',
    '42["newListener"]',
    '42["removeListener"]',
    '42["connect_error"]',
    '42',
    '421',
    '42 ["echo",1]',
    '4210000000000000000000000["twice",1]',
    '40',
    '44{}',
    '47',
    '450-["x"]',
    '45-["x"]',
    '451.5-["x"]',
    '4511-["x"]',
    '42["x"',
    '42["x"]trailing',
    '42/nowhere,["x"]',
    '41{}',
    `42["anything",${'['.repeat(6_000)}${']'.repeat(6_000)}]`,
    `42["anything",${'{"a":'.repeat(100)}1${'}'.repeat(100)}]`,
    '',
    '9',
    '2',
    '4',
  ])('%s', async (frame) => {
    await closesWith(frame)
  })

  test.each(['42["message","early"]', '40[1]', '40null', '40"x"', '41', '431[1]', '44{}', '4'])(
    'before any connect: %s',
    async (frame) => {
      const socket = await openSocket(url)
      socket.send(frame)
      expect(await socket.end()).toBe(1005)
    },
  )

  test('attachments that are not what was announced', async () => {
    for (const num of ['5', '-1', '"splice"', '0.5', 'null'])
      await closesWith(`451-["anything",{"_placeholder":true,"num":${num}}]`, new Uint8Array([1]))
    await closesWith(`452-["anything",${PLACEHOLDER}]`, new Uint8Array([1]), '42["message","x"]')
    await closesWith(new Uint8Array([1]))
  })

  test('attachments beyond their bytes, or that never come', async () => {
    await restart({ limits: { attachmentBytes: 1_000, attachmentMs: 200 } })
    const socket = await joinSocket(url)
    socket.send(`4510-["anything",${PLACEHOLDER}]`, new Uint8Array(600), new Uint8Array(401))
    expect(await socket.end()).toBe(1005)
    const waiting = await joinSocket(url)
    waiting.send(`452-["anything",${PLACEHOLDER}]`, new Uint8Array([1]))
    expect(await waiting.end()).toBe(1005)
  })

  test('raises the event error in the program', async () => {
    const seen: unknown[] = []
    io.on('connection', (socket) => socket.on('error', (error) => seen.push(error.message)))
    await closesWith('42["x"')
    expect(seen).toEqual(['a packet cannot be read: arguments are not JSON'])
  })
})

describe('a packet that is tolerated', () => {
  test.each([
    '42[1,2]',
    '42[""]',
    '43',
    '43[1]',
    '43999[1]',
    '430[1]',
    '42["error","x"]',
    '42["connection"]',
    '42["__proto__",1]',
    '42["constructor",1]',
    '42["toString",1]',
    '42["anything",1e999]',
    '42["anything","\\ud800"]',
    '42["anything",{"_placeholder":true,"num":0}]',
    '40/unknown,',
    '40/__proto__,',
    '3',
    '5',
    '6',
    '0{}',
  ])('%s', async (frame) => {
    await survives(frame)
  })

  test('an own __proto__, and nobody’s prototype is changed', async () => {
    const socket = await survives('42["anything",{"__proto__":{"polluted":1}}]')
    expect(await socket.text('42["anything"')).toContain('{"__proto__":{"polluted":1}')
    expect((Object.prototype as { polluted?: unknown }).polluted).toBeUndefined()
    const bytes = await survives(`451-["anything",{"__proto__":{"polluted":${PLACEHOLDER}}}]`, new Uint8Array([7]))
    expect(await bytes.text('451-["anything"')).toContain('{"__proto__":{"polluted":')
  })

  test('rooms with any name', async () => {
    for (const room of ['__proto__', 'constructor', '', 'x'.repeat(100_000)]) {
      const socket = await survives(`42["room",${JSON.stringify(room)}]`)
      await socket.text('42["in"')
      socket.cut()
    }
    await until(() => io.engine.clientsCount === 1)
    expect(io.sockets.adapter.rooms.size).toBe(1)
  })

  test('what is no name of a room', async () => {
    for (const room of ['null', '{}', '[[]]', '5', 'true', '["a",{}]']) await survives(`42["room",${room}]`)
  })

  test('an unknown namespace of 900 kB is told, cut', async () => {
    const socket = await survives(`40/${'x'.repeat(900_000)},`)
    expect((await socket.text('44/x')).length).toBeLessThan(400)
  })
})

describe('too much', () => {
  test('490,000 packets in one body', async () => {
    const client = await RawPolling.open(url)
    // Time of this process: others may have the machine meanwhile.
    const started = process.cpuUsage()
    expect((await client.post('3\x1e'.repeat(490_000))).status).toBe(400)
    const { user, system } = process.cpuUsage(started)
    expect((user + system) / 1_000).toBeLessThan(1_000)
  })

  test('a message above the limit', async () => {
    await restart({ maxHttpBufferSize: 1_000 })
    const socket = await joinSocket(url)
    socket.send(`42["message","${'x'.repeat(1_000)}"]`)
    expect(await socket.end()).toBe(1009)
    const client = await RawPolling.open(url)
    expect((await client.post(`42["${'x'.repeat(1_000)}"]`)).status).toBe(413)
    await client.say('1')
  })

  test('unknown namespaces, and namespaces, without end', async () => {
    const socket = await openSocket(url)
    for (let i = 0; i < 100; i++) socket.send(`40/unknown${i},`)
    expect(await socket.end()).toBe(1005)
    expect(socket.got.length).toBeLessThan(70)
    const many = await joinSocket(url)
    for (let i = 0; i < 150; i++) many.send(`40/room-${i},`)
    await many.text('44/room-140,{"message":"Too many namespaces"}')
    many.cut()
  })

  test('a peer that never reads is closed, and holds no more than its bound', async () => {
    await restart({ limits: { outboxBytes: 1_000_000 } })
    const socket = await joinSocket(url)
    socket.pause()
    // The bystander reads all of it, each run before the next.
    const text = 'x'.repeat(50_000)
    let sent = 0
    await until(
      () => {
        if (bystander.got.filter((frame) => String(frame).startsWith('42["m"')).length < sent) return false
        sent += 10
        for (let i = 0; i < 10; i++) io.to([...io.sockets.sockets.keys()]).emit('m', text)
        return io.stats().closedAsSlow === 1
      },
      { deadlineMs: 30_000 },
    )
    socket.cut()
  })
})

describe('what never ends', () => {
  test('a body, and a connection without a connect', async () => {
    await restart({ bodyTimeout: 200, connectTimeout: 2_000 })
    const client = await RawPolling.open(url)
    const slow = new RawTcp(port)
    slow.send(
      `POST /socket.io/?EIO=4&transport=polling&sid=${client.sid} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\n42`,
    )
    await slow.end()
    expect(await (await openSocket(url)).end()).toBe(1005)
  })

  test('a half-open peer', async () => {
    await restart({ pingInterval: 300, pingTimeout: 2_000 })
    const half = await joinSocket(url)
    half.pause()
    await until(() => io.engine.clientsCount === 1)
    half.cut()
  })

  test('a middleware of the engine, a rule on origins, allowRequest', async () => {
    io.engine.use((request, _response, next) => {
      if (request.url?.includes('hangs')) return
      next()
    })
    const hanging = new RawTcp(port)
    hanging.send(upgradeRequest('/socket.io/?EIO=4&transport=websocket&hangs=1'))
    const polling = new RawTcp(port)
    polling.send('GET /socket.io/?EIO=4&transport=polling&hangs=1 HTTP/1.1\r\nHost: localhost\r\n\r\n')
    await survives('42["message","x"]')
    hanging.socket.resetAndDestroy()
    polling.socket.resetAndDestroy()
  })
})

test('sockets that are reset, at every moment of an upgrade', async () => {
  for (const target of ['/elsewhere', '/socket.io', '/socket.io/?EIO=4&transport=websocket', '/socket.io/?EIO=9']) {
    for (let i = 0; i < 20; i++) {
      const tcp = new RawTcp(port)
      await new Promise((resolve) => tcp.socket.once('connect', resolve))
      tcp.send(upgradeRequest(target))
      tcp.socket.resetAndDestroy()
    }
  }
  expect(await new RawTcp(port).send(upgradeRequest('/elsewhere')).end()).toMatch(/^HTTP\/1.1 404 /)
})

test('random frames, over a WebSocket and over polling, harm nobody but their sender', async () => {
  const text = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 60 }),
    fc
      .tuple(
        fc.constantFrom('40', '41', '42', '43', '44', '451-', '461-', '4', '2', '3', '5', 'b', ''),
        fc.constantFrom('', '/room-1,', '/,', '7', '/room-1,1'),
        fc.oneof(
          fc.json({ maxDepth: 3 }),
          fc.constantFrom('["message","x"]', '["anything",{}]', '["room","a"]', `["anything",${PLACEHOLDER}]`),
        ),
      )
      .map((parts) => parts.join('')),
  )
  const frames = fc.array(fc.oneof({ weight: 4, arbitrary: text }, fc.uint8Array({ maxLength: 30 })), { maxLength: 8 })
  await fc.assert(
    fc.asyncProperty(frames, async (sent) => {
      const socket = await joinSocket(url)
      socket.send(...sent)
      socket.close()
      const client = await RawPolling.open(url)
      const body = sent.map((frame) =>
        typeof frame === 'string' ? frame : `b${Buffer.from(frame).toString('base64')}`,
      )
      await client.post('40')
      await client.post(body.join('\x1e'))
      await client.post('1')
      await socket.end()
    }),
    { numRuns: 150 },
  )
})

test('a storm of connections leaves nothing behind', async () => {
  setFlagsFromString('--expose-gc')
  const gc = runInNewContext('gc') as () => void
  await restart({ cleanupEmptyChildNamespaces: true, connectionStateRecovery: { maxDisconnectionDuration: 50 } })
  const storm = async (count: number) => {
    for (let i = 0; i < count; i++) {
      const batch = await Promise.all(
        Array.from({ length: 20 }, async (_, at) => {
          if (at % 2 === 0) return joinSocket(url, `/room-${i}`)
          const client = await RawPolling.open(url)
          await client.say(`40/room-${i},\x1e451-/room-${i},["x",${PLACEHOLDER}]`)
          return client
        }),
      )
      for (const each of batch) {
        if (each instanceof RawSocket) each.cut()
        else await each.post('1')
      }
    }
    await until(() => io.engine.clientsCount === 1)
  }
  const settled = async () => {
    for (let i = 0; i < 5; i++) {
      gc()
      await new Promise((resolve) => setImmediate(resolve))
    }
    return process.memoryUsage().heapUsed
  }
  await storm(10)
  const before = await settled()
  await storm(40)
  // 800 connections came and went.
  await until(async () => (await settled()) - before < 2_000_000, { what: 'memory to come back' })
}, 60_000)
