import { io, type Socket } from 'socket.io-client'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { until } from '../../support/until.ts'
import { leave } from './leave.ts'
import { type Room, type RoomOptions, room } from './room.ts'

let server: Room
const sockets: Socket[] = []

beforeEach(async () => {
  await restart()
})
afterEach(async () => {
  leave(sockets)
  await server.close()
  expect(server.errors).toEqual([])
})

async function restart(options: RoomOptions = {}): Promise<void> {
  await server?.close()
  server = await room(options)
}

type Way = 'websocket' | 'polling' | 'upgraded'
const WAYS: readonly Way[] = ['websocket', 'polling', 'upgraded']

function open(nsp = '/', options: object = {}, way: Way = 'websocket'): Socket {
  const transports = way === 'upgraded' ? ['polling', 'websocket'] : [way]
  const socket = io(`${server.url}${nsp === '/' ? '' : nsp}`, { forceNew: true, transports, ...options })
  sockets.push(socket)
  return socket
}

async function connected(nsp = '/', options: object = {}, way: Way = 'websocket'): Promise<Socket> {
  const socket = open(nsp, options, way)
  await until(() => socket.connected, { what: 'the connection' })
  if (way === 'upgraded') {
    await until(() => socket.io.engine.transport.name === 'websocket', { what: 'the upgrade' })
    // What is answered there has been read there: the server has moved, too.
    await socket.emitWithAck('upgraded?')
  }
  return socket
}

/** The first argument of every event of a name. */
function listen(socket: Socket, event = 'message'): unknown[] {
  const got: unknown[] = []
  socket.on(event, (first: unknown) => got.push(first))
  return got
}

describe.each(WAYS)('a client over %s', (way) => {
  test('connects, and is heard by all, itself too', async () => {
    const [one, two] = [await connected('/', {}, way), await connected('/', {}, way)]
    const [first, second] = [listen(one), listen(two)]
    one.emit('message', 'hi')
    await until(() => first.length === 1 && second.length === 1)
    expect([first, second]).toEqual([['hi'], ['hi']])
    expect(one.id).toMatch(/^[\w-]{12}$/)
    expect(one.recovered).toBeFalsy()
  })

  test('is answered', async () => {
    const socket = await connected('/', {}, way)
    expect(await socket.emitWithAck('twice', 21)).toBe(42)
    expect(await socket.timeout(10_000).emitWithAck('message', 'x')).toMatchObject({ position: { offset: 1 } })
    expect(await socket.emitWithAck('message', 7)).toMatchObject({ error: { code: 'invalid_payload' } })
    expect(await socket.emitWithAck('nope')).toEqual({
      error: { code: 'unknown_event', message: 'room:lobby takes no "nope"' },
    })
    expect(await socket.emitWithAck('fail', 1)).toMatchObject({ error: { code: 'internal' } })
    expect(server.errors.splice(0)).toHaveLength(1)
  })

  test('hears of what is refused although it asked for no answer', async () => {
    const socket = await connected('/', {}, way)
    const errors = listen(socket, 'error')
    socket.emit('message', 7)
    socket.emit('nope')
    await until(() => errors.length === 2)
    expect(errors).toMatchObject([
      { code: 'invalid_payload', event: 'message' },
      { code: 'unknown_event', event: 'nope' },
    ])
  })

  test('sends and gets bytes', async () => {
    const socket = await connected('/bytes:a', {}, way)
    const got = listen(socket)
    socket.emit('message', new Uint8Array([1, 2, 255]))
    socket.emit('message', Buffer.alloc(100_000, 7))
    await until(() => got.length === 2)
    expect(got.map((bytes) => Buffer.from(bytes as Uint8Array))).toEqual([
      Buffer.from([1, 2, 255]),
      Buffer.alloc(100_000, 7),
    ])
  })

  test('sends bytes inside of a payload, and is answered', async () => {
    const socket = await connected('/', {}, way)
    const got = listen(socket, 'bytes')
    expect(await socket.emitWithAck('file', { name: 'a', content: new Uint8Array([9, 8]) })).toEqual({
      name: 'a',
      length: 2,
    })
    await until(() => got.length === 1)
    expect([...(got[0] as Uint8Array)]).toEqual([9, 8])
  })

  test('gets its messages in order', async () => {
    const socket = await connected('/', {}, way)
    const got = listen(socket)
    for (let i = 0; i < 100; i++) socket.emit('message', String(i))
    await until(() => got.length === 100)
    expect(got).toEqual(Array.from({ length: 100 }, (_, i) => String(i)))
  })

  test('sends what it buffered before it was connected', async () => {
    const socket = open('/', {}, way)
    const got = listen(socket)
    socket.emit('message', 'early')
    await until(() => got.length === 1)
    expect(got).toEqual(['early'])
  })

  test('leaves at once when it disconnects', async () => {
    const watcher = await connected('/', { auth: { name: 'Watcher' } }, way)
    const diffs = listen(watcher, 'presence_diff') as { joins: unknown[]; leaves: { meta: object }[] }[]
    const socket = await connected('/', { auth: { name: 'Tyr' } }, way)
    await until(() => diffs.some(({ joins }) => joins.length > 0))
    socket.disconnect()
    await until(() => diffs.some(({ leaves }) => leaves.some(({ meta }) => (meta as { name: string }).name === 'Tyr')))
    await until(() => server.app.stats().connections === 1)
  })

  test('is told by the server that it is over, and does not come back', async () => {
    const socket = await connected('/', { auth: { user: 'tyr' } }, way)
    const reasons = listen(socket, 'disconnect')
    const left = listen(socket, 'left')
    await server.app.channel('room:lobby').kick({ user: 'tyr' }, 'spam')
    await until(() => reasons.length === 1)
    expect([reasons, left]).toEqual([['io server disconnect'], [{ reason: 'spam' }]])
    expect(socket.active).toBe(false)
    const other = await connected('/', { auth: { user: 'tyr' } }, way)
    const others = listen(other, 'disconnect')
    await server.app.disconnect({ user: 'tyr' })
    await until(() => others.length === 1)
    expect([others, other.active]).toEqual([['io server disconnect'], false])
  })

  test('stays through heartbeats', async () => {
    await restart({ socketIo: { pingInterval: 50, pingTimeout: 20_000 } })
    const socket = await connected('/', {}, way)
    let pings = 0
    socket.io.on('ping', () => pings++)
    await until(() => pings >= 5)
    expect(socket.connected).toBe(true)
  })
})

