import { once } from 'node:events'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import fc from 'fast-check'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { until } from '../../support/until.ts'
import { Poll } from './poll.ts'
import { dial, hex, open, type Raw, upgrade } from './raw.ts'
import { type Room, room } from './room.ts'

// Whatever comes in here, somebody else in the same process goes on as if nothing were.

let server: Room
let bystander: Raw
beforeAll(async () => {
  server = await room(
    { longPoll: { windowMs: 500 } },
    { limits: { messagesPerSecond: 100_000, messageBurst: 100_000 } },
  )
  bystander = await open(server.port)
  await bystander.join('lobby', '1')
})
beforeEach(() => bystander.settle())
afterEach(async () => {
  await until(() => [...server.app.connections()].length === 1, { what: 'the others to be gone' })
  bystander.send(['1', '2', 'lobby', 'message', 'unharmed'])
  expect(await bystander.settle(2)).toContainEqual([null, null, 'lobby', 'message', 'unharmed'])
  expect(server.errors.splice(0)).toEqual([])
})
afterAll(() => server.close())

const UNMATCHED = { status: 'error', response: { reason: 'unmatched topic' } }

describe('a frame that is none closes its own socket with 1011', () => {
  test.each([
    ['', 'not JSON'],
    ['\u0000', 'a NUL'],
    ['hello', 'text'],
    ['{', 'half an object'],
    ['null', 'null'],
    ['{}', 'an object'],
    ['[]', 'an empty array'],
    ['["1","1","lobby","phx_join"]', 'four items'],
    ['["1","1",["lobby"],"phx_join",{}]', 'a topic that is no text'],
    ['["1","1","lobby",{"toString":1},{}]', 'an event that is no text'],
    [`["${'9'.repeat(300)}","1","lobby","phx_join",{}]`, 'a ref of any length'],
    [`${'['.repeat(30_000)}${']'.repeat(30_000)}`, 'deep arrays'],
    [`["1","1","lobby","phx_join",${'{"a":'.repeat(10_000)}1${'}'.repeat(10_000)}]`, 'deep objects'],
    ['["1","1","lobby","phx_join",{}', 'a bracket too few'],
    ['\ufeff["1","1","lobby","phx_join",{}]', 'a byte order mark'],
  ])('%#: %j', async (frame) => {
    const raw = await open(server.port)
    await raw.join('lobby', '1')
    raw.send(frame)
    expect(await raw.end()).toBe(1011)
  })

  test('a binary frame that ends anywhere within its header', async () => {
    const whole = hex('00 01 01 05 04 31 32 6c6f626279 6563686f')
    for (let end = 0; end < whole.length; end++) {
      const raw = await open(server.port)
      raw.send(whole.slice(0, end))
      expect([end, await raw.end()]).toEqual([end, 1011])
    }
  })

  test.each(['01 01 01 05 02 31 32 6c6f626279 6f6b', '02 05 07 6c6f626279 6e65775f6d7367', 'ff', '00 ff ff ff ff'])(
    'bytes of a kind or length that clients do not send: %s',
    async (digits) => {
      const raw = await open(server.port)
      raw.send(hex(digits))
      expect(await raw.end()).toBe(1011)
    },
  )
})

describe('a frame above the limit closes with 1009', () => {
  test('of the server, in text and in bytes', async () => {
    for (const frame of ['x'.repeat(65_537), new Uint8Array(65_537)]) {
      const raw = await open(server.port)
      raw.send(frame)
      expect(await raw.end()).toBe(1009)
    }
  })

  test('of the dialect, whose other frames are let in', async () => {
    const own = await room({ maxFrameBytes: 100 })
    const raw = await open(own.port)
    raw.send(JSON.stringify([null, '1', 'phoenix', 'heartbeat', { pad: 'x'.repeat(40) }]))
    expect(await raw.take()).toHaveLength(1)
    raw.send('x'.repeat(101))
    expect(await raw.end()).toBe(1009)
    await own.close()
  })

  test('before all of it is there', async () => {
    const socket = await dial(server.port)
    socket.write(upgrade('/socket/websocket').replaceAll('\n', '\r\n'))
    let heard = ''
    socket.on('data', (chunk: Buffer) => {
      heard += chunk.toString('latin1')
    })
    await until(() => heard.endsWith('\r\n\r\n'), { what: 'the answer to the handshake' })
    const before = heard.length
    // A text of 2^40 bytes, of which nothing ever comes.
    socket.write(hex('81 ff 0000010000000000 00000000'))
    await until(() => heard.length >= before + 4, { what: 'a close' })
    expect(Buffer.from(heard.slice(before, before + 4), 'latin1').toString('hex')).toMatch(/^88..03f1$/)
    socket.destroy()
  })
})

