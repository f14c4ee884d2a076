import { randomBytes } from 'node:crypto'
import { createRequire } from 'node:module'
import { Presence, type Socket } from 'phoenix'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { until } from '../../support/until.ts'
import { Path } from '../socketio/path.ts'
import { disconnect, Heard, type Kind, type SocketOptions, socketOf } from './client.ts'
import { open, Raw } from './raw.ts'
import { type Room, room } from './room.ts'

let server: Room
const sockets: Socket[] = []
beforeAll(async () => {
  server = await room({ longPoll: { windowMs: 1_000 } })
})
afterEach(async () => {
  await Promise.all(sockets.splice(0).map(disconnect))
  await until(() => [...server.app.connections()].length === 0)
})
afterAll(() => server.close())

function connect(kind: Kind, user: string, options: SocketOptions = {}, url: string = server.url): Socket {
  const socket = socketOf(url, kind, { ...options, params: { user, ...options.params } })
  sockets.push(socket)
  return socket
}

let topics = 0
const fresh = (kind = 'room') => `${kind}:c${++topics}`

describe.each(['websocket', 'longpoll'] as const)('phoenix.js over %s', (kind) => {
  test('joins, pushes, hears and leaves', async () => {
    const topic = fresh()
    const [tyr, bob] = [connect(kind, 'tyr'), connect(kind, 'bob')]
    const [one, two] = [await Heard.join(tyr, topic), await Heard.join(bob, topic)]
    expect(await one.push('message', 'hi, this is Tyr')).toEqual({ position: [expect.any(String), 1] })
    await until(() => two.messages.length === 1 && one.messages.length === 1)
    expect([one.messages, two.messages]).toEqual([['hi, this is Tyr'], ['hi, this is Tyr']])
    await one.leave()
    expect(one.events).toEqual(['close leave'])
    await two.push('message', 'after')
    await until(() => two.messages.length === 2)
    expect(one.messages).toHaveLength(1)
  })

  test.each([
    ['a text', 'text'],
    ['an object', { a: [1, null, 'ä😀'], b: { c: true } }],
    ['a list', [1, 'two', null]],
    ['a number', 7],
    ['true', true],
  ])('any payload arrives as it was: %s', async (_, payload) => {
    const heard = await Heard.join(connect(kind, 'tyr'), fresh())
    await heard.push('echo', payload)
    await until(() => heard.messages.length === 1)
    expect(heard.messages).toEqual([payload])
    expect(await heard.push('ask', payload)).toEqual(payload)
  })

  test('what is nothing arrives as an empty object, also with a logger', async () => {
    const lines: string[] = []
    const socket = connect(kind, 'tyr', { logger: (...line: unknown[]) => lines.push(String(line[1])) } as never)
    const topic = fresh()
    const heard = await Heard.join(socket, topic)
    await server.app.channel(topic as 'room:x').emit('echo', null)
    await server.app.channel(topic as 'room:x').emit('echo', 0)
    await until(() => heard.messages.length === 2)
    expect(heard.messages).toEqual([{}, 0])
    expect(lines.join()).toContain('echo')
  })

  test('replies come in the order of pushes, each to its own', async () => {
    const heard = await Heard.join(connect(kind, 'tyr'), fresh())
    const answers = await Promise.all(Array.from({ length: 50 }, (_, i) => heard.push('double', i + 1)))
    expect(answers).toEqual(Array.from({ length: 50 }, (_, i) => i * 2 + 2))
  })

  test('more than a batch of pushes in one turn arrives whole and in order', async () => {
    const heard = await Heard.join(connect(kind, 'tyr'), fresh())
    const sent = Array.from({ length: 150 }, (_, i) => `number ${i}`)
    for (const text of sent) void heard.push('message', text)
    await until(() => heard.messages.length === 150)
    expect(heard.messages).toEqual(sent)
  })

  test('refusals are told', async () => {
    const socket = connect(kind, 'tyr')
    const heard = await Heard.join(socket, fresh())
    await expect(heard.push('refused', {})).rejects.toMatchObject({
      response: { reason: 'mind your language', code: 'refused', details: { word: 'x' } },
    })
    await expect(heard.push('message', 'x'.repeat(30_001))).rejects.toMatchObject({
      response: { code: 'invalid_payload' },
    })
    const closed = new Heard(socket, 'room:closed')
    await until(() => closed.refusals.length > 0)
    expect(closed.refusals[0]).toEqual({ reason: 'not today', code: 'refused', details: { opens: 'tomorrow' } })
    const nowhere = new Heard(socket, 'nowhere:1')
    await until(() => nowhere.refusals.length > 0)
    expect(nowhere.refusals[0]).toEqual({ reason: 'unmatched topic' })
    // Refused joins are tried again for ever; that is the client's way.
    await until(() => nowhere.refusals.length > 1)
  })

  test('a channel whose handler broke comes back by itself', async () => {
    const heard = await Heard.join(connect(kind, 'tyr'), fresh())
    await expect(heard.push('crash', {})).rejects.toMatchObject({ response: { code: 'internal' } })
    await until(() => heard.replies.length === 2)
    expect(heard.events).toEqual(['error channel_crash'])
    expect(await heard.push('double', 2)).toBe(4)
    server.errors.length = 0
  })

  test('who is kicked is told why, and does not come back by itself', async () => {
    const topic = fresh()
    const socket = connect(kind, 'tyr')
    const heard = await Heard.join(socket, topic, { name: 'Tyr' })
    expect(await server.app.channel(topic as 'room:x').kick({ user: 'tyr' }, 'spam')).toBe(1)
    await until(() => heard.events.length > 0)
    expect(heard.events).toEqual(['close spam'])
    // As long as another channel of it takes to try again twice, which it does at the same pace.
    const nowhere = new Heard(socket, 'nowhere:1')
    await until(() => nowhere.refusals.length > 2)
    expect([heard.replies.length, heard.channel.state]).toEqual([1, 'closed'])
    expect(await server.app.channel(topic as 'room:x').members()).toEqual([])
  })

  test('who is disconnected comes back, and into its channels', async () => {
    const heard = await Heard.join(connect(kind, 'tyr'), fresh())
    expect(await server.app.disconnect({ user: 'tyr' })).toBe(1)
    await until(() => heard.replies.length === 2)
    expect(heard.events[0]).toMatch(/^error /)
    expect(await heard.push('double', 2)).toBe(4)
  })

  test('an authToken reaches authenticate', async () => {
    const own = await room({ longPoll: { windowMs: 1_000 } })
    const socket = connect(kind, 'tyr', { authToken: 'a.b?c>d~e' }, own.url)
    await Heard.join(socket, fresh())
    expect(JSON.stringify(own.credentials)).toBe('[{"user":"tyr","token":"a.b?c>d~e"}]')
    await Promise.all(sockets.splice(0).map(disconnect))
    await own.close()
  })

  test('who is refused keeps on asking, ever more slowly, and gets in when it may', async () => {
    const asked: number[] = []
    let open = false
    const own = await room(
      {},
      {
        authenticate: () => {
          asked.push(performance.now())
          return open ? { id: 'tyr' } : { allowed: false, refusal: { code: 'refused', message: 'not yet' } }
        },
      },
    )
    const heard = new Heard(connect(kind, 'tyr', {}, own.url), 'lobby')
    await until(() => asked.length >= 5)
    // A close behind the upgrade would have brought it back every 10 ms.
    expect((asked[4] ?? 0) - (asked[3] ?? 0)).toBeGreaterThan(90)
    open = true
    await until(() => heard.replies.length === 1)
    await Promise.all(sockets.splice(0).map(disconnect))
    await own.close()
  })

  test('survives the restart of the server, and goes on where it was', async () => {
    let own = await room({ longPoll: { windowMs: 1_000 } })
    // Its address stays: the port of a server that was closed may be anybody's before the next one listens.
    const path = await Path.open(own.port)
    const [tyr, bob] = [connect(kind, 'tyr', {}, path.url), connect('websocket', 'bob', {}, path.url)]
    const one = await Heard.join(tyr, 'room:restart', { name: 'Tyr' })
    const two = await Heard.join(bob, 'room:restart', { name: 'Bob' })
    await until(() => Object.keys(one.here).length === 2 && Object.keys(two.here).length === 2)
    await own.close()
    own = await room({ longPoll: { windowMs: 1_000 } })
    path.lead(own.port)
    await until(() => one.replies.length === 2 && two.replies.length === 2)
    await one.push('message', 'back again')
    await until(() => two.messages.includes('back again'))
    for (const heard of [one, two])
      await until(
        () =>
          JSON.stringify(heard.here) === '{"tyr":["Tyr"],"bob":["Bob"]}' ||
          JSON.stringify(heard.here) === '{"bob":["Bob"],"tyr":["Tyr"]}',
      )
    await Promise.all(sockets.splice(0).map(disconnect))
    path.close()
    await own.close()
  })

  test('with positions loses nothing and doubles nothing, whatever breaks', async () => {
    const topic = fresh()
    let last: [string, number] | undefined
    const socket = connect(kind, 'tyr', {
      params: { stamp: 1 },
      // The way in for whoever wants positions: the sixth item of a message.
      decode(raw, heard) {
        const [join_ref, ref, topic, event, payload, stamp] = JSON.parse(raw)
        if (stamp?.position) last = stamp.position
        heard({ join_ref, ref, topic, event, payload })
      },
    })
    // Over long poll the client has no `decode`: the positions of its own reading are in the replies to joins.
    const from = () => (kind === 'websocket' && last ? { since: last } : { last: 1_000 })
    const heard = await Heard.join(socket, topic, from)
    const emit = (from: number, to: number) =>
      Array.from({ length: to - from }, (_, i) => server.app.channel(topic as 'room:x').emit('message', `${from + i}`))
    await Promise.all(emit(0, 20))
    await until(() => heard.messages.length === 20)
    await server.app.disconnect({ user: 'tyr' })
    await Promise.all(emit(20, 50))
    await until(() => heard.replies.length === 2 && heard.messages.at(-1) === '49')
    await Promise.all(emit(50, 60))
    await until(() => heard.messages.at(-1) === '59')
    const all = Array.from({ length: 60 }, (_, i) => String(i))
    if (kind === 'websocket') {
      expect(heard.messages).toEqual(all)
      expect(heard.replies[1]).toMatchObject({ recovery: 'recovered' })
    } else expect([...new Set(heard.messages)]).toEqual(all)
  })
})