describe('namespaces', () => {
  test('are channels, several on one connection', async () => {
    const root = await connected()
    const room = root.io.socket('/room:b')
    const live = root.io.socket('/live:a/b c?')
    await until(() => room.connected && live.connected)
    const got = [listen(root), listen(room), listen(live)]
    root.emit('message', 'to root')
    room.emit('message', 'to b')
    live.emit('message', 'to live')
    await until(() => got.every((each) => each.length === 1))
    expect(got).toEqual([['to root'], ['to b'], ['to live']])
    expect(server.app.stats().connections).toBe(1)
    room.disconnect()
    root.emit('message', 'still')
    await until(() => got[0]?.length === 2)
    expect(room.connected).toBe(false)
    room.connect()
    await until(() => room.connected)
  })

  test('that do not exist are told so', async () => {
    const socket = open('/nowhere')
    const errors = listen(socket, 'connect_error') as Error[]
    await until(() => errors.length === 1)
    expect(errors[0]?.message).toBe('Invalid namespace')
    expect(socket.active).toBe(false)
  })

  test('that refuse say why, with data, and can be tried again', async () => {
    const closed = open('/room:closed')
    const errors = listen(closed, 'connect_error') as (Error & { data: unknown })[]
    await until(() => errors.length === 1)
    expect([errors[0]?.message, errors[0]?.data]).toEqual([
      'not today',
      { code: 'refused', details: { opens: 'tomorrow' } },
    ])
    const secret = open('/private:x')
    const refused = listen(secret, 'connect_error') as Error[]
    await until(() => refused.length === 1)
    secret.auth = { invitation: 'key of x' }
    secret.connect()
    await until(() => secret.connected)
  })

  test('are not for whom authenticate refuses; with better credentials they are', async () => {
    const socket = open('/', { auth: { banned: true } })
    const errors = listen(socket, 'connect_error') as (Error & { data: unknown })[]
    await until(() => errors.length === 1)
    expect([errors[0]?.message, errors[0]?.data]).toEqual([
      'who are you?',
      { code: 'unauthorized', details: { appeal: 'never' } },
    ])
    socket.auth = { user: 'tyr' }
    socket.connect()
    await until(() => socket.connected)
    expect([...server.app.connections()].map(({ user }) => user.id)).toContain('tyr')
  })
})

