import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { until } from '../../support/until.ts'
import { joinSocket, openSocket, RawPolling, RawSocket, RawTcp, upgradeRequest } from './raw.ts'
import { type Room, type RoomOptions, room } from './room.ts'

// Every case has a bystander: somebody in the room who must not notice anything.

let server: Room
let bystander: RawSocket
const survivors: RawSocket[] = []

beforeEach(async () => {
  server = await room({ server: { limits: { helloMs: 60_000 } } })
  bystander = (await joinSocket(server.url)).live()
})

afterEach(async () => {
  bystander.send('42["message","unharmed"]')
  await bystander.text('42["message","unharmed"')
  expect(bystander.closed).toBeNull()
  for (const each of [bystander, ...survivors.splice(0)]) each.cut()
  await until(() => server.app.stats().connections === 0, { what: 'all connections to be gone' })
  await server.close()
  expect(server.errors).toEqual([])
})

/** Another server, with another bystander. */
async function restart(options: RoomOptions): Promise<void> {
  bystander.cut()
  await server.close()
  server = await room(options)
  bystander = (await joinSocket(server.url)).live()
}

/** What is left of a session after a frame. */
async function closesWith(...frames: (string | Uint8Array)[]): Promise<void> {
  const socket = await joinSocket(server.url)
  socket.send(...frames)
  expect(await socket.end()).toBe(1005)
}

async function survives(...frames: (string | Uint8Array)[]): Promise<RawSocket> {
  const socket = await joinSocket(server.url)
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
    '451e1-["x"]',
    '4511-["x"]',
    '450x1-["x"]',
    '42["x"',
    '42["x"]trailing',
    '42/nowhere,["x"]',
    '41{}',
    `42["message",${'['.repeat(6_000)}${']'.repeat(6_000)}]`,
    `42["anything",${'{"a":'.repeat(100)}1${'}'.repeat(100)}]`,
  ])('%s', async (frame) => {
    await closesWith(frame)
  })

  test.each(['42["message","early"]', '40[1]', '40null', '40"x"', '41', '431[1]', '44{}', '451-["x"]', '4'])(
    'before any connect: %s',
    async (frame) => {
      const socket = await openSocket(server.url)
      socket.send(frame, ...(frame.startsWith('45') ? [new Uint8Array([1])] : []))
      expect(await socket.end()).toBe(1005)
    },
  )

  test.each(['5', '-1', '"splice"', '0.5', '1', 'null', '{}'])('the attachment number %s', async (num) => {
    await closesWith(`451-["anything",{"_placeholder":true,"num":${num}}]`, new Uint8Array([1]))
  })

  test('text among attachments', async () => {
    await closesWith(`452-["anything",${PLACEHOLDER}]`, new Uint8Array([1]), '42["message","x"]')
  })

  test('attachments beyond their bytes', async () => {
    await restart({ socketIo: { maxAttachmentBytes: 1_000 } })
    const socket = await joinSocket(server.url)
    socket.send(`4510-["anything",${PLACEHOLDER}]`, new Uint8Array(600), new Uint8Array(401))
    expect(await socket.end()).toBe(1005)
  })
})

