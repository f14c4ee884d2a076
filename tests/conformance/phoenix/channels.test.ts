import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { until } from '../../support/until.ts'
import { hex, open, type Raw } from './raw.ts'
import { type Room, room } from './room.ts'

let server: Room
const clients: Raw[] = []
beforeAll(async () => {
  server = await room()
})
afterEach(async () => {
  for (const client of clients.splice(0)) client.lose()
  await until(() => [...server.app.connections()].length === 0)
})
afterAll(() => server.close())

async function client(query?: string): Promise<Raw> {
  const raw = await open(server.port, query)
  clients.push(raw)
  return raw
}

const OK = { status: 'ok', response: {} }
const UNMATCHED = { status: 'error', response: { reason: 'unmatched topic' } }
let topics = 0
const fresh = () => `bytes:${++topics}`

describe('frames of protocol 2', () => {
  test('a heartbeat', async () => {
    const raw = await client()
    expect(await raw.ask([null, '1', 'phoenix', 'heartbeat', {}])).toEqual([[null, '1', 'phoenix', 'phx_reply', OK]])
  })

  test('a join, and one without a route', async () => {
    const raw = await client()
    expect(await raw.ask(['2', '2', 'lobby', 'phx_join', {}])).toEqual([['2', '2', 'lobby', 'phx_reply', OK]])
    expect(await raw.ask(['6', '6', 'nope:1', 'phx_join', {}])).toEqual([[null, '6', 'nope:1', 'phx_reply', UNMATCHED]])
  })

  test('a join that is refused, that crashes, and that has what it needs', async () => {
    const raw = await client()
    const error = (response: object) => ({ status: 'error', response })
    expect(await raw.ask(['1', '1', 'private:1', 'phx_join', { invitation: 'x' }])).toEqual([
      ['1', '1', 'private:1', 'phx_reply', error({ reason: 'an invitation is needed', code: 'refused' })],
    ])
    expect(await raw.ask(['2', '2', 'broken:1', 'phx_join', {}])).toEqual([
      ['2', '2', 'broken:1', 'phx_reply', error({ reason: 'join crashed' })],
    ])
    expect(await raw.ask(['3', '3', 'room:closed', 'phx_join', {}])).toEqual([
      [
        '3',
        '3',
        'room:closed',
        'phx_reply',
        error({ reason: 'not today', code: 'refused', details: { opens: 'tomorrow' } }),
      ],
    ])
    expect(await raw.ask(['4', '4', 'private:1', 'phx_join', { invitation: 'please' }])).toEqual([
      ['4', '4', 'private:1', 'phx_reply', { status: 'ok', response: { welcome: true } }],
    ])
  })

  test('an event: the broadcast to all, then the reply to its sender', async () => {
    const [tyr, bob] = [await client(), await client()]
    await tyr.join('lobby', '1')
    await bob.join('lobby', '7')
    const told = [null, null, 'lobby', 'message', 'hi']
    expect(await tyr.ask(['1', '2', 'lobby', 'message', 'hi'], 2)).toEqual([told, ['1', '2', 'lobby', 'phx_reply', OK]])
    expect(await bob.take()).toEqual([told])
  })

  test('an event that is refused, and one that the channel does not take', async () => {
    const raw = await client()
    await raw.join('room:1', '1')
    expect(await raw.ask(['1', '2', 'room:1', 'refused', {}])).toEqual([
      [
        '1',
        '2',
        'room:1',
        'phx_reply',
        { status: 'error', response: { reason: 'mind your language', code: 'refused', details: { word: 'x' } } },
      ],
    ])
    expect(await raw.ask(['1', '3', 'room:1', 'unheard_of', {}])).toMatchObject([
      ['1', '3', 'room:1', 'phx_reply', { status: 'error', response: { code: 'unknown_event' } }],
    ])
  })

  test('a call: its reply is the response, whatever it is', async () => {
    const raw = await client()
    await raw.join('room:1', '1')
    expect(await raw.ask(['1', '2', 'room:1', 'double', 21])).toEqual([
      ['1', '2', 'room:1', 'phx_reply', { status: 'ok', response: 42 }],
    ])
    for (const value of [null, false, 0, '', 'text', [], [null], { a: { b: [] } }])
      expect(await raw.ask(['1', '3', 'room:1', 'ask', value])).toEqual([
        ['1', '3', 'room:1', 'phx_reply', { status: 'ok', response: value }],
      ])
  })

  test('on a channel with history replies say where something stands', async () => {
    const raw = await client()
    const topic = `room:log-${++topics}`
    const joined = (await raw.join(topic, '1')) as [
      string,
      string,
      string,
      string,
      { response: { position: [string, number] } },
    ]
    const [epoch, offset] = joined[4].response.position
    expect(offset).toBe(0)
    expect(await raw.ask(['1', '2', topic, 'message', 'hi'], 2)).toEqual([
      [null, null, topic, 'message', 'hi'],
      ['1', '2', topic, 'phx_reply', { status: 'ok', response: { position: [epoch, 1] } }],
    ])
  })

  test('a leave: the reply, then the close', async () => {
    const raw = await client()
    await raw.join('lobby', '8')
    expect(await raw.ask(['8', '10', 'lobby', 'phx_leave', {}], 2)).toEqual([
      ['8', '10', 'lobby', 'phx_reply', OK],
      ['8', '8', 'lobby', 'phx_close', {}],
    ])
    expect(await raw.ask(['8', '11', 'lobby', 'phx_leave', {}])).toEqual([['8', '11', 'lobby', 'phx_reply', OK]])
    expect(await raw.ask(['8', '12', 'lobby', 'message', 'late'])).toEqual([
      [null, '12', 'lobby', 'phx_reply', UNMATCHED],
    ])
  })

  test('a channel that crashes: its end alone; it can be joined again', async () => {
    const raw = await client()
    await raw.join('room:1', '2')
    await raw.join('room:2', '3')
    expect(await raw.ask(['2', '4', 'room:1', 'crash', {}], 2)).toMatchObject([
      ['2', '4', 'room:1', 'phx_reply', { status: 'error', response: { code: 'internal' } }],
      ['2', '2', 'room:1', 'phx_error', { reason: 'channel_crash' }],
    ])
    expect(await raw.ask(['2', '5', 'room:1', 'message', 'x'])).toEqual([[null, '5', 'room:1', 'phx_reply', UNMATCHED]])
    expect(await raw.ask(['3', '6', 'room:2', 'double', 1])).toMatchObject([
      ['3', '6', 'room:2', 'phx_reply', { status: 'ok' }],
    ])
    expect(await raw.join('room:1', '7')).toMatchObject(['7', '7', 'room:1', 'phx_reply', { status: 'ok' }])
    expect(server.errors.splice(0).join()).toContain('secret detail')
  })

  test('a channel that the server ends', async () => {
    const raw = await client('user=tyr&vsn=2.0.0')
    await raw.join('lobby', '5')
    expect(await server.app.channel('lobby').kick({ user: 'tyr' }, 'spam')).toBe(1)
    expect(await raw.take()).toEqual([['5', '5', 'lobby', 'phx_close', { reason: 'spam' }]])
    expect(await raw.ask(['5', '6', 'lobby', 'message', 'x'])).toEqual([[null, '6', 'lobby', 'phx_reply', UNMATCHED]])
  })

  test.each([
    ['texts', '"a"'],
    ['numbers', '7'],
    ['null', 'null'],
    ['anything', '{"a":[true]}'],
  ])('refs that are %s come back as they were', async (_, ref) => {
    const raw = await client()
    const echoed = JSON.parse(ref) as unknown
    expect(await raw.ask(`[${ref},${ref},"lobby","phx_join",{}]`)).toEqual([[echoed, echoed, 'lobby', 'phx_reply', OK]])
    raw.send(`[${ref},${ref},"lobby","phx_leave",{},"a sixth",7]`)
    expect(await raw.take(2)).toEqual([
      [echoed, echoed, 'lobby', 'phx_reply', OK],
      [echoed, echoed, 'lobby', 'phx_close', {}],
    ])
  })

  test('what a broadcast carries is the same bytes for every subscriber', async () => {
    const all = await Promise.all(Array.from({ length: 5 }, () => client()))
    await Promise.all(all.map((raw) => raw.join('room:same', '1')))
    const payload = { a: [1, 'ä', null], __proto__: undefined }
    await server.app.channel('room:same').emit('echo', payload)
    for (const raw of all) expect(await raw.take()).toEqual([[null, null, 'room:same', 'echo', { a: [1, 'ä', null] }]])
  })
})

