import type { Server, ServerOptions, Socket } from '@rollcall/dialects/socket.io/server'
import { describe, expect, test } from 'vitest'
import { answering, becomes, type Client, collect, deaden, type Stage, settled, start, tcpOf, told } from './stage.ts'

// Where recovery goes further than the original's.

/** What the official client keeps to itself. */
interface Kept {
  _pid?: string
  _lastOffset?: string
}
const kept = (client: Client): Kept => client as unknown as Kept

const open = (options: Partial<ServerOptions> = {}, prepare: (io: Server) => void = () => {}): Promise<Stage> =>
  start('ours', 'websocket', { connectionStateRecovery: {}, ...options }, (io) => {
    answering(io)
    prepare(io)
  })

/** A client that is connected, with its socket. */
async function joined(stage: Stage, path = '/', options = {}): Promise<{ client: Client; socket: Socket }> {
  const connected = told(stage.io.of(path), 'connection')
  const client = await stage.join(path, options)
  return { client, socket: ((await connected) as [Socket])[0] }
}

/** Breaks a client's connection, and waits until the server knows. */
async function cut(client: Client, socket: Socket): Promise<void> {
  const gone = told(socket, 'disconnect')
  client.io.engine.close()
  await gone
}

/** The first arguments of what a client got. */
const firsts = (got: readonly unknown[]) => got.map((args) => (Array.isArray(args) ? args[0] : args))

test('works before the first event', async () => {
  const stage = await open()
  const { client, socket } = await joined(stage)
  const got = collect(client, 'm')
  await socket.join('room')
  await cut(client, socket)
  stage.io.to('room').emit('m', 1)
  await told(client, 'connect')
  expect([client.recovered, client.id]).toEqual([true, socket.id])
  await settled(client)
  expect(firsts(got)).toEqual([1])
})

test('works again and again, and misses and doubles nothing', async () => {
  const stage = await open()
  const { client, socket: first } = await joined(stage)
  const got = collect(client, 'n')
  let socket = first
  await socket.join('room')
  let n = 0
  for (let round = 0; round < 5; round++) {
    for (let i = 0; i < 3; i++) stage.io.to('room').emit('n', n++)
    if (round % 2 === 0) await settled(client)
    const back = told(stage.io, 'connection')
    await cut(client, socket)
    stage.io.emit('n', n++)
    stage.io.to(socket.id).emit('n', n++)
    ;[socket] = (await back) as [Socket]
    stage.io.to('room').emit('n', n++)
    await becomes(() => expect(client.connected).toBe(true))
    expect(client.recovered).toBe(true)
  }
  await settled(client)
  expect(firsts(got)).toEqual(Array.from({ length: n }, (_, i) => i))
})

test('brings what was for one alone, and nothing that was for others', async () => {
  const stage = await open()
  const { client, socket } = await joined(stage)
  const got = collect(client, 'm')
  const other = await stage.join()
  await cut(client, socket)
  stage.io.to(socket.id).emit('m', 'mine')
  stage.io.to(other.id as string).emit('m', 'not mine')
  stage.io.except(socket.id).emit('m', 'not mine')
  stage.io.to('nowhere').emit('m', 'not mine')
  await told(client, 'connect')
  await settled(client)
  expect(firsts(got)).toEqual(['mine'])
})

test('brings bytes', async () => {
  const stage = await open()
  const { client, socket } = await joined(stage)
  const got = collect(client, 'm')
  await cut(client, socket)
  stage.io.emit('m', Buffer.from('abc'))
  await told(client, 'connect')
  await settled(client)
  expect(firsts(got)).toEqual([Buffer.from('abc')])
})

test('does not bring what a room was sent before the socket was in it', async () => {
  const stage = await open()
  const { client, socket } = await joined(stage)
  const got = collect(client, 'm')
  stage.io.emit('m', 'first')
  await settled(client)
  stage.io.to('late').emit('m', 'before')
  await socket.join('late')
  await cut(client, socket)
  stage.io.to('late').emit('m', 'after')
  await told(client, 'connect')
  await settled(client)
  expect(firsts(got)).toEqual(['first', 'after'])
})

