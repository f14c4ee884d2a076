import { createServer } from 'node:http'
import io, { type BroadcastOperator, type RemoteSocket, Server, type Socket } from '@rollcall/dialects/socket.io/server'
import { describe, expect, expectTypeOf, test } from 'vitest'

interface FromClient {
  say: (text: string) => void
  ask: (question: string, answer: (text: string, n: number) => void) => void
}

interface ToClient {
  heard: (text: string, at: number) => void
  check: (n: number, answer: (ok: boolean) => void) => void
  message: (text: string) => void
}

interface BetweenServers {
  ping: (n: number) => void
  count: (answer: (n: number) => void) => void
}

interface Data {
  name: string
}

// Never called: only its types matter.
function typed(
  io: Server<FromClient, ToClient, BetweenServers, Data>,
  socket: Socket<FromClient, ToClient, BetweenServers, Data>,
) {
  io.on('connection', (each) => {
    expectTypeOf(each).toEqualTypeOf<Socket<FromClient, ToClient, BetweenServers, Data>>()
    expectTypeOf(each.data).toEqualTypeOf<Data>()
    expectTypeOf(each.id).toEqualTypeOf<string>()
    expectTypeOf(each.rooms).toEqualTypeOf<Set<string>>()
  })
  io.on('new_namespace', (namespace) => expectTypeOf(namespace.name).toEqualTypeOf<string>())
  io.on('ping', (n) => expectTypeOf(n).toEqualTypeOf<number>())
  // @ts-expect-error: not among the events between servers
  io.on('say', () => {})

  socket.on('say', (text) => expectTypeOf(text).toEqualTypeOf<string>())
  socket.on('ask', (question, answer) => {
    expectTypeOf(question).toEqualTypeOf<string>()
    answer('text', 1)
    // @ts-expect-error: a number is missing
    answer('text')
  })
  socket.on('disconnect', (reason) => {
    // @ts-expect-error: no such reason
    if (reason === 'boredom') return
  })
  socket.once('disconnecting', (reason) => expectTypeOf<string>(reason))
  // @ts-expect-error: clients do not send this
  socket.on('heard', () => {})

  socket.emit('heard', 'a', 1)
  // @ts-expect-error: the time is missing
  socket.emit('heard', 'a')
  // @ts-expect-error: not an event for clients
  socket.emit('say', 'a')
  socket.emit('check', 1, (ok) => expectTypeOf(ok).toEqualTypeOf<boolean>())
  socket.timeout(1).emit('check', 1, (error, ok) => {
    expectTypeOf(error).toEqualTypeOf<Error>()
    expectTypeOf(ok).toEqualTypeOf<boolean>()
  })
  expectTypeOf(socket.emitWithAck('check', 1)).toEqualTypeOf<Promise<boolean>>()
  expectTypeOf(socket.timeout(1).emitWithAck('check', 1)).toEqualTypeOf<Promise<boolean>>()
  // @ts-expect-error: it has no acknowledgement
  void socket.emitWithAck('heard', 'a', 1)
  socket.send('text')
  // @ts-expect-error: the event message takes a text
  socket.send(1)
  socket.volatile.emit('heard', 'a', 1)
  socket.use(([event, ...args], next) => {
    expectTypeOf(event).toEqualTypeOf<string>()
    next(args.length > 0 ? undefined : new Error('no'))
  })
  expectTypeOf(socket.nsp.sockets.get('x')).toEqualTypeOf<
    Socket<FromClient, ToClient, BetweenServers, Data> | undefined
  >()

  io.emit('heard', 'a', 1)
  io.to('room').emit('heard', 'a', 1)
  // @ts-expect-error: the time is missing
  io.to('room').emit('heard', 'a')
  // @ts-expect-error: without a timeout nothing is acknowledged to all
  io.emit('check', 1)
  io.timeout(1).emit('check', 1, (error, oks) => {
    expectTypeOf(error).toEqualTypeOf<Error>()
    expectTypeOf(oks).toEqualTypeOf<boolean[]>()
  })
  expectTypeOf(io.to(['a', 'b']).timeout(1).emitWithAck('check', 1)).toEqualTypeOf<Promise<boolean[]>>()
  // @ts-expect-error: without a timeout it could wait for ever
  void io.to('a').emitWithAck('check', 1)
  expectTypeOf(io.fetchSockets()).toEqualTypeOf<Promise<RemoteSocket<ToClient, Data>[]>>()
  expectTypeOf(io.except('a').volatile.local).toExtend<BroadcastOperator<object, Data>>()

  io.serverSideEmit('ping', 1)
  // @ts-expect-error: not among the events between servers
  io.serverSideEmit('say', 'x')
  io.serverSideEmit('count', (error, counts) => {
    expectTypeOf(error).toEqualTypeOf<Error>()
    expectTypeOf(counts).toEqualTypeOf<number[]>()
  })
  expectTypeOf(io.serverSideEmitWithAck('count')).toEqualTypeOf<Promise<number[]>>()

  io.use((each, next) => {
    expectTypeOf(each.data).toEqualTypeOf<Data>()
    next(Object.assign(new Error('no'), { data: { any: 'thing' } }))
  })
  const chat = io.of('/chat')
  chat.on('connection', (each) => expectTypeOf(each.data).toEqualTypeOf<Data>())
  chat.emit('heard', 'a', 1)
  io.of(/^\/room-\d+$/).on('connect', (each) => expectTypeOf(each.nsp.name).toEqualTypeOf<string>())
  io.of((name, _auth, next) => next(null, name.startsWith('/x')))
}

function untyped(io: Server) {
  io.on('connection', (socket) => {
    socket.on('anything', (a, b) => socket.emit('whatever', a, b, 1, { c: 2 }))
    socket.emit('asked', 1, (answer: number) => answer)
    expectTypeOf(socket.emitWithAck('asked', 1)).resolves.toBeAny()
    expectTypeOf(socket.data).toBeAny()
    socket.data.name = 'x'
  })
  io.emit('anything', 1)
  io.timeout(1).emit('asked', (error: Error, answers: number[]) => [error, answers])
  expectTypeOf(io.to('x').timeout(1).emitWithAck('asked')).resolves.toBeAny()
}

describe('the types of a program', () => {
  test('fit what it gives to the functions above', () => {
    expect([typeof typed, typeof untyped]).toEqual(['function', 'function'])
  })

  test('know how a server is made', async () => {
    expectTypeOf(io).returns.toEqualTypeOf<Server>()
    expectTypeOf(new io.Server<FromClient, ToClient>().of).returns.toEqualTypeOf<
      ReturnType<Server<FromClient, ToClient>['of']>
    >()
    const server = new Server<FromClient>({ cors: { origin: ['https://a.example', /b\.example$/] } })
    // What is not given is what comes in.
    expectTypeOf(server.emit).parameter(0).toEqualTypeOf<'say'>()
    const http = createServer()
    const attached = new Server<FromClient, ToClient, BetweenServers, Data>(http)
    await attached.close()
    expect(attached.httpServer).toBe(http)
  })
})