describe('presence', () => {
  test('is a state, then diffs; an update is no leave', async () => {
    const tyr = open('/', { auth: { user: 'tyr', name: 'Tyr' } })
    const members = new Map<string, { key: string; meta: unknown }>()
    tyr.on('presence_state', (state: { id: string; key: string; meta: unknown }[]) => {
      members.clear()
      for (const member of state) members.set(member.id, member)
    })
    const diffs: { joins: { id: string }[]; updates: { id: string }[]; leaves: { id: string }[] }[] = []
    tyr.on('presence_diff', (diff) => {
      diffs.push(diff)
      for (const member of [...diff.joins, ...diff.updates]) members.set(member.id, member)
      for (const { id } of diff.leaves) members.delete(id)
    })
    const table = () => [...members.values()].map(({ key, meta }) => [key, (meta as { name: string }).name]).sort()
    await until(() => table().length === 1)
    expect([...members.keys()]).toEqual([tyr.id])
    const bob = await connected('/', { auth: { user: 'bob', presence: { name: 'Bob', typing: false } } })
    await connected('/', { auth: { user: 'eve' } })
    await connected('/', { auth: { user: 'eve', name: 'Eve', presence: false } })
    await until(() => table().length === 2)
    expect(await bob.emitWithAck('presence', { name: 'Bobby', typing: true })).toBeNull()
    await until(() => table().some(([, name]) => name === 'Bobby'))
    expect(diffs.at(-1)).toMatchObject({ joins: [], updates: [{ key: 'bob' }], leaves: [] })
    expect(await bob.emitWithAck('presence', { nickname: 1 })).toMatchObject({ error: { code: 'invalid_payload' } })
    await bob.emitWithAck('presence', null)
    await until(() => table().length === 1)
    expect(table()).toEqual([['tyr', 'Tyr']])
  })

  test('is a count where the channel counts', async () => {
    const one = open('/count:a', { auth: { name: 'A' } })
    const counts = listen(one, 'presence_count') as { members: number }[]
    await connected('/count:a', { auth: { name: 'B' } })
    await until(() => counts.at(-1)?.members === 2)
    expect(counts.at(-1)).toEqual({ members: 2, entries: 2 })
  })
})

describe('arguments', () => {
  test('one is the payload, several are a list, none is null', async () => {
    const socket = await connected()
    const got = listen(socket, 'anything')
    for (const args of [['a'], ['a', 1, { b: null }], [], [[1, 2]]]) socket.emit('anything', ...args)
    await until(() => got.length === 4)
    expect(got).toEqual(['a', ['a', 1, { b: null }], null, [1, 2]])
  })

  test('are spread where that was asked for', async () => {
    const socket = await connected()
    const got: unknown[][] = []
    socket.on('draw', (...args: unknown[]) => got.push(args))
    socket.emit('draw', 3, 4)
    await until(() => got.length === 1)
    expect(got[0]?.slice(0, 2)).toEqual([3, 4])
    expect(server.handled).toEqual([[3, 4]])
  })

  test('are what was sent where nothing can be recovered', async () => {
    const socket = await connected('/live:a')
    const got: unknown[][] = []
    socket.onAny((...args: unknown[]) => got.push(args))
    socket.emit('message', 'hi')
    await until(() => got.length === 1)
    await server.app.channel('live:a').emit('cursor', 'at 7')
    await until(() => got.length === 2)
    expect(got).toEqual([
      ['message', 'hi'],
      ['cursor', 'at 7'],
    ])
  })

  test('are what was sent where recovery is off', async () => {
    await restart({ socketIo: { recovery: 'none' } })
    const socket = await connected()
    const got: unknown[][] = []
    socket.onAny((...args: unknown[]) => got.push(args))
    socket.emit('message', 'hi')
    await until(() => got.some(([event]) => event === 'message'))
    expect(got).toContainEqual(['message', 'hi'])
  })
})

test('the newest messages come with the connection to whoever asks for them', async () => {
  for (let i = 0; i < 5; i++) await server.app.channel('room:lobby').emit('message', String(i))
  const socket = open('/', { auth: { last: 3 } })
  const got = listen(socket)
  await until(() => got.length === 3)
  expect(got).toEqual(['2', '3', '4'])
})

test('a client that retries is heard at least once', async () => {
  const socket = open('/', { retries: 3, ackTimeout: 20_000 })
  const got = listen(socket)
  socket.emit('message', 'one')
  socket.emit('message', 'two')
  await until(() => got.length === 2)
  expect(got).toEqual(['one', 'two'])
})

test('over polling many big messages arrive, whole and in order', async () => {
  const socket = await connected('/', {}, 'polling')
  const got = listen(socket)
  const text = 'x'.repeat(50_000)
  for (let i = 0; i < 100; i++) await server.app.channel('room:lobby').emit('message', `${i} ${text}`)
  await until(() => got.length === 100)
  expect(got.map((each) => Number.parseInt(String(each), 10))).toEqual(Array.from({ length: 100 }, (_, i) => i))
})
