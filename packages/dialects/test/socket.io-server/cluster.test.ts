import { Server, type Socket } from '@rollcall/dialects/socket.io/server'
import { memoryBus } from 'rollcall'
import { describe, expect, test } from 'vitest'
import { decodeParcel, encodeParcel } from '../../src/socket.io/server/parcel.ts'
import { becomes, type Client, collect, listen, reported, type Stage, told } from './stage.ts'

// Three servers that are one to their clients.

interface World {
  readonly stages: Stage[]
  readonly clients: Client[]
  readonly sockets: Socket[]
  /** The first arguments of the event `m` that each client got, when it is as many as said. */
  got(count: number): Promise<unknown[][]>
}

async function world(prepare: (io: Server) => void = () => {}, options: object = {}): Promise<World> {
  const bus = memoryBus()
  const stages: Stage[] = []
  const clients: Client[] = []
  const sockets: Socket[] = []
  for (const name of ['a', 'b', 'c']) {
    const io = new Server({
      broker: bus.broker(name),
      nodes: { beatMs: 20, askMs: 10_000 },
      onError: (what, error) => void reported.push(`${what}: ${String(error)}`),
      ...options,
    })
    prepare(io)
    stages.push(await listen(io))
  }
  const others = stages.map(({ io }) => io.serverSideEmitWithAck('knock'))
  await becomes(async () => expect((await Promise.all(others)).length).toBe(3))
  for (const stage of stages) {
    const connected = told(stage.io, 'connection')
    const client = await stage.join('/', { auth: { n: clients.length } })
    const [socket] = (await connected) as [Socket]
    socket.data.n = clients.length
    clients.push(client)
    sockets.push(socket)
  }
  const got = clients.map((client) => collect(client, 'm'))
  const together = async (count: number) => {
    await becomes(() => expect(got.flat()).toHaveLength(count))
    return got.map((each) => [...each])
  }
  // They know each other when all of them find all sockets.
  await becomes(async () => {
    for (const { io } of stages) expect(await io.fetchSockets()).toHaveLength(3)
  })
  return { stages, clients, sockets, got: together }
}

const first = (world: World) => (world.stages[0] as Stage).io

describe('an event', () => {
  test.each<[string, (world: World) => void, unknown[][]]>([
    ['for all', (w) => first(w).emit('m', 1), [[1], [1], [1]]],
    ['for a room', (w) => first(w).to('even').emit('m', 1), [[1], [], [1]]],
    ['for all but a room', (w) => first(w).except('even').emit('m', 1), [[], [1], []]],
    [
      'for one elsewhere',
      (w) =>
        first(w)
          .to(w.sockets[2]?.id as string)
          .emit('m', 1),
      [[], [], [1]],
    ],
    [
      'for all but one elsewhere',
      (w) =>
        first(w)
          .except(w.sockets[2]?.id as string)
          .emit('m', 1),
      [[1], [1], []],
    ],
    ['of a socket for the others', (w) => w.sockets[0]?.broadcast.emit('m', 1), [[], [1], [1]]],
    ['of a socket for a room', (w) => w.sockets[0]?.to('even').emit('m', 1), [[], [], [1]]],
    ['for those here', (w) => first(w).local.emit('m', 1), [[1], [], []]],
    ['that is volatile', (w) => first(w).volatile.emit('m', 1), [[1], [1], [1]]],
    [
      'with bytes',
      (w) => first(w).emit('m', { b: Buffer.from('x') }),
      [[{ b: Buffer.from('x') }], [{ b: Buffer.from('x') }], [{ b: Buffer.from('x') }]],
    ],
    [
      'that looks like an attachment',
      (w) => first(w).emit('m', { _placeholder: true, num: 0 }),
      [[{ _placeholder: true, num: 0 }], [{ _placeholder: true, num: 0 }], [{ _placeholder: true, num: 0 }]],
    ],
  ])('%s reaches them, wherever they are', async (_, send, expected) => {
    const all = await world((io) =>
      io.on('connection', (socket) => {
        if (socket.handshake.auth['n'] % 2 === 0) void socket.join('even')
      }),
    )
    send(all)
    expect(await all.got(expected.flat().length)).toEqual(expected)
  })

  test('comes in the order in which its server sent it', async () => {
    const all = await world()
    for (let n = 0; n < 100; n++) first(all).emit('m', n)
    const numbers = Array.from({ length: 100 }, (_, n) => n)
    expect(await all.got(300)).toEqual([numbers, numbers, numbers])
  })

  test('of a namespace reaches that namespace alone', async () => {
    const all = await world((io) => void io.of('/other'))
    const other = await (all.stages[1] as Stage).join('/other')
    const heard = collect(other, 'm')
    first(all).of('/other').emit('m', 'other')
    await becomes(() => expect(heard).toEqual(['other']))
    first(all).emit('m', 'root')
    expect(await all.got(3)).toEqual([['root'], ['root'], ['root']])
    expect(heard).toHaveLength(1)
  })

  test('of a namespace with a name that no broker takes breaks nothing', async () => {
    const name = `/${'x'.repeat(300)}\u0001`
    const all = await world((io) => void io.of(name))
    first(all).of(name).emit('m', 1)
    first(all).emit('m', 2)
    expect(await all.got(3)).toEqual([[2], [2], [2]])
  })
})