describe('what there is not', () => {
  test('the 101st channel is refused; the others stay', async () => {
    const raw = await open(server.port)
    for (let i = 1; i <= 101; i++) raw.send([`${i}`, `${i}`, `slow:${i}`, 'phx_join', {}])
    await until(() => raw.frames.length === 1)
    const refused = { status: 'error', response: { reason: 'too many channels joined' } }
    expect(await raw.settle()).toEqual([['101', '101', 'slow:101', 'phx_reply', refused]])
    raw.lose()
  })

  test.each([
    'nope:1',
    'phoenix',
    '__proto__',
    'constructor',
    '',
    'room:',
    'room:\u0000',
    `room:${'x'.repeat(255)}`,
    'room:\ud800',
  ])('the topic %j is unmatched, for joins and for events', async (topic) => {
    const raw = await open(server.port)
    raw.send(['1', '2', topic, 'phx_join', {}], ['1', '3', topic, 'message', 'x'], [null, '4', topic, 'message', 'x'])
    expect(await raw.settle(3)).toEqual(
      ['2', '3', '4'].map((ref) => [null, ref, JSON.parse(JSON.stringify(topic)), 'phx_reply', UNMATCHED]),
    )
    raw.lose()
  })

  test.each([
    '__proto__',
    'constructor',
    'toString',
    'join',
    'leave',
    'resume',
    'phx_reply',
    'phx_close',
    'phx_error',
    '',
    'x'.repeat(5_000),
  ])('the event %j is refused, and its channel goes on', async (event) => {
    const raw = await open(server.port)
    await raw.join('lobby', '1')
    raw.send(['1', '2', 'lobby', event, {}], ['1', '3', 'lobby', 'message', 'on'])
    const frames = await raw.settle(3)
    expect(frames).toContainEqual([
      '1',
      '2',
      'lobby',
      'phx_reply',
      { status: 'error', response: { reason: expect.any(String), code: 'unknown_event' } },
    ])
    expect(frames).toContainEqual([null, null, 'lobby', 'message', 'on'])
    raw.lose()
  })

  test.each([
    [{ last: -1 }, 'ok'],
    [{ last: 1e308 }, 'ok'],
    [{ since: ['__proto__', 0] }, 'ok'],
    [{ since: ['e', 9_007_199_254_740_991] }, 'ok'],
    [{ presence: { name: 'x'.repeat(101) } }, 'error'],
    [{ presence: 'text' }, 'error'],
    [{ presence: [[[]]] }, 'error'],
    [{ name: 'x'.repeat(101) }, 'error'],
    [{ toString: 1, hasOwnProperty: 2 }, 'ok'],
    ['text', 'ok'],
    [null, 'ok'],
    [[1, 2], 'ok'],
  ])('a join with %j is answered with %s', async (payload, status) => {
    const raw = await open(server.port)
    raw.send(['1', '1', 'room:odd', 'phx_join', payload])
    const [reply] = await raw.take()
    expect(reply).toMatchObject(['1', '1', 'room:odd', 'phx_reply', { status }])
    raw.lose()
  })

  test('a payload with __proto__ reaches handlers and clients as it is', async () => {
    const raw = await open(server.port)
    await raw.join('room:proto', '1')
    raw.send('["1","2","room:proto","echo",{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}}}]')
    const [message] = (await raw.take()) as [[null, null, string, string, object]]
    expect(JSON.stringify(message[4])).toBe('{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}}}')
    expect(({} as { polluted?: number }).polluted).toBeUndefined()
    raw.lose()
  })
})