describe('presence', () => {
  test.each(['websocket', 'longpoll'] as const)('converges over %s, whoever comes, goes and changes', async (kind) => {
    const topic = fresh()
    const watcher = await Heard.join(connect(kind, 'watcher'), topic)
    const joins: string[] = []
    const leaves: string[] = []
    watcher.presence.onJoin((key, current, { metas }) => {
      if (!current && metas.length > 0) joins.push(String(key))
    })
    watcher.presence.onLeave((key, { metas }) => {
      if (metas.length === 0) leaves.push(String(key))
    })
    const tyr = await Heard.join(connect('websocket', 'tyr'), topic, { name: 'Tyr' })
    const phone = await Heard.join(connect('longpoll', 'tyr'), topic, { presence: { name: 'Tyr on the phone' } })
    const bob = await Heard.join(connect('websocket', 'bob'), topic, { name: 'Bob' })
    await until(() => watcher.here.tyr?.length === 2 && watcher.here.bob)
    expect(watcher.here).toEqual({ tyr: ['Tyr', 'Tyr on the phone'], bob: ['Bob'] })
    await bob.push('presence', { name: 'Bob', away: true })
    await until(() => JSON.stringify(watcher.presence.list((_, { metas }) => metas[0]?.away)) === '[null,true]')
    await phone.leave()
    await until(() => watcher.here.tyr?.length === 1)
    await bob.push('presence', 'off')
    await tyr.leave()
    await until(() => Object.keys(watcher.here).length === 0)
    expect([joins, leaves.sort()]).toEqual([
      ['tyr', 'bob'],
      ['bob', 'tyr'],
    ])
  })

  test('converges on the same table with fifty that come and go at once', async () => {
    const topic = fresh()
    const watchers = [
      await Heard.join(connect('websocket', 'w1'), topic),
      await Heard.join(connect('longpoll', 'w2'), topic),
    ]
    const crowd = await Promise.all(
      Array.from({ length: 50 }, (_, i) => Heard.join(connect('websocket', `user ${i}`), topic, { name: `User ${i}` })),
    )
    for (const [i, each] of crowd.entries()) {
      if (i % 5 === 0) void each.leave()
      else if (i % 5 === 1) void each.push('presence', { name: `Renamed ${i}` })
      else if (i % 5 === 2) void each.push('presence', 'off')
    }
    const expected: Record<string, string[]> = {}
    for (let i = 0; i < 50; i++) {
      if (i % 5 === 1) expected[`user ${i}`] = [`Renamed ${i}`]
      if (i % 5 > 2) expected[`user ${i}`] = [`User ${i}`]
    }
    for (const watcher of [...watchers, crowd[3] as Heard])
      await until(() => {
        expect(watcher.here).toEqual(expected)
        return true
      })
    const late = await Heard.join(connect('websocket', 'late'), topic)
    await until(() => Object.keys(late.here).length === Object.keys(expected).length)
    expect(late.here).toEqual(expected)
  })

  test('of keys that objects have of themselves harms no client', async () => {
    const own = await room({}, { authenticate: ({ credentials }) => ({ id: (credentials as { user: string }).user }) })
    const watcher = await Heard.join(connect('websocket', 'watcher', {}, own.url), 'room:keys')
    const keys = ['__proto__', 'constructor', 'toString', 'hasOwnProperty']
    const all = await Promise.all(
      keys.map((key) => Heard.join(connect('websocket', key, {}, own.url), 'room:keys', { name: key })),
    )
    await until(() => watcher.presence.list((key) => key).length === 4)
    expect(watcher.presence.list((key) => key).sort()).toEqual([...keys].sort())
    expect(({} as { metas?: unknown }).metas).toBeUndefined()
    for (const each of all) await each.leave()
    await until(() => watcher.presence.list((key) => key).length === 0)
    await Promise.all(sockets.splice(0).map(disconnect))
    await own.close()
  })

  test('that passed a slow client by is told whole, and its table is right again', async () => {
    const own = await room({}, { limits: { outboxBytes: 65_536 } })
    const raw = await open(own.port, 'user=slow&vsn=2.0.0')
    raw.send(['1', '1', 'room:slow', 'phx_join', {}])
    const others = await Promise.all(Array.from({ length: 12 }, (_, i) => open(own.port, `user=u${i}&vsn=2.0.0`)))
    for (const [i, other] of others.entries()) await other.join('room:slow', '1', { name: `first ${i}` })
    await until(() => JSON.stringify(raw.frames).includes('first 11'))
    raw.socket.pause()
    for (let i = 0; own.app.stats().behind === 0 && i < 900; i++) {
      await own.app.channel('room:slow').emit('echo', 'x'.repeat(25_000))
      await new Promise((resolve) => setImmediate(resolve))
    }
    expect(own.app.stats().behind).toBeGreaterThan(0)
    for (const [i, other] of others.entries()) {
      other.frames.length = 0
      if (i % 3 === 0) other.send(['1', 'x', 'room:slow', 'presence', { name: `last ${i}` }])
      if (i % 3 === 1) other.send(['1', 'x', 'room:slow', 'phx_leave', {}])
      await other.settle()
    }
    raw.socket.resume()
    let state: object = {}
    const expected = Array.from({ length: 12 }, (_, i) => `${i % 3 === 0 ? 'last' : 'first'} ${i}`).filter(
      (_, i) => i % 3 !== 1,
    )
    await until(() => {
      for (const frame of raw.frames.splice(0) as [string, string, string, string, object][]) {
        if (frame[3] === 'presence_state') state = Presence.syncState(state, frame[4])
        if (frame[3] === 'presence_diff') state = Presence.syncDiff(state, frame[4] as never)
      }
      const here = Presence.list(state, (_, { metas }) => (metas as { name: string }[]).map(({ name }) => name).join())
      expect(here.sort()).toEqual(expected.sort())
      return true
    })
    expect(own.app.stats().caughtUp).toBeGreaterThan(0)
    for (const each of [raw, ...others]) each.lose()
    await own.close()
  })
})

