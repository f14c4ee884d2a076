import { inspect } from 'node:util'
import type { Server, ServerOptions, Socket } from '@rollcall/dialects/socket.io/server'
import { describe, expect, test, vi } from 'vitest'
import { answering, becomes, type Client, collect, reported, type Stage, settled, start, tcpOf, told } from './stage.ts'

// Where ours does something else than the original, or something at all.

const open = (options: Partial<ServerOptions> = {}, prepare: (io: Server) => void = () => {}): Promise<Stage> =>
  start('ours', 'websocket', options, (io) => {
    answering(io)
    prepare(io)
  })

async function joined(stage: Stage, path = '/'): Promise<{ client: Client; socket: Socket }> {
  const connected = told(stage.io.of(path), 'connection')
  const client = await stage.join(path)
  return { client, socket: ((await connected) as [Socket])[0] }
}

describe('what an application throws', () => {
  test.each<[string, (socket: Socket) => void, string]>([
    ['in a listener', (socket) => socket.on('x', () => oops()), 'A listener of "x" failed: Error: oops'],
    ['in an async listener', (socket) => socket.on('x', async () => oops()), 'A listener of "x" failed: Error: oops'],
    [
      'in a listener for all',
      (socket) => socket.onAny((event) => event === 'x' && oops()),
      'A catch-all listener failed: Error: oops',
    ],
    [
      'in a middleware',
      (socket) => socket.use(([event], next) => (event === 'x' ? oops() : next())),
      'A middleware of a socket failed: Error: oops',
    ],
    [
      'in an async middleware',
      (socket) => socket.use(async ([event], next) => (event === 'x' ? oops() : next())),
      'A middleware of a socket failed: Error: oops',
    ],
    [
      'in a middleware that had passed',
      (socket) =>
        socket.use(([event], next) => {
          next()
          if (event === 'x') oops()
        }),
      'A middleware failed after it had called next: Error: oops',
    ],
    [
      'in an acknowledgement of nonsense',
      (socket) => socket.on('x', (answer: (value: unknown) => void) => answer(1n)),
      'A listener of "x" failed: TypeError: Do not know how to serialize a BigInt',
    ],
  ])('%s is reported, and harms nobody', async (_, prepare, report) => {
    const stage = await open({}, (io) => io.on('connection', prepare))
    const client = await stage.join()
    client.emit('x', () => {})
    await settled(client)
    await becomes(() => expect(reported).toEqual([report]))
    expect(client.connected).toBe(true)
    reported.length = 0
  })

  test('in the listener of connection is reported, and the client is connected', async () => {
    const stage = await open({}, (io) => io.on('connection', () => oops()))
    const client = await stage.join()
    await settled(client)
    expect(reported.splice(0)).toEqual(['A listener of "connection" failed: Error: oops'])
  })

  test('around the end of a socket is reported', async () => {
    const stage = await open()
    const { client, socket } = await joined(stage)
    socket.on('disconnecting', () => oops())
    socket.on('disconnect', async () => oops())
    client.disconnect()
    await becomes(() => expect(reported).toHaveLength(2))
    expect(reported.splice(0)).toEqual([
      'A listener of "disconnecting" failed: Error: oops',
      'A listener of "disconnect" failed: Error: oops',
    ])
    expect(stage.io.sockets.sockets.size).toBe(0)
  })

  test('by a client: a client’s acknowledgement that fails is the application’s', async () => {
    const stage = await open()
    const { client, socket } = await joined(stage)
    client.on('q', (answer: () => void) => answer())
    socket.emit('q', () => oops())
    await becomes(() => expect(reported).toHaveLength(1))
    expect(reported.splice(0)).toEqual(['An acknowledgement failed: Error: oops'])
  })

  test.each<[string, Parameters<Server['use']>[0]]>([
    ['throws', () => oops('secret')],
    ['rejects', (async () => oops('secret')) as never],
  ])('in a middleware that %s keeps the client out, and tells it nothing', async (_, middleware) => {
    const stage = await open({}, (io) => io.use(middleware))
    const [error] = (await told(stage.open(), 'connect_error')) as [Error]
    expect(error.message).toBe('Internal error')
    expect(reported.splice(0)).toEqual(['A middleware of / failed: Error: secret'])
  })

  test('in a function that knows namespaces keeps the client out', async () => {
    for (const knows of [() => oops(), async () => oops()]) {
      const stage = await open({}, (io) => void io.of(knows as never))
      const [error] = (await told(stage.open('/x'), 'connect_error')) as [Error]
      expect(error.message).toBe('Invalid namespace')
      expect(reported.splice(0)).toEqual(['The function that knows whether there is /x failed: Error: oops'])
    }
  })

  test('at whom it emits to: nothing is sent, and it knows', async () => {
    const stage = await open()
    const { client, socket } = await joined(stage)
    const ring: Record<string, unknown> = {}
    ring['me'] = ring
    for (const value of [1n, ring]) {
      expect(() => socket.emit('x', value)).toThrow()
      expect(() => stage.io.emit('x', value)).toThrow()
      expect(() => stage.io.to(['a', socket.id]).emit('x', value)).toThrow()
    }
    await settled(client)
  })

  test('in Engine.IO’s own places refuses the request', async () => {
    const cases: [Partial<ServerOptions>, string][] = [
      [{ allowRequest: () => oops() }, 'allowRequest failed: Error: oops'],
      [{ cors: { origin: () => oops() } }, 'cors.origin failed: Error: oops'],
    ]
    for (const [options, report] of cases) {
      const stage = await open(options)
      const extraHeaders = options.cors ? { origin: 'https://a.example' } : {}
      await told(stage.open('/', { reconnection: false, extraHeaders }), 'connect_error')
      expect(reported.splice(0)).toEqual([report])
    }
    const stage = await open()
    stage.io.engine.use(async () => oops())
    await told(stage.open('/', { reconnection: false }), 'connect_error')
    expect(reported.splice(0)).toEqual(['A middleware of the engine failed: Error: oops'])
  })

  test('in an id that cannot be one is told as a fault of the server', async () => {
    for (const id of ['a b', '', 'x;y', 'x'.repeat(200), 5, Promise.resolve('x')]) {
      const stage = await open()
      stage.io.engine.generateId = () => id as string
      await told(stage.open('/', { reconnection: false }), 'connect_error')
      expect(reported.splice(0)[0]).toContain('engine.generateId must answer')
    }
  })
})

