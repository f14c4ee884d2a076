import { systemClock, systemRandom } from '@rollcall/core'
import { type Log, memoryBus, memoryLog } from 'rollcall'
import { io, type Socket } from 'socket.io-client'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { until } from '../../support/until.ts'
import { leave } from './leave.ts'
import { Path } from './path.ts'
import { joinSocket, openSocket, type RawSocket } from './raw.ts'
import { type Room, type RoomOptions, room } from './room.ts'

let server: Room
let path: Path
const sockets: Socket[] = []

beforeEach(() => start())
afterEach(async () => {
  leave(sockets)
  path.close()
  await server.close()
  expect(server.errors).toEqual([])
})

async function start(options: RoomOptions = {}): Promise<void> {
  if (server) await server.close()
  server = await room({ ...options, server: { graceMs: 10_000, ...options.server } })
  path = await Path.open(server.port)
}

type Way = 'websocket' | 'polling' | 'upgraded'

/** A client behind the path that can break, and what it hears. */
async function client(nsp = '/', options: object = {}, way: Way = 'websocket') {
  const transports = way === 'upgraded' ? ['polling', 'websocket'] : [way]
  const socket = io(`${path.url}${nsp === '/' ? '' : nsp}`, {
    forceNew: true,
    transports,
    reconnectionDelay: 20,
    reconnectionDelayMax: 50,
    ...options,
  })
  sockets.push(socket)
  const messages: unknown[] = []
  const connects: { id: string | undefined; recovered: boolean }[] = []
  socket.on('message', (text: unknown) => messages.push(text))
  socket.on('connect', () => connects.push({ id: socket.id, recovered: socket.recovered === true }))
  await until(() => connects.length === 1)
  if (way === 'upgraded') {
    await until(() => socket.io.engine.transport.name === 'websocket')
    // What is answered there has been read there: the server has moved, too.
    await socket.emitWithAck('upgraded?')
  }
  return { socket, messages, connects }
}

const say = (text: string, topic: 'room:lobby' | 'room:b' = 'room:lobby') =>
  server.app.channel(topic).emit('message', text)

describe.each<Way>(['websocket', 'polling', 'upgraded'])('a client over %s', (way) => {
  test('whose path breaks misses nothing, and is who it was', async () => {
    const { socket, messages, connects } = await client('/', { auth: { name: 'Tyr' } }, way)
    await say('one')
    await until(() => messages.length === 1)
    path.shut()
    path.cut()
    await until(() => !socket.connected)
    await say('two')
    await say('three')
    path.unshut()
    await until(() => messages.length === 3)
    expect(messages).toEqual(['one', 'two', 'three'])
    expect(connects).toEqual([
      { id: expect.any(String), recovered: false },
      { id: connects[0]?.id, recovered: true },
    ])
    expect(server.joins).toHaveLength(1)
    expect(await server.app.channel('room:lobby').count()).toEqual({ members: 1, entries: 1 })
    await say('four')
    await until(() => messages.length === 4)
  })

  test('recovers before it has got anything', async () => {
    const { socket, messages, connects } = await client('/', {}, way)
    path.shut()
    path.cut()
    await until(() => !socket.connected)
    await say('one')
    path.unshut()
    await until(() => messages.length === 1)
    expect([messages, connects[1]?.recovered]).toEqual([['one'], true])
  })

  test('recovers when only it has noticed that its path is dead', async () => {
    const { socket, messages, connects } = await client('/', { auth: { name: 'Tyr' } }, way)
    let noticed = false
    socket.on('disconnect', () => {
      noticed = true
    })
    await say('one')
    await until(() => messages.length === 1)
    path.halfOpen()
    await say('two')
    // Between two polls there was nothing to break yet.
    await until(() => {
      if (!noticed) path.halfOpen()
      return noticed
    })
    await until(() => connects.length === 2, { deadlineMs: 30_000 })
    await until(() => messages.length === 2)
    expect([messages, connects[1]]).toEqual([['one', 'two'], { id: connects[0]?.id, recovered: true }])
    expect(await server.app.channel('room:lobby').count()).toEqual({ members: 1, entries: 1 })
    await until(() => server.app.stats().connections === 1)
  })
})

