import io, { type Socket } from 'socket.io-client-2'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { until } from '../../support/until.ts'
import { type Room, room } from './room.ts'

let server: Room
const sockets: Socket[] = []

beforeEach(async () => {
  server = await room({ socketIo: { allowEIO3: true } })
})
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.disconnect()
  await server.close()
  expect(server.errors).toEqual([])
})

type Way = 'websocket' | 'polling' | 'upgraded'

function open(nsp = '', options: object = {}, way: Way = 'websocket'): Socket {
  const transports = way === 'upgraded' ? ['polling', 'websocket'] : [way]
  const socket = io(`${server.url}${nsp}`, { forceNew: true, transports, ...options })
  sockets.push(socket)
  return socket
}

async function connected(nsp = '', options: object = {}, way: Way = 'websocket'): Promise<Socket> {
  const socket = open(nsp, options, way)
  await until(() => socket.connected, { what: 'the connection' })
  if (way === 'upgraded') {
    await until(() => socket.io.engine.transport.name === 'websocket', { what: 'the upgrade' })
    // What is answered there has been read there: the server has moved, too.
    await new Promise((resolve) => socket.emit('upgraded?', resolve))
  }
  return socket
}

function listen(socket: Socket, event = 'message'): unknown[][] {
  const got: unknown[][] = []
  socket.on(event, (...args: unknown[]) => got.push(args))
  return got
}

describe.each<Way>(['websocket', 'polling', 'upgraded'])('a client of 2.x over %s', (way) => {
  test('connects, is heard, and gets no argument that nobody sent', async () => {
    const [one, two] = [await connected('', {}, way), await connected('', {}, way)]
    const got = [listen(one), listen(two)]
    one.emit('message', 'hi €😀')
    await until(() => got.every((each) => each.length === 1))
    expect(got).toEqual([[['hi €😀']], [['hi €😀']]])
  })

  test('is answered', async () => {
    const socket = await connected('', {}, way)
    const answers: unknown[] = []
    socket.emit('twice', 21, (answer: unknown) => answers.push(answer))
    socket.emit('nope', (answer: unknown) => answers.push(answer))
    await until(() => answers.length === 2)
    expect(answers).toMatchObject([42, { error: { code: 'unknown_event' } }])
  })

  test('sends and gets bytes', async () => {
    const socket = await connected('/bytes:a', {}, way)
    const got = listen(socket)
    socket.emit('message', Buffer.from([1, 2, 255]))
    socket.emit('message', Buffer.alloc(70_000, 7))
    await until(() => got.length === 2)
    expect(got.map(([bytes]) => Buffer.from(bytes as Uint8Array))).toEqual([
      Buffer.from([1, 2, 255]),
      Buffer.alloc(70_000, 7),
    ])
  })

  test('is seen by the name in its query, and sees the others', async () => {
    const tyr = open('', { query: { user: 'tyr', name: 'Tyr' } }, way)
    const states = listen(tyr, 'presence_state')
    const diffs = listen(tyr, 'presence_diff') as [{ joins: { meta: { name: string } }[] }][]
    await until(() => states.length === 1)
    const bob = await connected('', { query: { name: 'Bob' } }, way)
    await until(() => diffs.some(([{ joins }]) => joins.some(({ meta }) => meta.name === 'Bob')))
    const names = (await server.app.channel('room:lobby').members()).map(({ meta }) => meta.name)
    expect(names.sort()).toEqual(['Bob', 'Tyr'])
    bob.disconnect()
    await until(async () => (await server.app.channel('room:lobby').count()).members === 1)
  })
})

describe('namespaces', () => {
  test('have their auth in a query', async () => {
    const socket = await connected('/room:b', { query: { user: 'tyr', name: 'Tyr' } })
    expect(socket.id).toMatch(/^\/room:b#/)
    expect((await server.app.channel('room:b').members()).map(({ key }) => key)).toEqual(['tyr'])
    const refused = open('/private:x', { query: { invitation: 'none' } })
    const errors = listen(refused, 'error')
    await until(() => errors.length === 1)
    expect(errors[0]).toEqual(['an invitation is needed'])
    await connected('/private:x', { query: { invitation: 'key of x' } })
  })

  test('that do not exist are told so', async () => {
    const errors = listen(open('/nowhere'), 'error')
    await until(() => errors.length === 1)
    expect(errors[0]).toEqual(['Invalid namespace'])
  })
})

test('the application’s goodbye is final', async () => {
  const socket = await connected('', { query: { user: 'tyr' } })
  const reasons = listen(socket, 'disconnect')
  await server.app.disconnect({ user: 'tyr' })
  await until(() => reasons.length === 1)
  expect(reasons[0]).toEqual(['io server disconnect'])
})

test('without being asked for it is turned away', async () => {
  await server.close()
  server = await room()
  const socket = open()
  const errors = listen(socket, 'connect_error')
  await until(() => errors.length > 0)
  expect(socket.connected).toBe(false)
})
