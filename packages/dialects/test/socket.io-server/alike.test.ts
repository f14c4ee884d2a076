import type { Server, Socket } from '@rollcall/dialects/socket.io/server'
import { describe, expect, test } from 'vitest'
import {
  afterwards,
  answering,
  becomes,
  type Client,
  collect,
  reported,
  type Stage,
  settled,
  start,
  told,
  type Which,
} from './stage.ts'

// What users rely on, the same for the original and for ours.

const each = (['the original', 'ours'] as const).flatMap((which) =>
  (['websocket', 'polling'] as const).map((transport) => ({ which, transport })),
)

describe.each(each)('$which over $transport', ({ which, transport }) => {
  const open = (prepare: (io: Server) => void = () => {}, options = {}): Promise<Stage> =>
    start(which as Which, transport, options, (io) => {
      answering(io)
      prepare(io)
    })

  describe('a connection', () => {
    test('has an id that its client knows, and what the client came with', async () => {
      const { io, join, port } = await open()
      const connected = told(io, 'connection')
      const client = await join('/', { auth: { token: 'abc' }, query: { a: '1', __proto__: 'x' } })
      const [socket] = (await connected) as [Socket]
      expect(socket.id).toBe(client.id)
      expect(socket.connected).toBe(true)
      expect(socket.disconnected).toBe(false)
      expect(socket.recovered).toBe(false)
      expect(socket.nsp.name).toBe('/')
      expect(socket.data).toEqual({})
      expect([...socket.rooms]).toEqual([socket.id])
      expect(socket.handshake).toMatchObject({ auth: { token: 'abc' }, secure: false, xdomain: false })
      expect(socket.handshake.query).toMatchObject({ a: '1', EIO: '4', transport })
      expect(socket.handshake.headers['host']).toBe(`localhost:${port}`)
      expect(socket.handshake.url).toContain('/socket.io/?')
      expect(socket.handshake.issued).toBeGreaterThan(1_600_000_000_000)
      expect(Number.isNaN(Date.parse(socket.handshake.time))).toBe(false)
      expect(socket.handshake.address).toContain('127.0.0.1')
      expect(socket.conn.transport.name).toBe(transport)
      expect(socket.conn.protocol).toBe(4)
      expect(socket.conn.readyState).toBe('open')
      expect(socket.conn.id).not.toBe(socket.id)
      expect(socket.request.url).toBe(socket.handshake.url)
      expect(socket.client.conn).toBe(socket.conn)
      expect(io.sockets.sockets.get(socket.id)).toBe(socket)
      expect(io.of('/')).toBe(io.sockets)
      expect(io.engine.clientsCount).toBe(1)
    })

    test('raises connect and connection, once', async () => {
      const seen: string[] = []
      const { join } = await open((io) => {
        io.on('connect', () => seen.push('connect'))
        io.on('connection', () => seen.push('connection'))
      })
      await join()
      expect(seen).toEqual(['connect', 'connection'])
    })

    test.each([
      ['client namespace disconnect', (client: { disconnect(): unknown }) => client.disconnect()],
      ['transport close', (client: { io: { engine: { close(): unknown } } }) => client.io.engine.close()],
    ])('ends with the reason %s', async (reason, end) => {
      const { io, join } = await open()
      const connected = told(io, 'connection')
      const client = await join('/', { reconnection: false })
      const [socket] = (await connected) as [Socket]
      void socket.join('room')
      const ends: unknown[] = []
      socket.on('disconnecting', (why) => ends.push(['disconnecting', why, socket.connected, [...socket.rooms]]))
      socket.on('disconnect', (why) => ends.push(['disconnect', why, socket.connected, [...socket.rooms]]))
      end(client as never)
      await becomes(() => expect(ends).toHaveLength(2))
      expect(ends).toEqual([
        ['disconnecting', reason, true, [socket.id, 'room']],
        ['disconnect', reason, false, []],
      ])
      expect(io.sockets.sockets.size).toBe(0)
    })

    test.each([
      [false, 'open'],
      [true, 'closed'],
    ])('is ended by disconnect(%s), its transport then being %s', async (close, state) => {
      const { io, join } = await open()
      const connected = told(io, 'connection')
      const client = await join()
      const [socket] = (await connected) as [Socket]
      const why = told(socket, 'disconnect')
      const seen = told(client, 'disconnect')
      socket.disconnect(close)
      expect(['open', 'closed'].includes(socket.conn.readyState) ? socket.conn.readyState : 'closed').toBe(state)
      expect(((await why) as [string])[0]).toBe('server namespace disconnect')
      expect(((await seen) as [string])[0]).toBe('io server disconnect')
    })

    test('ends with the ping timeout when the client is silent', async () => {
      const { io, join } = await open(undefined, { pingInterval: 50, pingTimeout: 1_000 })
      const connected = told(io, 'connection')
      const client = await join('/', { reconnection: false })
      const [socket] = (await connected) as [Socket]
      // It reads, and does not answer.
      client.io.engine.transport.send = () => {}
      expect(((await told(socket, 'disconnect')) as [string])[0]).toBe('ping timeout')
    })

    test('ends with the server', async () => {
      const { io, join } = await open()
      const connected = told(io, 'connection')
      const client = await join('/', { reconnection: false })
      const [socket] = (await connected) as [Socket]
      const why = told(socket, 'disconnect')
      const seen = told(client, 'disconnect')
      await io.close()
      expect(((await why) as [string])[0]).toBe('server shutting down')
      expect(['transport close', 'transport error']).toContain(((await seen) as [string])[0])
    })
  })

  describe('an event', () => {
    test.each([
      ['nothing', []],
      ['texts and numbers', ['a', 1, -0.5, true, null]],
      ['objects', [{ a: { b: [1, { c: null }] } }, []]],
      ['an empty text', ['']],
      ['what is not ASCII', ['€ 😀 \u2028', { ключ: '値' }]],
      ['a key __proto__', [JSON.parse('{"__proto__":{"a":1}}')]],
      ['something like a placeholder', [{ _placeholder: true, num: 0 }]],
    ])('carries %s both ways', async (_, args) => {
      const { join } = await open((io) =>
        io.on('connection', (socket) => socket.on('say', (...all: unknown[]) => socket.emit('heard', ...all))),
      )
      const client = await join()
      const heard = told(client, 'heard')
      client.emit('say', ...args)
      expect(await heard).toEqual(args)
    })

    test('carries bytes of every kind', async () => {
      const { io, join } = await open((io) =>
        io.on('connection', (socket) => {
          socket.on('say', (value: { one: unknown }, answer: (value: unknown, isBuffer: boolean) => void) =>
            answer(value, value.one instanceof Buffer),
          )
        }),
      )
      const client = await join()
      const echoed = await sayTo(client, { list: [Buffer.from([1, 2]), 'text'], one: new Uint8Array([3]) })
      expect(echoed).toEqual([{ list: [Buffer.from([1, 2]), 'text'], one: Buffer.from([3]) }, true])
      const heard = told(client, 'heard')
      io.emit(
        'heard',
        new Uint8Array([1]).buffer,
        new Float32Array([1]),
        Buffer.from('x'),
        new DataView(new ArrayBuffer(2)),
      )
      expect(await heard).toEqual([
        Buffer.from([1]),
        Buffer.from([0, 0, 128, 63]),
        Buffer.from('x'),
        Buffer.from([0, 0]),
      ])
    })

    test('that is undefined, a date or has toJSON is as JSON has it', async () => {
      const { io, join } = await open()
      const client = await join()
      const heard = told(client, 'heard')
      io.emit('heard', undefined, new Date(0), { toJSON: () => 'me' }, { a: undefined, b: Number.NaN })
      expect(await heard).toEqual([null, '1970-01-01T00:00:00.000Z', 'me', { b: null }])
    })

    test('is acknowledged to the client, once', async () => {
      const { join } = await open((io) =>
        io.on('connection', (socket) => {
          socket.on('sum', (a: number, b: number, answer: (...all: unknown[]) => void) => {
            answer(a + b, 'twice?')
            answer('again')
          })
        }),
      )
      const client = await join()
      const answers: unknown[] = []
      client.emit('sum', 1, 2, (...all: unknown[]) => answers.push(all))
      await settled(client)
      expect(answers).toEqual([[3, 'twice?']])
    })

    test('is acknowledged to the server', async () => {
      const { io, join } = await open()
      const connected = told(io, 'connection')
      const client = await join()
      const [socket] = (await connected) as [Socket]
      client.on('sum', (a: number, b: number, answer: (...all: unknown[]) => void) => answer(a + b, 'more'))
      expect(await new Promise((resolve) => socket.emit('sum', 1, 2, (...all: unknown[]) => resolve(all)))).toEqual([
        3,
        'more',
      ])
      expect(await socket.emitWithAck('sum', 3, 4)).toBe(7)
      expect(
        await new Promise((resolve) => socket.timeout(10_000).emit('sum', 1, 1, (...all: unknown[]) => resolve(all))),
      ).toEqual([null, 2, 'more'])
      expect(await socket.timeout(10_000).emitWithAck('sum', 5, 4)).toBe(9)
    })

    test('that is not acknowledged in time fails', async () => {
      const { io, join } = await open()
      const connected = told(io, 'connection')
      await join()
      const [socket] = (await connected) as [Socket]
      await expect(socket.timeout(20).emitWithAck('nobody')).rejects.toThrow('operation has timed out')
      const error = await new Promise((resolve) => socket.timeout(20).emit('nobody', resolve))
      expect(String(error)).toBe('Error: operation has timed out')
    })

    test('comes in the order in which it was sent', async () => {
      const { io, join } = await open((io) => io.on('connection', (socket) => void socket.join('room')))
      const client = await join()
      const got = collect(client, 'n')
      const [socket] = [...io.sockets.sockets.values()]
      for (let n = 0; n < 300; n += 3) {
        io.emit('n', n)
        socket?.emit('n', n + 1)
        io.to('room').emit('n', n + 2)
      }
      await settled(client)
      expect(got).toEqual(Array.from({ length: 300 }, (_, n) => n))
    })

    test('comes by send, write and volatile', async () => {
      const { io, join } = await open()
      const client = await join()
      const got = collect(client, 'message')
      const [socket] = [...io.sockets.sockets.values()]
      io.send('a').write('b')
      socket?.send('c').write('d').volatile.compress(false).emit('message', 'e')
      io.volatile.emit('message', 'f')
      await settled(client)
      expect(got.slice(0, 4)).toEqual(['a', 'b', 'c', 'd'])
    })

    test.each(['connect', 'connect_error', 'disconnect', 'disconnecting', 'newListener', 'removeListener'])(
      'must not be %s',
      async (event) => {
        const { io, join } = await open()
        await join()
        const [socket] = [...io.sockets.sockets.values()]
        expect(() => io.emit(event)).toThrow(`"${event}" is a reserved event name`)
        expect(() => socket?.emit(event)).toThrow(`"${event}" is a reserved event name`)
        expect(() => io.to('room').emit(event)).toThrow(`"${event}" is a reserved event name`)
      },
    )

    test.each(['error', 'connection', '__proto__', 'constructor', 'toString', 'new_namespace', 'upgrade', ''])(
      'may be %j',
      async (event) => {
        const { io, join } = await open((io) =>
          io.on('connection', (socket) => socket.on(event, (value: unknown) => socket.emit('heard', value))),
        )
        const client = await join()
        const heard = told(client, 'heard')
        client.emit(event, 1)
        expect(await heard).toEqual([1])
        // Without a listener for it, the original ends the process.
        if (event === 'error' && which !== 'ours') return
        const nobody = await join()
        io.sockets.sockets.get(nobody.id as string)?.removeAllListeners(event)
        nobody.emit(event, 1)
        await settled(client, nobody)
        expect(client.connected).toBe(true)
      },
    )
  })

  describe('rooms', () => {
    const inRooms = async (rooms: readonly (readonly string[])[]) => {
      const stage = await open()
      const clients = []
      const sockets = []
      for (const names of rooms) {
        const connected = told(stage.io, 'connection')
        clients.push(await stage.join())
        const [socket] = (await connected) as [Socket]
        await socket.join(names as string[])
        sockets.push(socket)
      }
      const got = clients.map((client) => collect(client, 'm'))
      return { ...stage, clients, sockets, got }
    }

    test.each<[string, (io: Server, ids: string[]) => void, number[]]>([
      ['all', (io) => io.emit('m', 1), [1, 1, 1, 1]],
      ['a room', (io) => io.to('a').emit('m', 1), [1, 1, 0, 0]],
      ['a room, by in', (io) => io.in('b').emit('m', 1), [0, 1, 1, 0]],
      ['two rooms, each socket once', (io) => io.to('a').to('b').emit('m', 1), [1, 1, 1, 0]],
      ['a list of rooms', (io) => io.to(['a', 'b']).emit('m', 1), [1, 1, 1, 0]],
      ['all but a room', (io) => io.except('a').emit('m', 1), [0, 0, 1, 1]],
      ['a room but for another', (io) => io.to('a').except('b').emit('m', 1), [1, 0, 0, 0]],
      ['all but a list', (io) => io.except(['a', 'b']).emit('m', 1), [0, 0, 0, 1]],
      ['nobody', (io) => io.to('nowhere').emit('m', 1), [0, 0, 0, 0]],
      ['one, by its id', (io, ids) => io.to(ids[2] as string).emit('m', 1), [0, 0, 1, 0]],
      ['one and a room with it', (io, ids) => io.to([ids[0] as string, 'a']).emit('m', 1), [1, 1, 0, 0]],
      ['all but one', (io, ids) => io.except(ids[3] as string).emit('m', 1), [1, 1, 1, 0]],
      [
        'a room but one of it',
        (io, ids) =>
          io
            .to('a')
            .except(ids[0] as string)
            .emit('m', 1),
        [0, 1, 0, 0],
      ],
      [
        'a room but one of another',
        (io, ids) =>
          io
            .to('a')
            .except(ids[3] as string)
            .emit('m', 1),
        [1, 1, 0, 0],
      ],
      ['all but nobody', (io) => io.except('nowhere').emit('m', 1), [1, 1, 1, 1]],
      ['all but nobody by a list', (io) => io.except(['nowhere', 'neither']).emit('m', 1), [1, 1, 1, 1]],
      ['local ones', (io) => io.local.emit('m', 1), [1, 1, 1, 1]],
    ])('reach %s', async (_, send, expected) => {
      const { io, clients, sockets, got } = await inRooms([['a'], ['a', 'b'], ['b'], []])
      send(
        io,
        sockets.map(({ id }) => id),
      )
      await settled(...clients)
      expect(got.map((each) => each.length)).toEqual(expected)
    })

    test.each<[string, (socket: Socket) => void, number[]]>([
      ['broadcast', (socket) => socket.broadcast.emit('m', 1), [0, 1, 1, 1]],
      ['to', (socket) => socket.to('a').emit('m', 1), [0, 1, 0, 0]],
      ['in', (socket) => socket.in('b').emit('m', 1), [0, 1, 1, 0]],
      ['to two', (socket) => socket.to('a').to('b').emit('m', 1), [0, 1, 1, 0]],
      ['except', (socket) => socket.except('b').emit('m', 1), [0, 0, 0, 1]],
      ['to and except', (socket) => socket.to('b').except('a').emit('m', 1), [0, 0, 1, 0]],
      ['local', (socket) => socket.local.emit('m', 1), [0, 1, 1, 1]],
      ['its own room', (socket) => socket.to(socket.id).emit('m', 1), [0, 0, 0, 0]],
    ])("are reached by a socket's %s without itself", async (_, send, expected) => {
      const { clients, sockets, got } = await inRooms([['a'], ['a', 'b'], ['b'], []])
      send(sockets[0] as NonNullable<(typeof sockets)[0]>)
      await settled(...clients)
      expect(got.map((each) => each.length)).toEqual(expected)
    })

    test('are left, and forgotten when empty', async () => {
      const { io, clients, sockets, got } = await inRooms([['a', 'b'], ['a']])
      expect(io.sockets.adapter.rooms.get('a')).toEqual(new Set(sockets.map(({ id }) => id)))
      expect(io.sockets.adapter.sids.get(sockets[0]?.id as string)).toEqual(new Set([sockets[0]?.id, 'a', 'b']))
      await sockets[0]?.leave('a')
      await sockets[1]?.leave('never')
      io.to('a').emit('m', 1)
      await settled(...clients)
      expect(got.map((each) => each.length)).toEqual([0, 1])
      await sockets[1]?.leave('a')
      expect(io.sockets.adapter.rooms.has('a')).toBe(false)
      expect(io.sockets.adapter.rooms.size).toBe(3)
      expect(sockets[0]?.rooms).toEqual(new Set([sockets[0]?.id, 'b']))
    })

    test('tell of their changes', async () => {
      const { io, sockets, clients } = await inRooms([[]])
      const seen: unknown[] = []
      for (const event of ['create-room', 'join-room', 'leave-room', 'delete-room'])
        io.sockets.adapter.on(event, (...args: unknown[]) => seen.push([event, ...args]))
      const [socket] = sockets
      await socket?.join('x')
      await socket?.join('x')
      await socket?.leave('x')
      clients[0]?.disconnect()
      await becomes(() => expect(seen).toHaveLength(6))
      expect(seen).toEqual([
        ['create-room', 'x'],
        ['join-room', 'x', socket?.id],
        ['leave-room', 'x', socket?.id],
        ['delete-room', 'x'],
        ['leave-room', socket?.id, socket?.id],
        ['delete-room', socket?.id],
      ])
    })

    test.each(['__proto__', 'constructor', 'hasOwnProperty', '', ' ', '\u0000', 'a,b', '€'])(
      'may be named %j',
      async (name) => {
        const { io, clients, sockets, got } = await inRooms([[], []])
        await sockets[0]?.join(name)
        io.to(name).emit('m', 1)
        await settled(...clients)
        expect(got.map((each) => each.length)).toEqual([1, 0])
        expect(io.sockets.adapter.rooms.get(name)).toEqual(new Set([sockets[0]?.id]))
      },
    )

    test('one may be named as a socket is', async () => {
      const { io, clients, sockets, got } = await inRooms([[], [], []])
      const id = sockets[0]?.id as string
      await sockets[1]?.join(id)
      io.to(id).emit('m', 1)
      io.except(id).emit('m', 2)
      await settled(...clients)
      expect(got).toEqual([[1], [1], [2]])
    })

    test('an operator can be kept, and does not change', async () => {
      const { io, clients, got } = await inRooms([['a'], ['b'], ['c']])
      const toA = io.to('a')
      const toBoth = toA.to('b')
      toA.except('a')
      toA.emit('m', 1)
      toBoth.emit('m', 2)
      await settled(...clients)
      expect(got).toEqual([[1, 2], [2], []])
    })
  })

  describe('all sockets', () => {
    const three = async () => {
      const stage = await open((io) =>
        io.on('connection', (socket) => {
          socket.data.name = socket.handshake.auth['name']
          void socket.join(socket.handshake.auth['room'])
        }),
      )
      const clients = []
      for (const [name, room] of [
        ['a', 'x'],
        ['b', 'x'],
        ['c', 'y'],
      ])
        clients.push(await stage.join('/', { auth: { name, room } }))
      return { ...stage, clients }
    }

    test('can be fetched', async () => {
      const { io, clients } = await three()
      const names = (sockets: readonly { readonly data: { readonly name: string } }[]) =>
        sockets.map(({ data }) => data.name).sort()
      expect(names(await io.fetchSockets())).toEqual(['a', 'b', 'c'])
      expect(names(await io.in('x').fetchSockets())).toEqual(['a', 'b'])
      expect(names(await io.except('x').fetchSockets())).toEqual(['c'])
      expect(names(await io.in(['x', 'y']).fetchSockets())).toEqual(['a', 'b', 'c'])
      const [one] = await io.in(clients[0]?.id as string).fetchSockets()
      expect(one?.id).toBe(clients[0]?.id)
      expect(one?.rooms).toEqual(new Set([one?.id, 'x']))
      expect(one?.handshake.auth['name']).toBe('a')
      expect(await io.in('x').allSockets()).toEqual(new Set(clients.slice(0, 2).map(({ id }) => id)))
    })

    test('can be moved', async () => {
      const { io, clients } = await three()
      io.in('x').socketsJoin(['p', 'q'])
      io.in('y').socketsLeave('y')
      expect(io.sockets.adapter.rooms.get('p')?.size).toBe(2)
      expect(io.sockets.adapter.rooms.get('q')?.size).toBe(2)
      expect(io.sockets.adapter.rooms.has('y')).toBe(false)
      const [one] = await io.in(clients[2]?.id as string).fetchSockets()
      await one?.join('z')
      expect(io.sockets.adapter.rooms.get('z')?.size).toBe(1)
      await one?.leave('z')
      expect(io.sockets.adapter.rooms.has('z')).toBe(false)
    })

    test('can be disconnected', async () => {
      const { io, clients } = await three()
      const gone = Promise.all(clients.slice(0, 2).map((client) => told(client, 'disconnect')))
      io.in('x').disconnectSockets(true)
      expect((await gone).map(([reason]) => reason)).toEqual(['io server disconnect', 'io server disconnect'])
      expect(io.sockets.sockets.size).toBe(1)
      const [last] = await io.fetchSockets()
      last?.disconnect()
      await told(clients[2] as NonNullable<(typeof clients)[2]>, 'disconnect')
    })

    test('can acknowledge', async () => {
      const { io, clients } = await three()
      for (const [i, client] of clients.entries()) client.on('q', (answer: (n: number) => void) => answer(i))
      const [error, responses] = await new Promise<[unknown, number[]]>((resolve) =>
        io.timeout(10_000).emit('q', (...all: [unknown, number[]]) => resolve(all)),
      )
      expect(error).toBe(null)
      expect([...responses].sort()).toEqual([0, 1, 2])
      expect(await io.to('y').timeout(10_000).emitWithAck('q')).toEqual([2])
      expect(await io.to('nowhere').timeout(10_000).emitWithAck('q')).toEqual([])
    })

    test('fail together if one does not acknowledge', async () => {
      const { io, clients } = await three()
      clients[0]?.on('q', (answer: (n: number) => void) => answer(0))
      const failed = await io
        .timeout(1_000)
        .emitWithAck('q')
        .catch((error: unknown) => error)
      expect(String(failed)).toBe('Error: operation has timed out')
      expect((failed as { responses: unknown }).responses).toEqual([0])
    })
  })

  describe('a namespace', () => {
    test('has sockets, rooms and events of its own', async () => {
      const { io, join } = await open((io) => {
        io.of('/a').on('connection', (socket) => void socket.join('room'))
        io.of('b', (socket) => void socket.join('room'))
      })
      const a = await join('/a')
      const b = a.io.socket('/b')
      await told(b, 'connect')
      expect(a.id).not.toBe(b.id)
      const got = { a: collect(a, 'm'), b: collect(b, 'm') }
      io.of('/a').emit('m', 1)
      io.of('/b').to('room').emit('m', 2)
      io.to('room').emit('m', 3)
      io.emit('m', 4)
      await becomes(() => expect(got).toEqual({ a: [1], b: [2] }))
      expect(io.engine.clientsCount).toBe(1)
      const left = told(b, 'disconnect')
      io.of('/b').disconnectSockets()
      await left
      expect(a.connected).toBe(true)
    })

    test('that there is not is refused', async () => {
      const { open: client } = await open()
      const nowhere = client('/nowhere')
      const [error] = (await told(nowhere, 'connect_error')) as [Error]
      expect(error.message).toBe('Invalid namespace')
    })

    test('judges by its middlewares, in their order', async () => {
      const order: unknown[] = []
      const { open: client, io } = await open((io) => {
        io.use((socket, next) => {
          order.push(['first', socket.connected, socket.handshake.auth['word']])
          setTimeout(next, 5)
        })
        io.use((socket, next) => {
          order.push('second')
          if (socket.handshake.auth['word'] === 'please') return next()
          next(Object.assign(new Error('say please'), { data: { hint: 'manners' } }))
        })
        io.use((_, next) => {
          order.push('third')
          next()
        })
        io.on('connection', () => order.push('connection'))
      })
      const rude = client()
      const [error] = (await told(rude, 'connect_error')) as [Error & { data: unknown }]
      expect([error.message, error.data]).toEqual(['say please', { hint: 'manners' }])
      expect(io.sockets.sockets.size).toBe(0)
      // It may try again by the same connection.
      rude.auth = { word: 'please' }
      rude.connect()
      await told(rude, 'connect')
      expect(order).toEqual([
        ['first', false, undefined],
        'second',
        ['first', false, 'please'],
        'second',
        'third',
        'connection',
      ])
    })

    test('has rooms and data from its middlewares on', async () => {
      const { io, join } = await open((io) =>
        io.use((socket, next) => {
          socket.data.user = 'u'
          void socket.join('members')
          next()
        }),
      )
      const client = await join()
      const got = collect(client, 'm')
      io.to('members').emit('m', 1)
      await settled(client)
      expect(got).toEqual([1])
      expect([...io.sockets.sockets.values()].map(({ data }) => data)).toEqual([{ user: 'u' }])
    })

    test.each<
      [
        string,
        RegExp | ((name: string, auth: { [name: string]: unknown }, next: (e: null, ok: boolean) => void) => void),
      ]
    >([
      ['a regular expression', /^\/room-\d+$/],
      [
        'a function',
        (name, auth, next) => void setTimeout(next, 1, null, name.startsWith('/room-') && auth['ok'] === true),
      ],
    ])('may be made of %s', async (_, match) => {
      const made: string[] = []
      const seen: string[] = []
      const {
        io,
        open: client,
        join,
      } = await open((io) => {
        io.on('new_namespace', ({ name }) => made.push(name))
        const parent = io.of(match as RegExp)
        parent.use((socket, next) => {
          seen.push(`judged ${socket.nsp.name}`)
          next()
        })
        parent.on('connection', (socket) => {
          seen.push(`connected ${socket.nsp.name}`)
          socket.on('settled', (answer: () => void) => answer())
        })
      })
      const auth = { ok: true }
      const one = await join('/room-1', { auth })
      const two = await join('/room-2', { auth })
      const nowhere = client('/elsewhere', { auth })
      const [error] = (await told(nowhere, 'connect_error')) as [Error]
      expect(error.message).toBe('Invalid namespace')
      expect(made).toEqual(['/room-1', '/room-2'])
      expect(seen).toEqual(['judged /room-1', 'connected /room-1', 'judged /room-2', 'connected /room-2'])
      const got = [collect(one, 'm'), collect(two, 'm')]
      io.of('/room-1').emit('m', 1)
      await settled(one, two)
      expect(got).toEqual([[1], []])
    })

    test('of a parent is reached with its siblings', async () => {
      let parent: ReturnType<Server['of']> | undefined
      const { join } = await open((io) => {
        parent = io.of(/^\/room-\d+$/)
        parent.on('connection', (socket) => socket.on('settled', (answer: () => void) => answer()))
      })
      const clients = [await join('/room-1'), await join('/room-2')]
      const got = clients.map((client) => collect(client, 'm'))
      parent?.emit('m', 1)
      await settled(...clients)
      expect(got).toEqual([[1], [1]])
      await expect((async () => parent?.fetchSockets())()).rejects.toThrow('not supported on parent namespaces')
      expect(() => parent?.server.of(/x/g as never)).toThrow('stateful regular expressions')
    })

    test('of a parent goes with its last socket where that is asked for', async () => {
      const { io, join } = await open((io) => void io.of(/^\/room-\d+$/), { cleanupEmptyChildNamespaces: true })
      const made: unknown[] = []
      io.on('new_namespace', (namespace) => made.push(namespace))
      const client = await join('/room-1')
      client.disconnect()
      await becomes(() => expect((made[0] as { sockets: Map<string, unknown> }).sockets.size).toBe(0))
      await join('/room-1')
      expect(made).toHaveLength(2)
    })
  })

  describe('listeners', () => {
    test('of a socket may be judged by middlewares', async () => {
      const errors: unknown[] = []
      const heard: unknown[] = []
      const { join } = await open((io) =>
        io.on('connection', (socket) => {
          socket.use(([event], next) => {
            if (event === 'bad') next(new Error('not that'))
            else setTimeout(next, 1)
          })
          socket.use((event, next) => {
            if (event[0] === 'change') event[1] = 'changed'
            next()
          })
          socket.on('error', (error) => errors.push(error.message))
          socket.on('bad', () => heard.push('bad'))
          socket.on('good', (value) => heard.push(['good', value]))
          socket.on('change', (value) => heard.push(['change', value]))
        }),
      )
      const client = await join()
      client.emit('bad')
      client.emit('good', 1)
      client.emit('change', 1)
      await becomes(() => expect(heard).toHaveLength(2))
      expect(heard).toEqual([
        ['good', 1],
        ['change', 'changed'],
      ])
      expect(errors).toEqual(['not that'])
    })

    test('may hear of everything that comes in', async () => {
      const seen: unknown[] = []
      const { join } = await open((io) =>
        io.on('connection', (socket) => {
          const off = () => seen.push('never')
          socket.onAny((...all) => seen.push(['any', ...all.slice(0, 2)]))
          socket.prependAny((event) => seen.push(['first', event]))
          socket.onAny(off)
          socket.offAny(off)
          socket.on('e', () => seen.push('e'))
          expect(socket.listenersAny()).toHaveLength(2)
        }),
      )
      const client = await join()
      client.emit('e', 1)
      // The original calls its listeners a little later than those for everything.
      await becomes(() => expect(seen).toHaveLength(3))
      client.emit('unknown', 2)
      await becomes(() => expect(seen).toHaveLength(5))
      expect(seen).toEqual([['first', 'e'], ['any', 'e', 1], 'e', ['first', 'unknown'], ['any', 'unknown', 2]])
    })

    test('may hear of everything that goes out', async () => {
      const seen: unknown[] = []
      const { io, join } = await open((io) =>
        io.on('connection', (socket) => {
          void socket.join('room')
          socket.onAnyOutgoing((...all) => seen.push(all))
          socket.prependAnyOutgoing((event) => seen.push(['first', event]))
          expect(socket.listenersAnyOutgoing()).toHaveLength(2)
        }),
      )
      const client = await join()
      const [socket] = [...io.sockets.sockets.values()]
      socket?.emit('a', 1)
      io.emit('b', 2)
      io.to('room').emit('c', 3)
      io.to('nowhere').emit('d', 4)
      socket?.broadcast.emit('e', 5)
      expect(seen).toEqual([
        ['first', 'a'],
        ['a', 1],
        ['first', 'b'],
        ['b', 2],
        ['first', 'c'],
        ['c', 3],
      ])
      socket?.offAnyOutgoing()
      io.emit('f')
      await settled(client)
      expect(seen).toHaveLength(6)
    })

    test('can be taken away as from any emitter', async () => {
      const { io } = await open()
      const listener = () => {}
      io.on('connection', listener)
      expect(io.listenerCount('connection')).toBe(2)
      expect(io.listeners('connection')).toContain(listener)
      expect(io.sockets.listeners('connection')).toContain(listener)
      io.off('connection', listener)
      expect(io.listenerCount('connection')).toBe(1)
      io.removeAllListeners('connection')
      expect(io.eventNames()).toEqual([])
    })
  })

  describe('Engine.IO', () => {
    test('runs its middlewares, for the first request too', async () => {
      const seen: unknown[] = []
      const { io, join } = await open()
      io.engine.use((request, response, next) => {
        seen.push([request._query['sid'] === undefined, request.method])
        Object.assign(request, { user: 'u' })
        response.setHeader('x-test', 'yes')
        setTimeout(next, 1)
      })
      const connected = told(io, 'connection')
      const client = await join()
      const [socket] = (await connected) as [Socket]
      expect((socket.request as unknown as { user: string }).user).toBe('u')
      expect(seen[0]).toEqual([true, 'GET'])
      client.emit('x')
      if (transport === 'polling') await becomes(() => expect(seen).toContainEqual([false, 'POST']))
      const answer = await fetch(`http://localhost:${client.io.opts.port}/socket.io/?EIO=4&transport=polling`)
      expect(answer.headers.get('x-test')).toBe(transport === 'polling' ? 'yes' : answer.headers.get('x-test'))
    })

    test('refuses by its middlewares', async () => {
      const { io, open: client } = await open()
      const refused = told(io.engine, 'connection_error')
      io.engine.use((_request, _response, next) => next(new Error('no')))
      const nobody = client('/', { reconnection: false })
      await told(nobody, 'connect_error')
      expect((await refused)[0]).toMatchObject({ code: 3, message: 'Bad request' })
    })

    test('tells of requests that are refused', async () => {
      const { io, url } = await open()
      const refused = told(io.engine, 'connection_error')
      await fetch(`${url}/socket.io/?EIO=4&transport=polling&sid=unknown`)
      const [error] = (await refused) as [{ req: { url: string }; code: number; message: string }]
      expect(error).toMatchObject({ code: 1, message: 'Session ID unknown' })
      expect(error.req.url).toContain('sid=unknown')
    })

    test('lets headers be added', async () => {
      const { io, url } = await open()
      io.engine.on('initial_headers', (headers: Record<string, string>) => {
        headers['x-first'] = '1'
      })
      io.engine.on('headers', (headers: Record<string, string>) => {
        headers['x-all'] = '1'
      })
      const first = await fetch(`${url}/socket.io/?EIO=4&transport=polling`)
      expect([first.headers.get('x-first'), first.headers.get('x-all')]).toEqual(['1', '1'])
      const { sid } = JSON.parse((await first.text()).slice(1)) as { sid: string }
      const post = await fetch(`${url}/socket.io/?EIO=4&transport=polling&sid=${sid}`, { method: 'POST', body: '40' })
      expect([post.headers.get('x-first'), post.headers.get('x-all')]).toEqual([null, '1'])
    })

    test('asks whether a request is allowed', async () => {
      const allowRequest = (request: { headers: Record<string, unknown> }, done: (e: null, ok: boolean) => void) =>
        void setTimeout(done, 1, null, request.headers['x-key'] === 'open')
      const { open: client, join } = await open(undefined, { allowRequest })
      await join('/', { extraHeaders: { 'x-key': 'open' } })
      const nobody = client('/', { reconnection: false })
      const [error] = (await told(nobody, 'connect_error')) as [Error & { context?: { statusText?: string } }]
      expect(error.message).toBe(transport === 'polling' ? 'xhr poll error' : 'websocket error')
    })

    test('lets ids be made, and raises connection', async () => {
      const { io, join } = await open()
      let n = 0
      io.engine.generateId = () => `custom-${++n}`
      const seen: unknown[] = []
      io.engine.on('connection', (socket: { id: string }) => seen.push(socket.id))
      const client = await join()
      expect(seen).toEqual(['custom-1'])
      expect(client.io.engine.id).toBe('custom-1')
    })

    test('lets the first request be forgotten', async () => {
      const { io, join } = await open()
      io.engine.on('connection', (socket: { request: unknown }) => {
        socket.request = null
      })
      const client = await join()
      expect([...io.sockets.sockets.values()].map(({ request }) => request)).toEqual([null])
      await settled(client)
    })

    test('moves from polling to a WebSocket, and says so', async () => {
      const { io, join } = await open()
      const connected = told(io, 'connection')
      const client = await join('/', { transports: ['polling', 'websocket'] })
      const [socket] = (await connected) as [Socket]
      if (socket.conn.transport.name === 'polling') await told(socket.conn, 'upgrade')
      expect(socket.conn.transport.name).toBe('websocket')
      const got = collect(client, 'm')
      socket.emit('m', 1)
      await settled(client)
      expect(got).toEqual([1])
      const closed = told(socket.conn, 'close')
      socket.conn.close()
      expect((await closed)[0]).toBe('forced close')
    })
  })

  test('recovers what was missed', async () => {
    const { io, join } = await open(
      (io) =>
        io.on('connection', (socket) => {
          if (!socket.recovered) {
            void socket.join('room')
            socket.data.n = 1
          }
        }),
      { connectionStateRecovery: {} },
    )
    const client = await join()
    const { id } = client
    const got = collect(client, 'm')
    io.to('room').emit('m', 'first')
    await becomes(() => expect(got).toHaveLength(1))
    const [old] = [...io.sockets.sockets.values()]
    const gone = told(old as NonNullable<typeof old>, 'disconnect')
    client.io.engine.close()
    await gone
    io.to('room').emit('m', 'second')
    io.to('elsewhere').emit('m', 'not mine')
    io.emit('m', 'third')
    await told(client, 'connect')
    expect(client.recovered).toBe(true)
    expect(client.id).toBe(id)
    const [socket] = [...io.sockets.sockets.values()]
    expect([socket?.recovered, socket?.data, [...(socket?.rooms ?? [])].sort()]).toEqual([
      true,
      { n: 1 },
      [id, 'room'].sort(),
    ])
    io.to('room').emit('m', 'fourth')
    await becomes(() => expect(got).toHaveLength(4))
    expect(got.map((args) => (args as unknown[])[0])).toEqual(['first', 'second', 'third', 'fourth'])
  })

  test('reports nothing of its own accord', () => {
    afterwards(() => {})
    expect(reported).toEqual([])
  })
})

function sayTo(client: Client, value: unknown): Promise<unknown[]> {
  return new Promise((resolve) => client.emit('say', value, (...answer: unknown[]) => resolve(answer)))
}