describe('middlewares', () => {
  test('that call next twice let nobody in twice', async () => {
    const seen: string[] = []
    const stage = await open({}, (io) => {
      io.use((_, next) => {
        next()
        next()
        next(new Error('too late'))
      })
      io.on('connection', (socket) => seen.push(socket.id))
    })
    const client = await stage.join()
    await settled(client)
    expect(seen).toEqual([client.id])
  })

  test('that answer when the client is gone let nobody in', async () => {
    const waiting: (() => void)[] = []
    const seen: unknown[] = []
    const stage = await open({}, (io) => {
      io.use((_, next) => void waiting.push(() => next()))
      io.on('connection', (socket) => seen.push(socket))
    })
    const leaving = stage.open()
    const cut = stage.open()
    await becomes(() => expect(waiting).toHaveLength(2))
    leaving.disconnect()
    cut.io.engine.close()
    await becomes(() => expect(stage.io.engine.clientsCount).toBeLessThan(2))
    cut.disconnect()
    await becomes(() => expect(stage.io.engine.clientsCount).toBe(0))
    for (const next of waiting) next()
    expect([seen, stage.io.sockets.adapter.sids.size]).toEqual([[], 0])
  })

  test('may refuse with anything', async () => {
    const ring: { data?: unknown } = {}
    ring.data = ring
    const refusals: [unknown, string, unknown][] = [
      ['a text', 'a text', undefined],
      [42, '42', undefined],
      [{ message: 'an object', data: [1] }, 'an object', [1]],
      [{ message: 5 }, 'Refused', undefined],
      [Object.assign(new Error('a ring'), { data: ring }), 'a ring', undefined],
    ]
    for (const [refusal, message, data] of refusals) {
      const stage = await open({}, (io) => io.use((_, next) => next(refusal as Error)))
      const [error] = (await told(stage.open(), 'connect_error')) as [Error & { data: unknown }]
      expect([error.message, error.data]).toEqual([message, data])
    }
    expect(reported.splice(0)).toHaveLength(1)
  })
})