test('is not broken by a volatile event that ends in a text', async () => {
  const stage = await open()
  const { client, socket } = await joined(stage)
  const got = collect(client, 'm')
  stage.io.emit('m', 1)
  stage.io.volatile.emit('v', 'text')
  socket.volatile.emit('v', 'text')
  await settled(client)
  await cut(client, socket)
  stage.io.emit('m', 2)
  await told(client, 'connect')
  await settled(client)
  expect(client.recovered).toBe(true)
  expect(firsts(got)).toEqual([1, 2])
})

test('adds nothing to events of those who do not recover, nor to what needs no place', async () => {
  const stage = await start('ours', 'websocket', {}, answering)
  const plain = await stage.join()
  const got = collect(plain, 'm')
  stage.io.emit('m', 'text')
  await settled(plain)
  expect(got).toEqual(['text'])
  const recovering = await open()
  const { client, socket } = await joined(recovering)
  const args: unknown[][] = []
  client.onAny((_, ...all) => args.push(all))
  recovering.io.volatile.emit('m', 1)
  client.on('ack', (answer: () => void) => answer())
  await socket.timeout(10_000).emitWithAck('ack')
  await settled(client)
  expect(args.map((each) => each.length)).toEqual([1, 1])
})

describe('a pid', () => {
  test('takes the session over from a connection that is dead and does not know it', async () => {
    const stage = await open()
    const { client, socket } = await joined(stage)
    const got = collect(client, 'm')
    await socket.join('room')
    stage.io.to('room').emit('m', 1)
    await settled(client)
    const { _pid: pid, _lastOffset: offset } = kept(client)
    deaden(client)
    stage.io.to('room').emit('m', 2)
    const ended = told(socket, 'disconnect')
    const next = told(stage.io, 'connection')
    const again = stage.open('/', { auth: { pid, offset } })
    const more = collect(again, 'm')
    await told(again, 'connect')
    expect(((await ended) as [string])[0]).toBe('ping timeout')
    const [back] = (await next) as [Socket]
    expect([back.recovered, back.id, back.rooms.has('room')]).toEqual([true, socket.id, true])
    stage.io.to('room').emit('m', 3)
    await settled(again)
    expect([firsts(got), firsts(more)]).toEqual([[1], [2, 3]])
    expect(stage.io.sockets.sockets.size).toBe(1)
  })

  test('of somebody who is there and answers is worth nothing', async () => {
    const stage = await open()
    const { client, socket } = await joined(stage)
    await socket.join('secret')
    const { _pid: pid } = kept(client)
    const next = told(stage.io, 'connection')
    const thief = await stage.join('/', { auth: { pid, offset: '0~x' } })
    const [other] = (await next) as [Socket]
    expect([other.recovered, other.id === socket.id, other.rooms.has('secret')]).toEqual([false, false, false])
    expect(kept(thief)._pid).not.toBe(pid)
    expect(client.connected).toBe(true)
  })

  test('is good for one of two who show it at once', async () => {
    const stage = await open()
    const { client, socket } = await joined(stage, '/', { reconnection: false })
    const { _pid: pid } = kept(client)
    await cut(client, socket)
    const sockets = collect(stage.io, 'connection') as Socket[]
    await Promise.all([stage.join('/', { auth: { pid } }), stage.join('/', { auth: { pid } })])
    expect(sockets.map(({ recovered }) => recovered).sort()).toEqual([false, true])
    expect(new Set(sockets.map(({ id }) => id)).size).toBe(2)
  })

  test.each<[string, unknown]>([
    ['unknown', 'unknown'],
    ['__proto__', '__proto__'],
    ['a number', 1],
    ['an object', { toString: 'x' }],
    ['null', null],
    ['very long', 'x'.repeat(100_000)],
  ])('that is %s is none', async (_, pid) => {
    const stage = await open()
    const next = told(stage.io, 'connection')
    await stage.join('/', { auth: { pid, offset: pid } })
    expect(((await next) as [Socket])[0].recovered).toBe(false)
  })

  test('is worth nothing to who was disconnected on purpose', async () => {
    const stage = await open()
    for (const end of [
      (_: Client, socket: Socket) => socket.disconnect(),
      (_: Client, socket: Socket) => socket.disconnect(true),
      (client: Client) => client.disconnect(),
    ]) {
      const { client, socket } = await joined(stage)
      const { _pid: pid } = kept(client)
      const gone = told(socket, 'disconnect')
      end(client, socket)
      await gone
      const next = told(stage.io, 'connection')
      await stage.join('/', { auth: { pid } })
      expect(((await next) as [Socket])[0].recovered).toBe(false)
    }
  })

  test('says nothing to another namespace', async () => {
    const stage = await open({}, (io) => void io.of('/other'))
    const { client, socket } = await joined(stage, '/', { reconnection: false })
    const { _pid: pid } = kept(client)
    await cut(client, socket)
    const next = told(stage.io.of('/other'), 'connection')
    await stage.join('/other', { auth: { pid } })
    expect(((await next) as [Socket])[0].recovered).toBe(false)
  })
})