describe('a client that goes wrong', () => {
  test('by leaving and joining one topic without end is told to slow down, then closed', async () => {
    const raw = await open(server.port)
    raw.socket.on('error', () => {})
    for (let i = 0; i < 3_000 && raw.closed === null; i++)
      raw.send([`${i}`, `${i}`, 'lobby', 'phx_join', {}], [`${i}`, `${i}l`, 'lobby', 'phx_leave', {}])
    expect(await raw.end()).toBe(1008)
  })

  test('by sending on while its join is not decided is closed', async () => {
    const raw = await open(server.port)
    raw.send(['1', '1', 'slow:x', 'phx_join', {}])
    for (let i = 0; i < 100; i++) raw.send([`${i}`, `${i}`, 'slow:x', 'phx_join', {}])
    expect(await raw.end()).toBe(1008)
  })

  test('by never reading is closed, however little it asks for', async () => {
    const raw = await open(server.port)
    await raw.join('room:flood', '1')
    raw.socket.pause()
    const payload = 'x'.repeat(20_000)
    for (let i = 0; i < 2_000 && [...server.app.connections()].length === 2; i++) {
      raw.send(['1', `${i}`, 'room:flood', 'ask', payload])
      if (i % 50 === 0) await new Promise((resolve) => setImmediate(resolve))
    }
    await until(() => [...server.app.connections()].length === 1)
    raw.lose()
  })

  test('by never joining and never saying who it is is closed', async () => {
    const own = await room({}, { limits: { helloMs: 100 }, authenticate: undefined as never })
    const raw = await open(own.port)
    expect(await raw.end()).toBe(1002)
    await own.close()
  })

  test('by never sending a heartbeat is closed', async () => {
    const own = await room({ idleMs: 1_000 })
    const raw = await open(own.port)
    await raw.join('lobby', '1')
    expect(await raw.end()).toBe(1002)
    await own.close()
  })

  test('by vanishing without a word is found out', async () => {
    const own = await room({ pingMs: 500, deadMs: 500 })
    const socket = await dial(own.port)
    socket.write(upgrade('/socket/websocket?vsn=2.0.0').replaceAll('\n', '\r\n'))
    await until(() => [...own.app.connections()].length === 1)
    // It answers nothing, not even pings: a cable was cut.
    await until(() => [...own.app.connections()].length === 0)
    socket.destroy()
    await own.close()
  })

  test('by hanging up in the middle of anything costs nothing', async () => {
    const head = upgrade('/socket/websocket?vsn=2.0.0').replaceAll('\n', '\r\n')
    for (let end = 1; end <= head.length; end += 7) {
      const socket = await dial(server.port)
      socket.write(head.slice(0, end), () => socket.resetAndDestroy())
    }
    const raw = await open(server.port)
    raw.send(['1', '1', 'slow:y', 'phx_join', {}])
    raw.socket.terminate()
  })
})

describe('long poll', () => {
  test('a body that never ends is given up', async () => {
    const poll = await Poll.open(server.port)
    const socket = await dial(server.port)
    const { pathname, search } = new URL(poll.target)
    socket.write(
      `POST ${pathname}${search} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-ndjson\r\nContent-Length: 1000\r\n\r\n[`,
    )
    let heard = ''
    socket.on('data', (chunk: Buffer) => {
      heard += chunk.toString()
    })
    await once(socket, 'close')
    // In time it is told so; an answer to what goes on coming may be lost.
    expect(['', '{"status":408}']).toContain(heard.slice(heard.indexOf('\r\n\r\n') + 4))
    socket.destroy()
  })

  test('a body that says that it is enormous is refused before it comes', async () => {
    const poll = await Poll.open(server.port)
    const socket = await dial(server.port)
    const { pathname, search } = new URL(poll.target)
    socket.write(`POST ${pathname}${search} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99999999999\r\n\r\n`)
    const [answer] = (await once(socket, 'data')) as [Buffer]
    expect(answer.toString()).toMatch(/^HTTP\/1.1 413 /)
    socket.destroy()
  })

  test('half a million lines in one body are refused', async () => {
    // Here a body may take its time, and so may the next one.
    const own = await room({ longPoll: { windowMs: 30_000 } })
    const poll = await Poll.open(own.port)
    expect(await poll.post('[]\n'.repeat(340_000))).toMatchObject({ status: 413 })
    expect(await poll.post('[]\n'.repeat(500_000))).toMatchObject({ status: 413 })
    await own.close()
  })

  test('many sessions that nobody polls are gone in time', async () => {
    await Promise.all(Array.from({ length: 200 }, () => Poll.open(server.port)))
    await until(() => [...server.app.connections()].length === 1)
  })

  test('random bodies are refused, or read', async () => {
    const body = fc.oneof(fc.string({ unit: 'binary', maxLength: 300 }), fc.uint8Array({ maxLength: 300 }))
    const type = fc.constantFrom('application/x-ndjson', 'application/json', 'text/plain')
    await fc.assert(
      fc.asyncProperty(body, type, async (posted, contentType) => {
        const poll = await Poll.open(server.port)
        const { status } = await poll.post(posted as BodyInit, contentType)
        expect([200, 400, 410]).toContain(status)
      }),
      { numRuns: 100 },
    )
  })
})