describe('acknowledgements', () => {
  test('that cannot come any more are not waited for', async () => {
    const stage = await open()
    const { client, socket } = await joined(stage)
    const untimed = vi.fn()
    const timed = vi.fn()
    socket.emit('never', untimed)
    socket.timeout(60_000).emit('never', timed)
    const promised = socket.emitWithAck('never').catch(String)
    const inTime = socket.timeout(60_000).emitWithAck('never').catch(String)
    client.disconnect()
    expect(await promised).toBe('Error: socket has been disconnected')
    expect(await inTime).toBe('Error: socket has been disconnected')
    expect(timed.mock.calls).toEqual([[new Error('socket has been disconnected')]])
    expect(untimed.mock.calls).toEqual([])
    await expect(socket.emitWithAck('after')).rejects.toThrow('socket has been disconnected')
  })

  test('of all are complete without those who leave', async () => {
    const stage = await open()
    const { client } = await joined(stage)
    const other = await joined(stage)
    client.on('q', (answer: (n: number) => void) => answer(1))
    other.client.on('q', () => other.client.disconnect())
    const failed = await stage.io
      .timeout(60_000)
      .emitWithAck('q')
      .catch((error: unknown) => error)
    expect(String(failed)).toBe('Error: a client was disconnected before it answered')
    expect((failed as { responses: unknown }).responses).toEqual([1])
  })

  test('of all need no timeout', async () => {
    const stage = await open()
    const { client } = await joined(stage)
    client.on('q', (answer: (n: number) => void) => answer(1))
    const answer = await new Promise((resolve) => stage.io.in('nowhere').emit('q', (...all: unknown[]) => resolve(all)))
    expect(answer).toEqual([null, []])
    const [socket] = await stage.io.fetchSockets()
    const all = await new Promise((resolve) =>
      stage.io.to(socket?.id as string).emit('q', (...args: unknown[]) => resolve(args)),
    )
    expect(all).toEqual([null, [1]])
  })

  test('after the end go nowhere', async () => {
    const stage = await open()
    const { client, socket } = await joined(stage)
    const answers: (() => void)[] = []
    socket.on('q', (answer: () => void) => answers.push(answer))
    client.emit('q', () => {})
    await becomes(() => expect(answers).toHaveLength(1))
    const gone = told(client, 'disconnect')
    socket.disconnect()
    answers[0]?.()
    await gone
    socket.emit('x')
    socket.volatile.emit('x')
    socket.disconnect(true)
    await socket.join('room')
    expect(stage.io.sockets.adapter.rooms.size).toBe(0)
  })
})