describe('a packet that is tolerated', () => {
  test.each([
    '42[1,2]',
    '42[""]',
    '43',
    '43[1]',
    '43999[1]',
    '42["error","x"]',
    '42["connection"]',
    '42["__proto__",1]',
    '42["constructor",1]',
    '42["toString",1]',
    '42["anything",1e999]',
    '42["anything",{"a":1,"a":2}]',
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

  test('fewer placeholders than attachments', async () => {
    await survives(`452-["anything",${PLACEHOLDER}]`, new Uint8Array([1]), new Uint8Array([2]))
  })

  test('an own __proto__, and nobody’s prototype is changed', async () => {
    const socket = await survives(
      '42["anything",{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}}}]',
    )
    expect(await socket.text('42["anything"')).toContain('{"__proto__":{"polluted":1}')
    expect((Object.prototype as { polluted?: unknown }).polluted).toBeUndefined()
  })

  test('infinity comes back as null, the last of two names wins, half a character stays', async () => {
    const socket = await survives('42["anything",[1e999,{"a":1,"a":2},"\\ud800"]]')
    expect(await socket.text('42["anything"')).toContain('[null,{"a":2},"\\ud800"]')
  })

  test('an unknown namespace of 900 kB is told, cut', async () => {
    const socket = await survives(`40/${'x'.repeat(900_000)},`)
    expect((await socket.text('44/x')).length).toBeLessThan(400)
  })

  test('__proto__ as room, as user, as name', async () => {
    const socket = await joinSocket(server.url, '/room:__proto__', { user: '__proto__', name: '__proto__' })
    expect(await socket.text('42/room:__proto__,["presence_state"')).toContain('"key":"__proto__"')
    socket.send('42/room:__proto__,["message","__proto__"]')
    await socket.text('42/room:__proto__,["message","__proto__"')
    socket.cut()
  })
})

describe('too much', () => {
  test('490,000 packets in one body end their session, and cost next to nothing', async () => {
    const client = await RawPolling.open(server.url)
    // Time of this process: others may have the machine meanwhile.
    const started = process.cpuUsage()
    const { status } = await client.post('3\x1e'.repeat(490_000))
    expect(status).toBe(400)
    const { user, system } = process.cpuUsage(started)
    expect((user + system) / 1_000).toBeLessThan(1_000)
    expect((await client.get()).status).toBe(400)
  })

  test('10,000 packets are read', async () => {
    const client = await RawPolling.open(server.url)
    await client.say(`40${'\x1e3'.repeat(9_999)}`)
    expect(await client.poll()).toContain('40{')
    await client.say('1')
  })

  test('unknown namespaces without end close the connection', async () => {
    const socket = await openSocket(server.url)
    for (let i = 0; i < 100; i++) socket.send(`40/unknown${i},`)
    expect(await socket.end()).toBe(1005)
    expect(socket.got.length).toBeLessThan(70)
  })

  test('namespaces without end are refused beyond their number', async () => {
    const socket = await joinSocket(server.url)
    for (let i = 0; i < 150; i++) socket.send(`40/live:${i},`)
    await socket.text(/^44\/live:\d+,\{"message":"[^"]+","data":\{"code":"too_many_channels"/)
    expect(server.app.stats().channels).toBeLessThanOrEqual(130)
    socket.cut()
  })

  test('events without end are refused, and then the connection is closed', async () => {
    const socket = await joinSocket(server.url)
    for (let i = 0; i < 1_500; i++) socket.send('42["nope"]')
    expect(await socket.end()).toBe(1005)
  })

  test('a peer that never reads is closed, and holds no more than its bound', async () => {
    const socket = await joinSocket(server.url, '/live:a', { user: 'lazy' })
    socket.pause()
    const text = 'x'.repeat(50_000)
    await until(
      async () => {
        for (let i = 0; i < 20; i++) await server.app.channel('live:a').emit('message', text)
        return server.app.stats().closedAsSlow === 1
      },
      { deadlineMs: 30_000 },
    )
    socket.cut()
  })
})

describe('what never ends', () => {
  test('a body', async () => {
    await restart({ socketIo: { bodyTimeout: 200 } })
    const client = await RawPolling.open(server.url)
    const slow = new RawTcp(server.port)
    slow.send(
      `POST /socket.io/?EIO=4&transport=polling&sid=${client.sid} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\n42`,
    )
    await slow.end()
    expect((await client.get()).status).toBe(400)
  })

  test('a connection without a connect', async () => {
    await restart({ socketIo: { connectTimeout: 2_000 } })
    const socket = await openSocket(server.url)
    expect(await socket.end()).toBe(1005)
    const client = await RawPolling.open(server.url)
    expect(await client.poll()).toBe('1')
  })

  test('a group of attachments', async () => {
    await restart({ socketIo: { attachmentTimeout: 300 } })
    const socket = await joinSocket(server.url)
    socket.send(`452-["anything",${PLACEHOLDER}]`, new Uint8Array([1]))
    expect(await socket.end()).toBe(1005)
  })

  test('a half-open peer', async () => {
    await restart({ socketIo: { pingInterval: 300, pingTimeout: 2_000 } })
    const half = await joinSocket(server.url)
    half.pause()
    await until(() => server.app.stats().connections === 1)
    half.cut()
  })
})

describe('a socket that is reset', () => {
  test('on a foreign path of upgrade, at once', async () => {
    for (const target of ['/elsewhere', '/socket.io', '/socket.io/?EIO=4&transport=websocket', '/socket.io/?EIO=9']) {
      for (let i = 0; i < 20; i++) {
        const tcp = new RawTcp(server.port)
        await new Promise((resolve) => tcp.socket.once('connect', resolve))
        tcp.send(upgradeRequest(target))
        tcp.socket.resetAndDestroy()
      }
    }
    const answer = await new RawTcp(server.port).send(upgradeRequest('/elsewhere')).end()
    expect(answer).toMatch(/^HTTP\/1.1 404 /)
  })

  test('in the middle of a handshake, a poll, a post', async () => {
    // A handshake whose answer nobody took is nobody's session until it has to say hello.
    await restart({ server: { limits: { helloMs: 2_000 } } })
    const client = await RawPolling.open(server.url)
    await client.say('40')
    const target = `/socket.io/?EIO=4&transport=polling&sid=${client.sid}`
    for (const request of [
      'GET /socket.io/?EIO=4&transport=polling HTTP/1.1\r\nHost: localhost\r\n\r\n',
      `GET ${target} HTTP/1.1\r\nHost: localhost\r\n\r\n`,
      `POST ${target} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n42`,
    ]) {
      const tcp = new RawTcp(server.port)
      await new Promise((resolve) => tcp.socket.once('connect', resolve))
      const before = server.requests()
      tcp.send(request)
      await until(() => server.requests() > before)
      tcp.socket.resetAndDestroy()
    }
    await client.post('1')
  })
})

test('random frames, over a WebSocket and over polling, harm nobody but their sender', async () => {
  const text = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 60 }),
    fc
      .tuple(
        fc.constantFrom('40', '41', '42', '43', '44', '451-', '461-', '4', '2', '3', '5', 'b', ''),
        fc.constantFrom('', '/room:x,', '/,', '7', '/room:x,1'),
        fc.oneof(
          fc.json({ maxDepth: 3 }),
          fc.constantFrom('["message","x"]', '["anything",{}]', `["anything",${PLACEHOLDER}]`),
        ),
      )
      .map((parts) => parts.join('')),
  )
  const frames = fc.array(fc.oneof({ weight: 4, arbitrary: text }, fc.uint8Array({ maxLength: 30 })), { maxLength: 8 })
  await fc.assert(
    fc.asyncProperty(frames, async (sent) => {
      const socket = await joinSocket(server.url)
      socket.send(...sent)
      socket.close()
      const client = await RawPolling.open(server.url)
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

test('one by one, in one segment each byte: a frame may come in pieces', async () => {
  const tcp = new RawTcp(server.port)
  tcp.socket.setNoDelay(true)
  tcp.send(upgradeRequest('/socket.io/?EIO=4&transport=websocket'))
  await until(() => tcp.got.includes('0{"sid"'))
  const frame = (text: string) =>
    Buffer.concat([Buffer.from([0x81, 0x80 | text.length, 0, 0, 0, 0]), Buffer.from(text)])
  for (const byte of frame('40')) tcp.send(new Uint8Array([byte]))
  await until(() => tcp.got.includes('40{"sid"'))
  for (const byte of frame('421["twice",4]')) tcp.send(new Uint8Array([byte]))
  await until(() => tcp.got.includes('431[8]'))
  tcp.socket.destroy()
})

test('a storm of connections leaves nothing behind', async () => {
  setFlagsFromString('--expose-gc')
  const gc = runInNewContext('gc') as () => void
  const storm = async (count: number) => {
    for (let i = 0; i < count; i++) {
      const batch = await Promise.all(
        Array.from({ length: 20 }, async (_, at) => {
          if (at % 2 === 0) return joinSocket(server.url, `/live:${i}`)
          const client = await RawPolling.open(server.url)
          await client.say(`40/live:${i},\x1e451-/live:${i},["x",${PLACEHOLDER}]`)
          return client
        }),
      )
      for (const each of batch) {
        if (each instanceof RawSocket) each.cut()
        else await each.post('1')
      }
    }
    await until(() => server.app.stats().connections === 1)
  }
  const settled = async () => {
    for (let i = 0; i < 5; i++) {
      gc()
      await new Promise((resolve) => setImmediate(resolve))
    }
    return process.memoryUsage().heapUsed
  }
  await restart({ server: { resumeMs: 50, graceMs: 10 } })
  await storm(10)
  await until(() => server.app.stats().sessions === 1)
  const before = await settled()
  await storm(40)
  await until(() => server.app.stats().sessions === 1)
  // 800 connections came and went.
  await until(async () => (await settled()) - before < 2_000_000, { what: 'memory to come back' })
}, 60_000)