describe('middlewares', () => {
  const judged: string[] = []
  const judging = (io: Server) => {
    judged.length = 0
    io.use((socket, next) => {
      judged.push(String(socket.recovered))
      next(banned ? new Error('banned') : undefined)
    })
  }
  let banned = false

  test('are skipped, as in the original', async () => {
    banned = false
    const stage = await open({}, judging)
    const { client, socket } = await joined(stage)
    banned = true
    await cut(client, socket)
    await told(client, 'connect')
    expect([client.recovered, judged]).toEqual([true, ['false']])
  })

  test('are asked again where that is wanted, and may refuse for good', async () => {
    banned = false
    const stage = await open({ connectionStateRecovery: { skipMiddlewares: false } }, judging)
    const { client, socket } = await joined(stage)
    await cut(client, socket)
    await told(client, 'connect')
    expect([client.recovered, judged]).toEqual([true, ['false', 'true']])
    banned = true
    const [back] = [...stage.io.sockets.sockets.values()] as [Socket]
    const refused = told(client, 'connect_error')
    await cut(client, back)
    expect(((await refused) as [Error])[0].message).toBe('banned')
    // What it had is gone with that.
    banned = false
    client.connect()
    await told(client, 'connect')
    expect(client.recovered).toBe(false)
  })

  test('that take their time lose nothing of what is sent meanwhile', async () => {
    const stage = await open({ connectionStateRecovery: { skipMiddlewares: false } }, (io) =>
      io.use((socket, next) => {
        if (!socket.recovered) return next()
        socket.nsp.emit('m', 'while judged')
        setTimeout(next, 10)
      }),
    )
    const { client, socket } = await joined(stage)
    const got = collect(client, 'm')
    await cut(client, socket)
    stage.io.emit('m', 'while away')
    await told(client, 'connect')
    await settled(client)
    expect(firsts(got)).toEqual(['while away', 'while judged'])
  })

  test('that take too long let nobody pass for recovered', async () => {
    const stage = await open({ connectionStateRecovery: { skipMiddlewares: false }, history: { messages: 2 } }, (io) =>
      io.use((socket, next) => {
        if (socket.recovered) for (let i = 0; i < 5; i++) socket.nsp.emit('m', i)
        next()
      }),
    )
    const { client, socket } = await joined(stage)
    await cut(client, socket)
    await told(client, 'connect')
    expect(client.recovered).toBe(false)
    expect(client.id).not.toBe(socket.id)
  })
})