describe('frames in pieces', () => {
  const masked = (payload: string) => {
    const body = Buffer.from(payload)
    const mask = Buffer.from([7, 42, 200, 99])
    const head =
      body.length < 126
        ? Buffer.from([0x81, 0x80 | body.length])
        : Buffer.from([0x81, 0xfe, body.length >> 8, body.length & 255])
    return Buffer.concat([head, mask, body.map((byte, i) => byte ^ (mask[i % 4] as number))])
  }

  test('split at every byte are the same frames', async () => {
    const frames = Buffer.concat(
      [
        ['1', '1', 'lobby', 'phx_join', {}],
        ['1', '2', 'lobby', 'message', 'ä😀'],
        ['1', '3', 'lobby', 'phx_leave', {}],
      ].map((frame) => masked(JSON.stringify(frame))),
    )
    const socket = await dial(server.port)
    socket.setNoDelay(true)
    socket.write(upgrade('/socket/websocket?vsn=2.0.0').replaceAll('\n', '\r\n'))
    let heard = ''
    socket.on('data', (chunk: Buffer) => {
      heard += chunk.toString()
    })
    await until(() => heard.includes('\r\n\r\n'))
    for (const byte of frames) {
      socket.write(Buffer.from([byte]))
      await new Promise((resolve) => setImmediate(resolve))
    }
    await until(() => heard.includes('phx_close'))
    const events = [...heard.matchAll(/phx_reply|"message","ä😀"|phx_close/g)].map(([event]) => event)
    expect(events).toEqual(['phx_reply', '"message","ä😀"', 'phx_reply', 'phx_reply', 'phx_close'])
    socket.destroy()
  })

  test('mutated at random harm nobody', async () => {
    const valid = fc.constantFrom(
      '["1","1","lobby","phx_join",{"name":"Tyr"}]',
      '["1","2","lobby","message","hi"]',
      '["1","3","room:a","phx_join",{"since":["e",1]}]',
      '["3","4","room:a","ask",{"a":[1,2]}]',
      '["1","5","lobby","phx_leave",{}]',
      '[null,"6","phoenix","heartbeat",{}]',
    )
    const mutated = fc
      .tuple(valid, fc.nat(), fc.nat(3), fc.string({ unit: 'binary', maxLength: 4 }))
      .map(([frame, at, cut, noise]) => {
        const from = at % frame.length
        return frame.slice(0, from) + noise + frame.slice(from + cut)
      })
    const frames = fc.array(fc.oneof({ weight: 3, arbitrary: valid }, mutated, fc.uint8Array({ maxLength: 40 })), {
      minLength: 1,
      maxLength: 20,
    })
    await fc.assert(
      fc.asyncProperty(frames, async (sent) => {
        const raw = await open(server.port)
        for (const frame of sent) if (raw.socket.readyState === WebSocket.OPEN) raw.send(frame)
        raw.socket.close()
        expect([1005, 1008, 1011]).toContain(await raw.end())
      }),
      { numRuns: 150 },
    )
  })
})

test('when all of them are gone, so is what they took', async () => {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  const heap = async () => {
    for (let i = 0; i < 4; i++) {
      collect()
      await new Promise((resolve) => setImmediate(resolve))
    }
    return process.memoryUsage().heapUsed
  }
  const crowd = async (round: number) => {
    const all = await Promise.all(Array.from({ length: 150 }, () => open(server.port)))
    const polls = await Promise.all(Array.from({ length: 20 }, () => Poll.open(server.port)))
    for (const [i, raw] of all.entries()) {
      for (let n = 0; n < 20; n++) raw.send([`${n}`, `${n}`, `room:${round}-${n}`, 'phx_join', { name: `${i}` }])
      raw.send(['0', 'x', `room:${round}-0`, 'ask', 'y'.repeat(10_000)])
      if (i % 3 === 0) raw.send('broken')
    }
    await Promise.all(polls.map((poll) => poll.send(['1', '1', 'lobby', 'phx_join', {}])))
    await until(() => server.app.stats().channels >= 20)
    for (const raw of all) raw.lose()
    await until(() => [...server.app.connections()].length === 1)
    await until(() => server.app.stats().channels === 1, { deadlineMs: 30_000 })
  }
  await crowd(0)
  const before = await heap()
  for (let round = 1; round <= 4; round++) await crowd(round)
  // 680 clients with 12,000 memberships took some 20 MB while they were here.
  await until(async () => (await heap()) - before < 3_000_000, { what: 'memory to come back' })
}, 120_000)