describe('state', () => {
  test('a second join takes the place of the first, whose end comes behind the answer', async () => {
    const raw = await client()
    await raw.join('lobby', '1')
    expect(await raw.ask(['2', '2', 'lobby', 'phx_join', {}], 2)).toEqual([
      ['2', '2', 'lobby', 'phx_reply', OK],
      ['1', '1', 'lobby', 'phx_close', {}],
    ])
    raw.send(['1', '3', 'lobby', 'message', 'of the first'], ['2', '4', 'lobby', 'message', 'of the second'])
    expect(await raw.settle(2)).toEqual([
      [null, null, 'lobby', 'message', 'of the second'],
      ['2', '4', 'lobby', 'phx_reply', OK],
    ])
  })

  test('many joins and leaves of one topic in one burst come out in order', async () => {
    const raw = await client()
    raw.send(
      ['1', '1', 'lobby', 'phx_join', {}],
      ['2', '2', 'lobby', 'phx_join', {}],
      ['2', '3', 'lobby', 'message', 'hi'],
      ['2', '4', 'lobby', 'phx_leave', {}],
      ['2', '5', 'lobby', 'message', 'late'],
      ['6', '6', 'lobby', 'phx_join', {}],
    )
    expect(await raw.settle(9)).toEqual([
      ['1', '1', 'lobby', 'phx_reply', OK],
      ['2', '2', 'lobby', 'phx_reply', OK],
      ['1', '1', 'lobby', 'phx_close', {}],
      [null, null, 'lobby', 'message', 'hi'],
      ['2', '3', 'lobby', 'phx_reply', OK],
      ['2', '4', 'lobby', 'phx_reply', OK],
      ['2', '2', 'lobby', 'phx_close', {}],
      [null, '5', 'lobby', 'phx_reply', UNMATCHED],
      ['6', '6', 'lobby', 'phx_reply', OK],
    ])
  })

  test.each(['message', 'phx_leave'])('%s that names a join which is over is dropped', async (event) => {
    const raw = await client()
    await raw.join('lobby', '5')
    raw.send(['4', '6', 'lobby', event, 'stale'])
    expect(await raw.settle()).toEqual([])
    raw.send([null, '7', 'lobby', 'message', 'none is named'])
    expect(await raw.settle(2)).toEqual([
      [null, null, 'lobby', 'message', 'none is named'],
      ['5', '7', 'lobby', 'phx_reply', OK],
    ])
  })

  test('a slow join holds nobody else up', async () => {
    const slow = await room()
    const raw = await open(slow.port)
    raw.send(
      ['1', '1', 'slow:1', 'phx_join', {}],
      ['2', '2', 'lobby', 'phx_join', {}],
      ['1', '3', 'slow:1', 'message', 'x'],
    )
    expect(await raw.settle(1)).toEqual([['2', '2', 'lobby', 'phx_reply', OK]])
    slow.release()
    expect(await raw.take(3)).toEqual([
      ['1', '1', 'slow:1', 'phx_reply', OK],
      [null, null, 'slow:1', 'message', 'x'],
      ['1', '3', 'slow:1', 'phx_reply', OK],
    ])
    raw.lose()
    await slow.close()
  })

  test('nothing comes behind the answer to a leave', async () => {
    const [tyr, bob] = [await client(), await client()]
    await tyr.join('lobby', '1')
    await bob.join('lobby', '1')
    const flood = async () => {
      for (let i = 0; i < 200; i++) await server.app.channel('lobby').emit('message', String(i))
    }
    const flooding = flood()
    tyr.send(['1', '2', 'lobby', 'phx_leave', {}])
    await flooding
    await until(() => (tyr.frames as unknown[][]).some(([, , , event]) => event === 'phx_close'))
    const frames = (await tyr.settle()) as [string, string, string, string][]
    const left = frames.findIndex(([, ref]) => ref === '2')
    expect(left).toBeGreaterThanOrEqual(0)
    expect(frames.slice(left + 1)).toEqual([['1', '1', 'lobby', 'phx_close', {}]])
  })
})