describe('the history', () => {
  test('that does not reach back far enough makes a new socket', async () => {
    const stage = await open({ history: { messages: 2 } })
    const { client, socket } = await joined(stage)
    const got = collect(client, 'm')
    await cut(client, socket)
    for (let i = 0; i < 3; i++) stage.io.emit('m', i)
    await told(client, 'connect')
    expect([client.recovered, client.id === socket.id]).toEqual([false, false])
    await settled(client)
    expect(got).toEqual([])
  })

  test('may differ by namespace', async () => {
    const stage = await open({ history: (name) => (name === '/kept' ? {} : null) }, (io) => {
      io.of('/kept')
      io.of('/not')
    })
    const kept_ = await joined(stage, '/kept')
    const not = await joined(stage, '/not')
    expect([kept(kept_.client)._pid !== undefined, kept(not.client)._pid]).toEqual([true, undefined])
    stage.io.of('/kept').emit('m', 1)
    stage.io
      .of('/kept')
      .to('room')
      .emit('m', { a: [2] }, Buffer.from('x'))
    stage.io.of('/kept').volatile.emit('m', 3)
    expect(stage.io.of('/kept').history()).toMatchObject([{ event: 'm', args: [1] }])
    expect(stage.io.of('/kept').history({ room: 'room' })).toMatchObject([
      { event: 'm', args: [{ a: [2] }, Buffer.from('x')] },
    ])
    expect(() => stage.io.of('/not').history()).toThrow('/not keeps no history')
  })

  test('is there without recovery', async () => {
    const stage = await start('ours', 'websocket', { history: { messages: 10 } }, answering)
    const client = await stage.join()
    const got = collect(client, 'm')
    for (let i = 0; i < 12; i++) stage.io.emit('m', String(i))
    await settled(client)
    expect(got).toHaveLength(12)
    expect(got[0]).toBe('0')
    expect(stage.io.history({ last: 3 }).map(({ args }) => args)).toEqual([['9'], ['10'], ['11']])
    expect(stage.io.history()).toHaveLength(10)
  })

  test('is what was sent, whatever becomes of it', async () => {
    const stage = await open()
    const value = { n: 1 }
    stage.io.emit('m', value)
    value.n = 2
    expect(stage.io.history().map(({ args }) => args)).toEqual([[{ n: 1 }]])
  })
})

test('a namespace of a parent stays while somebody may come back to it', async () => {
  const stage = await open({ cleanupEmptyChildNamespaces: true }, (io) => {
    io.of(/^\/room-\d+$/).on('connection', (socket) => socket.on('settled', (answer: () => void) => answer()))
  })
  const made: { sockets: Map<string, Socket> }[] = []
  stage.io.on('new_namespace', (namespace) => made.push(namespace))
  const client = await stage.join('/room-1')
  const got = collect(client, 'm')
  const [socket] = [...(made[0]?.sockets.values() ?? [])] as [Socket]
  await cut(client, socket)
  stage.io.of('/room-1').emit('m', 1)
  await told(client, 'connect')
  await settled(client)
  expect([client.recovered, firsts(got), made.length]).toEqual([true, [1], 1])
})

describe('a slow client that was cut off', () => {
  const slow = async (options: Partial<ServerOptions>, each: number) => {
    const stage = await open({ history: { bytes: 100_000_000 }, ...options })
    const { client, socket } = await joined(stage)
    const got = collect(client, 'm')
    const tcp = tcpOf(client)
    tcp.pause()
    const gone = told(socket, 'disconnect')
    const text = 'x'.repeat(50_000)
    let n = 0
    await becomes(() => {
      for (let i = 0; i < each; i++) stage.io.emit('m', { n: n++, text })
      expect(stage.io.stats().closedAsSlow).toBe(1)
    })
    expect(((await gone) as [string])[0]).toBe('transport error')
    const back = told(client, 'connect')
    tcp.resume()
    await back
    await settled(client)
    return { client, all: n, got: (firsts(got) as { n: number }[]).map((one) => one.n) }
  }

  test('comes back to all that it has missed', async () => {
    const { client, all, got } = await slow({ limits: { outboxBytes: 4_000_000 } }, 4)
    expect(client.recovered).toBe(true)
    expect(got).toEqual(Array.from({ length: all }, (_, i) => i))
  })

  test('begins anew if that is more than it could be given', async () => {
    const { client, all, got } = await slow({ limits: { outboxBytes: 100_000 } }, 40)
    expect(client.recovered).toBe(false)
    expect(got.length).toBeLessThan(all)
  })
})