describe('a client', () => {
  test('recovers again and again', async () => {
    const { messages, connects } = await client()
    for (let i = 1; i <= 5; i++) {
      path.cut()
      await say(String(i))
      await until(() => messages.length === i && connects.length === i + 1)
    }
    expect(messages).toEqual(['1', '2', '3', '4', '5'])
    expect(connects.slice(1).every(({ recovered }) => recovered)).toBe(true)
  })

  test('that closes its own connection recovers', async () => {
    const { socket, messages, connects } = await client()
    socket.io.engine.close()
    await say('one')
    await until(() => connects.length === 2 && messages.length === 1)
    expect(connects[1]?.recovered).toBe(true)
  })

  test('that was cut in the middle of its recovery misses nothing, and hears nothing twice', async () => {
    const { messages, socket } = await client()
    path.shut()
    path.cut()
    await until(() => !socket.connected)
    for (let i = 0; i < 500; i++) await say(`${i} ${'x'.repeat(2_000)}`)
    path.unshut()
    for (let i = 0; i < 5; i++) {
      await until(() => messages.length > i * 20)
      path.cut()
    }
    await until(() => messages.length >= 500, { deadlineMs: 20_000 })
    expect(messages.map((text) => Number.parseInt(String(text), 10))).toEqual(Array.from({ length: 500 }, (_, i) => i))
  })

  test('recovers every namespace that it is in', async () => {
    const root = await client()
    const other = root.socket.io.socket('/room:b')
    const messages: unknown[] = []
    other.on('message', (text: unknown) => messages.push(text))
    await until(() => other.connected)
    path.shut()
    path.cut()
    await until(() => !other.connected)
    await say('to root')
    await say('to b', 'room:b')
    path.unshut()
    await until(() => messages.length === 1 && root.messages.length === 1)
    expect([root.connects[1]?.recovered, other.recovered]).toEqual([true, true])
    expect([root.messages, messages]).toEqual([['to root'], ['to b']])
  })

  test('recovers after a volatile event that ends in a text', async () => {
    const { socket, messages, connects } = await client()
    const cursors: unknown[] = []
    socket.on('cursor', (text: unknown) => cursors.push(text))
    await say('one')
    await server.app.channel('room:lobby').emit('cursor', 'at 7')
    await until(() => cursors.length === 1 && messages.length === 1)
    path.cut()
    await say('two')
    await until(() => messages.length === 2)
    expect(connects[1]?.recovered).toBe(true)
  })

  test('that has missed more than is kept is not recovered, and goes on', async () => {
    const { socket, messages, connects } = await client('/short:a')
    await server.app.channel('short:a').emit('message', 'first')
    await until(() => messages.length === 1)
    path.shut()
    path.cut()
    await until(() => !socket.connected)
    for (let i = 0; i < 600; i++) await server.app.channel('short:a').emit('message', String(i))
    path.unshut()
    await until(() => connects.length === 2)
    expect(connects[1]?.recovered).toBe(false)
    await server.app.channel('short:a').emit('message', 'live')
    await until(() => messages.length === 2)
    expect(messages).toEqual(['first', 'live'])
    path.cut()
    await server.app.channel('short:a').emit('message', 'again')
    await until(() => messages.length === 3)
    expect(connects[2]?.recovered).toBe(true)
  })

  test('without history keeps who it is, and is not recovered', async () => {
    const { connects } = await client('/live:a')
    path.cut()
    await until(() => connects.length === 2)
    expect(connects[1]).toEqual({ id: connects[0]?.id, recovered: false })
    path.cut()
    await until(() => connects.length === 3)
    expect(connects[2]?.recovered).toBe(false)
  })

  test('whose user was banned meanwhile does not come back by its pid', async () => {
    const { socket, connects } = await client('/', { auth: { user: 'tyr' } })
    path.shut()
    path.cut()
    await until(() => server.app.stats().connections === 0)
    await server.app.disconnect({ user: 'tyr' }, 'banned')
    path.unshut()
    await until(() => connects.length === 2)
    expect([socket.recovered, server.joins.length]).toEqual([false, 2])
  })

  test('that was kicked from a namespace is asked again', async () => {
    const { socket } = await client('/', { auth: { user: 'tyr' } })
    await server.app.channel('room:lobby').kick({ user: 'tyr' })
    await until(() => !socket.connected)
    socket.connect()
    await until(() => socket.connected)
    expect(server.joins).toEqual(['tyr room:lobby', 'tyr room:lobby'])
  })

  test('that leaves and enters again is not recovered', async () => {
    const { socket } = await client()
    const other = socket.io.socket('/room:b')
    await until(() => other.connected)
    path.cut()
    await until(() => other.recovered && socket.recovered)
    other.disconnect()
    other.connect()
    await until(() => other.connected)
    expect([other.recovered, socket.recovered]).toEqual([false, true])
  })

  test('with a new server begins anew', async () => {
    const { socket, messages, connects } = await client()
    await say('one')
    await until(() => messages.length === 1)
    await server.close()
    await until(() => !socket.connected)
    server = await room()
    path.lead(server.port)
    await until(() => connects.length === 2)
    expect(connects[1]?.recovered).toBe(false)
    await say('two')
    await until(() => messages.length === 2)
  })
})