describe('bytes', () => {
  test('go out as they came in', async () => {
    const raw = await client()
    await raw.join('bytes:1', '2')
    expect(await raw.ask(hex('00 01 01 07 04 32 33 62797465733a31 66696c65 010203'), 2)).toEqual([
      '020704' + '62797465733a31' + '66696c65' + '010203',
      ['2', '3', 'bytes:1', 'phx_reply', OK],
    ])
    expect(await raw.ask(hex('00 01 01 07 07 32 34 62797465733a31 72657665727365 010203'))).toEqual([
      '0101010702' + '3234' + '62797465733a31' + '6f6b' + '030201',
    ])
  })

  test('are base64 in protocol 1', async () => {
    const [old, now] = [await client('vsn=1.0.0'), await client()]
    const topic = fresh()
    old.send({ topic, event: 'phx_join', payload: {}, ref: '1' })
    await old.take()
    await now.join(topic, '1')
    const name = Buffer.from(topic)
    now.send(
      Buffer.concat([
        Buffer.from([0, 1, 1, name.length, 4]),
        Buffer.from('12'),
        name,
        Buffer.from('file'),
        hex('fbff'),
      ]),
    )
    expect(await old.take()).toEqual([{ topic, event: 'file', payload: { base64: '+/8=' }, ref: null }])
  })
})