describe('bytes', () => {
  test('go both ways over WebSocket', async () => {
    const heard = await Heard.join(connect('websocket', 'tyr'), fresh('bytes'))
    const bytes = new Uint8Array(randomBytes(10_000))
    await heard.push('file', bytes.buffer)
    await until(() => heard.messages.length === 1)
    expect(Buffer.from(heard.messages[0] as ArrayBuffer).equals(bytes)).toBe(true)
    const reversed = (await heard.push('reverse', new Uint8Array([1, 2, 3]).buffer)) as ArrayBuffer
    expect([...new Uint8Array(reversed)]).toEqual([3, 2, 1])
  })

  test('go to the server over long poll, and come back as base64', async () => {
    const heard = await Heard.join(connect('longpoll', 'tyr'), fresh('bytes'))
    await heard.push('file', new Uint8Array([251, 255]).buffer)
    await until(() => heard.messages.length === 1)
    expect(heard.messages).toEqual([{ base64: '+/8=' }])
    expect(await heard.push('reverse', new Uint8Array([255, 251]).buffer)).toEqual({ base64: '+/8=' })
  })
})

describe('the client of 2016, protocol 1', () => {
  test('joins, pushes, hears, sees and leaves', async () => {
    // It was made for browsers alone.
    Object.assign(globalThis, { window: globalThis })
    const { Socket: Old } = createRequire(import.meta.url)('phoenix-v1') as typeof import('phoenix')
    const socket = new Old(`${server.url.replace('http', 'ws')}/socket`, {
      transport: WebSocket,
      params: { user: 'old' },
    })
    socket.connect()
    const topic = fresh()
    const tyr = await Heard.join(connect('websocket', 'tyr'), topic, { name: 'Tyr' })
    const heard = await Heard.join(socket, topic, { name: 'Old' })
    await heard.push('message', 'from long ago')
    await tyr.push('message', 'from now')
    await until(() => heard.messages.length === 2 && tyr.messages.length === 2)
    expect(heard.messages).toEqual(['from long ago', 'from now'])
    await until(() => Object.keys(tyr.here).length === 2 && Object.keys(heard.here).length === 2)
    expect(tyr.here).toEqual({ tyr: ['Tyr'], old: ['Old'] })
    await heard.leave()
    await until(() => Object.keys(tyr.here).length === 1)
    socket.disconnect()
    Reflect.deleteProperty(globalThis, 'window')
  })
})

test('a frame that comes behind the reconnect of its client is of nobody', async () => {
  const raw = new Raw(new WebSocket(`ws://localhost:${server.port}/socket/websocket?user=tyr&vsn=2.0.0`))
  await until(() => raw.socket.readyState === WebSocket.OPEN)
  await raw.join('lobby', '1')
  raw.send(['7', '8', 'lobby', 'message', 'of another life'])
  expect(await raw.settle()).toEqual([])
  raw.lose()
})