describe('util.inspect', () => {
  test('shows a socket in a few lines, whatever hangs on it', async () => {
    const stage = await open()
    const { socket } = await joined(stage)
    socket.data = { name: 'Tyr', big: 'x'.repeat(1_000_000), list: Array.from({ length: 100_000 }, (_, i) => i) }
    for (let i = 0; i < 1_000; i++) await socket.join(`room ${i}`)
    const shown = inspect(socket)
    expect(shown).toMatch(/^Socket \{/)
    expect(shown).toContain(`id: '${socket.id}'`)
    expect(shown).toContain("transport: 'websocket'")
    expect(shown).toContain("name: 'Tyr'")
    expect(shown.length).toBeLessThan(2_100)
    socket.data = Object.fromEntries(Array.from({ length: 100_000 }, (_, i) => [`key ${i}`, i]))
    expect(inspect(socket).length).toBeLessThan(2_100)
    expect(inspect(socket, { depth: Number.POSITIVE_INFINITY }).length).toBeLessThan(2_100)
  })

  test('shows the others, too', async () => {
    const stage = await open()
    const { socket } = await joined(stage)
    for (const value of [stage.io, stage.io.sockets, stage.io.engine, socket.conn, socket.client, socket.handshake])
      expect(inspect(value).length).toBeLessThan(2_500)
    expect(inspect(socket.nsp)).toBe("Namespace { name: '/', sockets: 1, rooms: 1 }")
  })
})

describe('a connection', () => {
  test('without a namespace is closed in time', async () => {
    const stage = await open({ connectTimeout: 30 }, (io) => io.use(() => {}))
    const client = stage.open('/', { reconnection: false })
    await told(client.io.engine, 'close')
    expect(stage.io.engine.clientsCount).toBe(0)
    expect(stage.io.connectTimeout()).toBe(30)
    expect(stage.io.connectTimeout(5).connectTimeout()).toBe(5)
  })

  test('that reads too slowly is closed, and counted', async () => {
    const stage = await open({ limits: { outboxBytes: 100_000 } })
    const { client, socket } = await joined(stage)
    const bystander = await stage.join()
    tcpOf(client).pause()
    const gone = told(socket, 'disconnect')
    await becomes(() => {
      for (let i = 0; i < 20; i++) socket.emit('m', 'x'.repeat(50_000))
      expect(stage.io.stats().closedAsSlow).toBe(1)
    })
    const [reason, description] = (await gone) as [string, unknown]
    expect([reason, description]).toEqual(['transport error', { description: 'the client reads too slowly' }])
    await settled(bystander)
    expect(stage.io.sockets.sockets.size).toBe(1)
    tcpOf(client).destroy()
  })

  test('takes one message that is larger than what may wait', async () => {
    const stage = await open({ limits: { outboxBytes: 1_000 } })
    const { client, socket } = await joined(stage)
    const got = collect(client, 'm')
    socket.emit('m', 'x'.repeat(100_000))
    await settled(client)
    expect(got).toHaveLength(1)
  })

  test('is in no more namespaces than it may', async () => {
    const stage = await open({ limits: { namespacesPerConnection: 2 } }, (io) => void io.of(/^\/n\d$/))
    const { client } = await joined(stage)
    const sockets = [1, 2].map((n) => client.io.socket(`/n${n}`))
    const [error] = (await told(sockets[1] as Client, 'connect_error')) as [Error]
    expect(error.message).toBe('Too many namespaces')
  })

  test('is in the way of no others: there are no more dynamic namespaces than may be', async () => {
    const stage = await open({ limits: { dynamicNamespaces: 1 } }, (io) => void io.of(/^\/n\d$/))
    await stage.join('/n1')
    const [error] = (await told(stage.open('/n2'), 'connect_error')) as [Error]
    expect(error.message).toBe('Invalid namespace')
    await stage.join('/n1')
    expect(reported.splice(0)).toHaveLength(1)
  })

  test('tells nothing of the wire', async () => {
    const stage = await open()
    const { socket } = await joined(stage)
    for (const event of ['packet', 'packetCreate', 'data', 'message'])
      expect(() => socket.conn.on(event, () => {})).toThrow(`does not offer the event "${event}"`)
    expect(() => (socket.nsp.adapter as unknown as { broadcast(): void }).broadcast()).toThrow(
      'does not offer adapter.broadcast()',
    )
  })

  test('of a parent namespace cannot be asked together', async () => {
    const stage = await open()
    const parent = stage.io.of(/^\/room-\d$/)
    expect(() => parent.timeout(1).emit('q', () => {})).toThrow('ask each of its namespaces')
  })
})

test('servers that are alone have no others to ask', async () => {
  const stage = await open()
  const heard = collect(stage.io, 'hello')
  expect(stage.io.serverSideEmit('hello', 1)).toBe(true)
  expect(await stage.io.serverSideEmitWithAck('count')).toEqual([])
  expect(heard).toEqual([])
  expect(() => stage.io.serverSideEmit('connection' as never)).toThrow('"connection" is a reserved event name')
})

function oops(message = 'oops'): never {
  throw new Error(message)
}