describe('acknowledgements', () => {
  test('are collected from all servers', async () => {
    const all = await world()
    for (const [n, client] of all.clients.entries())
      client.on('q', (x: number, answer: (value: unknown) => void) => answer({ n: n * x, b: Buffer.from([n]) }))
    const answers = (await first(all).timeout(10_000).emitWithAck('q', 10)) as { n: number; b: Uint8Array }[]
    expect(answers.map(({ n, b }) => [n, [...b]]).sort()).toEqual([
      [0, [0]],
      [10, [1]],
      [20, [2]],
    ])
    const [remote] = await first(all)
      .in(all.sockets[1]?.id as string)
      .fetchSockets()
    expect(await remote?.timeout(10_000).emitWithAck('q', 1)).toMatchObject({ n: 1 })
  })

  test('that are missing elsewhere are missing', async () => {
    const all = await world()
    all.clients[0]?.on('q', (answer: (n: number) => void) => answer(0))
    const failed = await first(all)
      .timeout(1_000)
      .emitWithAck('q')
      .catch((error: unknown) => error)
    expect(String(failed)).toBe('Error: operation has timed out')
    expect((failed as { responses: unknown }).responses).toEqual([0])
    expect(await first(all).local.timeout(10_000).emitWithAck('q')).toEqual([0])
  })
})

describe('sockets elsewhere', () => {
  test('are described', async () => {
    const all = await world()
    await all.sockets[1]?.join('room')
    const [remote] = await first(all).in('room').fetchSockets()
    expect(remote).toMatchObject({
      id: all.sockets[1]?.id,
      data: { n: 1 },
      handshake: { auth: { n: 1 }, secure: false },
    })
    expect(remote?.rooms).toEqual(new Set([remote?.id, 'room']))
    expect(await first(all).local.fetchSockets()).toEqual([all.sockets[0]])
    expect(await first(all).allSockets()).toEqual(new Set(all.sockets.map(({ id }) => id)))
  })

  test('whose data nobody can be told are described without', async () => {
    const all = await world()
    const ring: { me?: unknown } = {}
    ring.me = ring
    ;(all.sockets[1] as Socket).data = ring
    const [remote] = await first(all)
      .in(all.sockets[1]?.id as string)
      .fetchSockets()
    expect(remote?.data).toBeNull()
    expect(reported.splice(0)).toHaveLength(1)
  })

  test('can be moved, and disconnected', async () => {
    const all = await world()
    first(all).socketsJoin(['p', 'q'])
    await becomes(async () => expect(await first(all).in('p').fetchSockets()).toHaveLength(3))
    first(all)
      .in(all.sockets[1]?.id as string)
      .socketsLeave('p')
    const [remote] = await first(all)
      .in(all.sockets[2]?.id as string)
      .fetchSockets()
    remote?.leave('p')
    await becomes(async () => expect(await first(all).in('p').fetchSockets()).toHaveLength(1))
    const ends = all.clients.map((client) => told(client, 'disconnect'))
    remote?.disconnect(true)
    expect((await ends[2])?.[0]).toBe('io server disconnect')
    first(all).in('q').disconnectSockets()
    expect((await ends[1])?.[0]).toBe('io server disconnect')
    expect((await ends[0])?.[0]).toBe('io server disconnect')
  })
})