describe('frames of protocol 1', () => {
  test('from join to close', async () => {
    const raw = await client('')
    const frame = (event: string, payload: unknown, ref: string | null) => ({ topic: 'lobby', event, payload, ref })
    expect(await raw.ask(frame('phx_join', {}, '2'))).toEqual([frame('phx_reply', OK, '2')])
    expect(await raw.ask(frame('message', 'hi', '3'), 2)).toEqual([
      frame('message', 'hi', null),
      frame('phx_reply', OK, '3'),
    ])
    expect(await raw.ask(frame('phx_leave', {}, '4'), 2)).toEqual([
      frame('phx_reply', OK, '4'),
      frame('phx_close', {}, null),
    ])
    expect(await raw.ask(frame('message', 'late', '5'))).toEqual([frame('phx_reply', UNMATCHED, '5')])
  })
})

describe('presence', () => {
  type Diff = [null, null, string, 'presence_diff', { joins: Metas; leaves: Metas }]
  type Metas = Record<string, { metas: { name: string; phx_ref: string; phx_ref_prev?: string }[] }>

  test('the state behind the reply, then diffs; an update is a leave and a join in one', async () => {
    const topic = `room:p${++topics}`
    const tyr = await client('user=tyr&vsn=2.0.0')
    tyr.send(['1', '1', topic, 'phx_join', { name: 'Tyr' }])
    const [reply, state] = await tyr.take(2)
    expect(reply).toMatchObject(['1', '1', topic, 'phx_reply', { status: 'ok' }])
    expect(state).toMatchObject(['1', null, topic, 'presence_state', { tyr: { metas: [{ name: 'Tyr' }] } }])

    const bob = await client('user=bob&vsn=2.0.0')
    bob.send(['1', '1', topic, 'phx_join', { presence: { name: 'Bob' } }])
    const [joined] = (await tyr.take()) as [Diff]
    expect(joined).toEqual([
      null,
      null,
      topic,
      'presence_diff',
      { joins: { bob: { metas: [{ name: 'Bob', phx_ref: expect.any(String) }] } }, leaves: {} },
    ])
    const { phx_ref } = joined[4].joins.bob!.metas[0]!

    bob.send(['1', '2', topic, 'presence', { name: 'Bob', away: true }])
    const [updated] = (await tyr.take()) as [Diff]
    expect(updated[4]).toEqual({
      joins: { bob: { metas: [{ name: 'Bob', away: true, phx_ref: expect.any(String), phx_ref_prev: phx_ref }] } },
      leaves: { bob: { metas: [{ name: 'Bob', phx_ref }] } },
    })
    expect(updated[4].joins.bob!.metas[0]!.phx_ref).not.toBe(phx_ref)

    bob.send(['1', '3', topic, 'presence', 'off'])
    const [left] = (await tyr.take()) as [Diff]
    expect(left[4]).toMatchObject({ joins: {}, leaves: { bob: { metas: [{ away: true }] } } })
    await bob.settle()
    bob.send(['1', '4', topic, 'message', 'still here'])
    expect(await tyr.take()).toEqual([[null, null, topic, 'message', 'still here']])
  })

  test('one person on two connections has two metas', async () => {
    const topic = `room:p${++topics}`
    const [one, two] = [await client('user=tyr&vsn=2.0.0'), await client('user=tyr&vsn=2.0.0')]
    await one.join(topic, '1', { name: 'Laptop' })
    await two.join(topic, '1', { name: 'Phone' })
    const watcher = await client()
    watcher.send(['1', '1', topic, 'phx_join', {}])
    const [, state] = (await watcher.take(2)) as [unknown, [string, null, string, string, Metas]]
    expect(state[4].tyr!.metas.map(({ name }) => name)).toEqual(['Laptop', 'Phone'])
    expect(new Set(state[4].tyr!.metas.map(({ phx_ref }) => phx_ref)).size).toBe(2)
  })

  test('of a channel that tells counts alone is a count', async () => {
    const [tyr, bob] = [await client(), await client()]
    tyr.send(['1', '1', 'count:1', 'phx_join', { name: 'Tyr' }])
    await tyr.take(2)
    bob.send(['1', '1', 'count:1', 'phx_join', { name: 'Bob' }])
    await until(
      () => JSON.stringify(tyr.frames.at(-1)) === '[null,null,"count:1","presence_count",{"members":2,"entries":2}]',
    )
  })

  test.each(['__proto__', 'constructor', 'toString', 'hasOwnProperty', '', ' ', '\u0000', '😀'])(
    'of a user with the id %j is under that key',
    async (id) => {
      const own = await room({}, { authenticate: () => ({ id: id || 'empty' }) })
      const raw = await open(own.port)
      raw.send(['1', '1', 'room:k', 'phx_join', { name: 'Tyr' }])
      const [, state] = (await raw.take(2)) as [unknown, [string, null, string, string, object]]
      expect(Object.getOwnPropertyNames(state[4])).toEqual([id || 'empty'])
      raw.lose()
      await own.close()
    },
  )
})