test('a client whose node is another one after its path broke misses nothing', async () => {
  await server.close()
  path.close()
  const bus = memoryBus()
  const kept = memoryLog({ clock: systemClock, random: systemRandom })
  // Both nodes are to find it open.
  const log: Log = new Proxy(kept, {
    get: (target, name) => (name === 'close' ? () => {} : Reflect.get(target, name).bind(target)),
  })
  const nodes = { beatMs: 20, downMs: 20_000, forgetMs: 30_000 }
  server = await room({ server: { broker: bus.broker('a'), log, nodes } })
  const other = await room({ server: { broker: bus.broker('b'), log, nodes } })
  path = await Path.open(server.port)
  await until(() => [server, other].every(({ app }) => app.stats().nodes === 2), { what: 'nodes that know each other' })
  const { messages, connects } = await client('/', { auth: { user: 'tyr', name: 'Tyr' } })
  await say('one')
  await until(() => messages.length === 1)
  path.lead(other.port)
  path.cut()
  await say('two')
  await until(() => connects.length === 2 && messages.length === 2)
  expect([connects[1], other.joins]).toEqual([{ id: connects[0]?.id, recovered: true }, []])
  await until(async () => (await other.app.channel('room:lobby').count()).entries === 1)
  await say('three')
  await until(() => messages.length === 3)
  leave(sockets)
  await other.close()
  expect(other.errors).toEqual([])
  await kept.close()
})

describe('a pid', () => {
  const about = (packet: string) => JSON.parse(packet.slice(packet.indexOf('{'))) as { sid: string; pid: string }
  const answer = async (socket: RawSocket) => about(await socket.text('40{'))

  async function show(auth: object): Promise<{ socket: RawSocket; sid: string; pid: string }> {
    const socket = await openSocket(server.url)
    socket.send(`40${JSON.stringify(auth)}`)
    return { socket, ...(await answer(socket)) }
  }

  test('is nobody else’s while its client answers', async () => {
    const owner = (await joinSocket(server.url)).live()
    const first = await answer(owner)
    const thief = await show({ pid: first.pid, offset: '0~x' })
    expect(thief.sid).not.toBe(first.sid)
    expect(thief.pid).not.toBe(first.pid)
    expect(owner.closed).toBeNull()
    owner.cut()
    thief.socket.cut()
  })

  test('that was used is nobody else’s while its client answers', async () => {
    const gone = await joinSocket(server.url)
    const first = await answer(gone)
    gone.cut()
    await until(() => server.app.stats().connections === 0)
    const back = await show({ pid: first.pid })
    expect([back.sid, back.pid]).toEqual([first.sid, first.pid])
    back.socket.live()
    const thief = await show({ pid: first.pid })
    expect(thief.sid).not.toBe(first.sid)
    expect(back.socket.closed).toBeNull()
    back.socket.cut()
    thief.socket.cut()
  })

  test('goes to one of several who show it at once', async () => {
    const gone = await joinSocket(server.url)
    const first = await answer(gone)
    gone.cut()
    await until(() => server.app.stats().connections === 0)
    const all = await Promise.all(
      Array.from({ length: 5 }, async () => {
        const socket = (await openSocket(server.url)).live()
        socket.send(`40${JSON.stringify({ pid: first.pid })}`)
        const told = await answer(socket)
        return { socket, told }
      }),
    )
    expect(all.filter(({ told }) => told.sid === first.sid)).toHaveLength(1)
    expect(new Set(all.map(({ told }) => told.sid)).size).toBe(5)
    for (const { socket } of all) socket.cut()
  })

  test('is worthless to somebody else', async () => {
    const gone = await joinSocket(server.url, '/', { user: 'tyr' })
    const first = await answer(gone)
    gone.cut()
    await until(() => server.app.stats().connections === 0)
    const other = await show({ user: 'mallory', pid: first.pid })
    expect(other.sid).not.toBe(first.sid)
    expect([...server.app.connections()].map(({ user }) => user.id)).toEqual(['mallory'])
    other.socket.cut()
  })

  test('and an offset are told by the wire as the reference tells them', async () => {
    const socket = await joinSocket(server.url)
    const { pid } = await answer(socket)
    socket.send('42["message","hi"]')
    const [, offset] = /,"(1~[^"]+)"\]$/.exec(await socket.text('42["message"')) ?? []
    expect(offset).toBeDefined()
    await say('missed')
    socket.cut()
    await until(() => server.app.stats().connections === 0)
    const back = await show({ pid, offset })
    expect(back.pid).toBe(pid)
    expect(await back.socket.text('42["message"')).toMatch(/^42\["message","missed","2~/)
    back.socket.cut()
  })

  test.each([
    { pid: 7 },
    { pid: '' },
    { pid: 'nobody~x~~' },
    { pid: 'x'.repeat(5_000) },
    { pid: {}, offset: [] },
    { offset: 'x' },
  ])('is not %j', async (auth) => {
    const { socket, pid } = await show(auth)
    expect(pid).toEqual(expect.any(String))
    socket.cut()
  })
})