describe('servers', () => {
  test('raise events in each other, not in themselves', async () => {
    const all = await world()
    const heard = all.stages.map(({ io }) => collect(io, 'hello'))
    first(all).serverSideEmit('hello', 1, { b: Buffer.from('x') })
    await becomes(() => expect(heard.map((each) => each.length)).toEqual([0, 1, 1]))
    expect(heard[1]).toEqual([[1, { b: Buffer.from('x') }]])
  })

  test('answer each other', async () => {
    const all = await world((io) => io.on('count', (answer: (n: number) => void) => answer(io.sockets.sockets.size)))
    expect(await first(all).serverSideEmitWithAck('count')).toEqual([1, 1])
    const [error, answers] = await new Promise<[unknown, unknown]>((resolve) =>
      first(all).serverSideEmit('count', (...args: [unknown, unknown]) => resolve(args)),
    )
    expect([error, answers]).toEqual([null, [1, 1]])
  })

  test('that have gone are not asked', async () => {
    const all = await world()
    await (all.stages[2] as Stage).io.close()
    expect(await first(all).fetchSockets()).toHaveLength(2)
    all.clients[0]?.on('q', (answer: (n: number) => void) => answer(0))
    all.clients[1]?.on('q', (answer: (n: number) => void) => answer(1))
    expect(await first(all).timeout(10_000).emitWithAck('q')).toEqual([0, 1])
    await first(all).close()
    await first(all).close()
  })

  test('live, whatever they are told', async () => {
    const bus = memoryBus()
    const stranger = bus.broker('stranger')
    const io = new Server({
      broker: bus.broker('a'),
      onError: (what, error) => void reported.push(`${what}: ${error}`),
    })
    const stage = await listen(io)
    const client = await stage.join()
    const got = collect(client, 'm')
    const head = { nsp: '/', do: 'emit' }
    for (const bytes of [
      new Uint8Array(),
      new Uint8Array([1]),
      new Uint8Array([255, 255, 255, 255]),
      new TextEncoder().encode('\0\0\0\x01\0\0\0\x02{}'),
      encodeParcel({}),
      encodeParcel({ nsp: '__proto__', do: 'emit' }, ['m']),
      encodeParcel({ ...head, do: 'nothing' }, ['m']),
      encodeParcel({ ...head, rooms: 5, except: {} }, ['m', 'odd']),
      encodeParcel({ ...head, do: 'raise' }, []),
      encodeParcel({ ...head, do: 'raise' }, ['error', 1]),
      encodeParcel({ ...head, do: 'join', rooms: ['x'] }, [{}, null]),
    ]) {
      stranger.publish('io:/', bytes)
      stranger.publish('io:', bytes)
      await stranger.ask('a', 'io:ask', bytes, 100).catch(() => {})
    }
    stranger.publish('io:/', encodeParcel({ ...head, rooms: [], except: [] }, ['m', 'last']))
    await becomes(() => expect(got.at(-1)).toBe('last'))
    expect(new Set(got)).toEqual(new Set(['odd', 'last']))
  })

  test('recover where they were: elsewhere a client begins anew', async () => {
    const all = await world(undefined, { connectionStateRecovery: {} })
    const { _pid: pid } = all.clients[0] as unknown as { _pid: string }
    const gone = told(all.sockets[0] as Socket, 'disconnect')
    all.clients[0]?.io.reconnection(false)
    all.clients[0]?.io.engine.close()
    await gone
    first(all).emit('m', 1)
    const elsewhere = told((all.stages[1] as Stage).io, 'connection')
    await (all.stages[1] as Stage).join('/', { auth: { pid } })
    expect(((await elsewhere) as [Socket])[0].recovered).toBe(false)
    const here = told(first(all), 'connection')
    const back = (all.stages[0] as Stage).open('/', { auth: { pid } })
    const heard = collect(back, 'm')
    expect(((await here) as [Socket])[0].recovered).toBe(true)
    await becomes(() => expect(heard).toHaveLength(1))
  })
})

test.each<[string, object, unknown[]]>([
  ['nothing', {}, []],
  ['values', { do: 'emit', rooms: ['a'] }, ['m', 1, null, { a: [true, '€'] }]],
  ['bytes', { x: 1 }, [Buffer.from([1, 2]), { deep: [Buffer.from('')] }]],
  ['a key __proto__', {}, [JSON.parse('{"__proto__":1}')]],
])('a parcel of %s arrives as it was', (_, head, values) => {
  expect(decodeParcel(encodeParcel(head as Record<string, unknown>, values))).toEqual({ head, values })
})

test('no part of a parcel is one', () => {
  const whole = encodeParcel({ do: 'emit' }, ['m', new Uint8Array([1, 2, 3])])
  for (let end = 0; end < whole.length; end++) expect(decodeParcel(whole.subarray(0, end))).toBeNull()
})