describe('closes', () => {
  test('an echo of the client’s own', async () => {
    const raw = await client()
    raw.socket.close(1000)
    expect(await raw.end()).toBe(1000)
  })

  test('1001 for all sockets of a user that is disconnected', async () => {
    const both = [await client('user=tyr&vsn=2.0.0'), await client('user=tyr&vsn=2.0.0')]
    expect(await server.app.disconnect({ user: 'tyr' })).toBe(2)
    expect(await Promise.all(both.map((raw) => raw.end()))).toEqual([1001, 1001])
  })

  test('1002 when nothing was sent for too long, though pings are answered', async () => {
    const own = await room({ idleMs: 1_500, pingMs: 500 })
    const [idle, beating] = [await open(own.port), await open(own.port)]
    let beats = 0
    const beat = setInterval(() => beating.send([null, String(++beats), 'phoenix', 'heartbeat', {}]), 300)
    expect(await idle.end()).toBe(1002)
    expect(beating.closed).toBeNull()
    clearInterval(beat)
    await own.close()
  })

  test('1012 when the server stops, and no channel is told that it is over', async () => {
    const own = await room()
    const raw = await open(own.port)
    await raw.join('lobby', '1')
    const closing = own.close()
    expect(await raw.end()).toBe(1012)
    expect(raw.frames).toEqual([])
    await closing
  })
})
