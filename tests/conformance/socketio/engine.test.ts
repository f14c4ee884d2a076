import { gunzipSync, inflateSync } from 'node:zlib'
import { afterEach, describe, expect, test } from 'vitest'
import { until } from '../../support/until.ts'
import { openSocket, RawPolling, RawSocket, RawTcp, upgradeRequest } from './raw.ts'
import { type Room, type RoomOptions, room } from './room.ts'

let server: Room

async function listen(options: RoomOptions = {}): Promise<Room> {
  server = await room(options)
  return server
}

afterEach(async () => {
  await server.close()
  expect(server.errors).toEqual([])
})

/** A poll that the server holds. */
async function held(client: RawPolling, options: RequestInit = {}): Promise<{ readonly answer: Promise<Response> }> {
  const before = server.requests()
  const answer = client.get(options)
  answer.catch(() => {})
  await until(() => server.requests() > before)
  return { answer }
}

const POLLING = 'EIO=4&transport=polling'

async function ask(query: string, options: RequestInit = {}, path = '/socket.io/') {
  const response = await fetch(`${server.url}${path}?${query}`, options)
  return { status: response.status, headers: response.headers, body: await response.text() }
}

describe('a handshake over polling', () => {
  test('is answered with the open packet and its five keys', async () => {
    await listen()
    const { status, headers, body } = await ask(POLLING)
    expect(status).toBe(200)
    expect(body[0]).toBe('0')
    const open = JSON.parse(body.slice(1)) as Record<string, unknown>
    expect(open).toEqual({
      sid: expect.stringMatching(/^[\w-]{20}$/),
      upgrades: ['websocket'],
      pingInterval: 25_000,
      pingTimeout: 20_000,
      maxPayload: 1_000_000,
    })
    expect(Object.keys(open)).toEqual(['sid', 'upgrades', 'pingInterval', 'pingTimeout', 'maxPayload'])
    expect(headers.get('content-type')).toBe('text/plain; charset=UTF-8')
    expect(headers.get('cache-control')).toBe('no-store')
    expect(headers.get('set-cookie')).toBeNull()
    for (const name of headers.keys()) expect(name).not.toMatch(/^access-control/)
  })

  test('answers what was posted, and each post with ok', async () => {
    await listen()
    const client = await RawPolling.open(server.url)
    const posted = await client.post('40')
    expect([posted.status, posted.headers.get('content-type'), posted.headers.get('content-length')]).toEqual([
      200,
      'text/html',
      '2',
    ])
    expect(await posted.text()).toBe('ok')
    const [connected, presence, ...more] = (await client.until(/presence_state/)).split('\x1e')
    expect(connected).toMatch(/^40\{"sid":"[\w-]+","pid":"[^"]+"\}$/)
    expect([presence, more]).toEqual(['42["presence_state",[]]', []])
    await client.say('421["twice",4]\x1e42["message","hi"]')
    expect(await client.until(/431\[8\]/)).toContain('431[8]')
  })
})

const fault = (code: number, message: string) => JSON.stringify({ code, message })

describe('a bad request', () => {
  test.each<[string, string, RequestInit, number, string]>([
    ['no transport', 'EIO=4', {}, 400, fault(0, 'Transport unknown')],
    ['an unknown transport', 'EIO=4&transport=smoke', {}, 400, fault(0, 'Transport unknown')],
    ['the transport __proto__', 'EIO=4&transport=__proto__', {}, 400, fault(0, 'Transport unknown')],
    ['an unknown sid', `${POLLING}&sid=nobody`, {}, 400, fault(1, 'Session ID unknown')],
    ['the sid __proto__', `${POLLING}&sid=__proto__`, {}, 400, fault(1, 'Session ID unknown')],
    ['the sid constructor', `${POLLING}&sid=constructor`, {}, 400, fault(1, 'Session ID unknown')],
    ['the sid toString', `${POLLING}&sid=toString`, {}, 400, fault(1, 'Session ID unknown')],
    [
      'an unknown sid in a post',
      `${POLLING}&sid=nobody`,
      { method: 'POST', body: '40' },
      400,
      fault(1, 'Session ID unknown'),
    ],
    ['a post without sid', POLLING, { method: 'POST', body: '40' }, 400, fault(2, 'Bad handshake method')],
    ['OPTIONS without sid', POLLING, { method: 'OPTIONS' }, 400, fault(2, 'Bad handshake method')],
    ['a WebSocket without upgrade', 'EIO=4&transport=websocket', {}, 400, fault(3, 'Bad request')],
    ['another origin', POLLING, { headers: { origin: 'https://evil.example' } }, 403, fault(4, 'Forbidden')],
    ['no revision', 'transport=polling', {}, 400, fault(5, 'Unsupported protocol version')],
    ['revision 3', 'EIO=3&transport=polling', {}, 400, fault(5, 'Unsupported protocol version')],
  ])('with %s', async (_, query, options, status, body) => {
    await listen()
    const answer = await ask(query, options)
    expect([answer.status, answer.body]).toEqual([status, body])
  })

  test('without the slash is nobody’s', async () => {
    await listen()
    expect((await ask(POLLING, {}, '/socket.io')).status).toBe(404)
  })

  test('refused by the application is forbidden', async () => {
    await listen({ socketIo: { allowRequest: ({ url }) => url.searchParams.get('key') === 'open' } })
    expect(await ask(`${POLLING}&key=shut`)).toMatchObject({ status: 403, body: fault(4, 'Forbidden') })
    expect((await ask(`${POLLING}&key=open`)).status).toBe(200)
  })

  test('of a session that is of another revision is refused; the session goes on', async () => {
    await listen({ socketIo: { allowEIO3: true } })
    const client = await RawPolling.open(server.url)
    for (const revision of ['EIO=3', 'EIO=5', ''])
      expect(await ask(`${revision}&transport=polling&sid=${client.sid}`)).toMatchObject({
        status: 400,
        body: fault(3, 'Bad request'),
      })
    await client.say('40')
    expect(await client.poll()).toContain('40{')
  })

  test('while there are too many handshakes is told when to come back', async () => {
    await listen({ server: { limits: { handshakesPerSecond: 2 } } })
    const answers = await Promise.all([1, 2, 3].map(() => ask(POLLING)))
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 200, 503])
    expect(answers.find(({ status }) => status === 503)?.headers.get('retry-after')).toBe('1')
  })

  test.each<[string, string, number, string]>([
    ['an unknown transport', 'EIO=4&transport=smoke', 400, 'Transport unknown'],
    ['an unknown sid', 'EIO=4&transport=websocket&sid=nobody', 400, 'Session ID unknown'],
    ['polling', 'EIO=4&transport=polling', 400, 'Bad request'],
    ['revision 3', 'EIO=3&transport=websocket', 400, 'Unsupported protocol version'],
  ])('for a WebSocket with %s', async (_, query, status, body) => {
    await listen()
    const got = await new RawTcp(server.port).send(upgradeRequest(`/socket.io/?${query}`)).end()
    expect(got).toMatch(new RegExp(`^HTTP/1.1 ${status} Bad Request\r\n`))
    expect(got).toContain('content-type: text/html')
    expect(got.endsWith(`\r\n\r\n${body}`)).toBe(true)
  })

  test('for a WebSocket from another origin is forbidden', async () => {
    await listen()
    const socket = new RawSocket(`${server.url}/socket.io/?EIO=4&transport=websocket`, {
      origin: 'https://evil.example',
    })
    await socket.end()
    expect(socket.got).toEqual([])
  })

  test('with signs in Origin that cannot be there gets 400', async () => {
    await listen()
    const request = `GET /socket.io/?${POLLING} HTTP/1.1\r\nHost: localhost\r\nOrigin: http://a\x01b\r\n\r\n`
    expect(await new RawTcp(server.port).send(request).answer()).toMatch(/^HTTP\/1.1 400 /)
  })
})

describe('a session over polling', () => {
  test('ends with two polls at once', async () => {
    await listen()
    const client = await RawPolling.open(server.url)
    const { answer } = await held(client)
    const second = await client.get()
    expect([second.status, await second.text(), await (await answer).text()]).toEqual([400, '', '1'])
    expect(await client.poll()).toBe(fault(1, 'Session ID unknown'))
  })

  test('ends with two posts at once', async () => {
    await listen()
    const client = await RawPolling.open(server.url)
    const slow = new RawTcp(server.port)
    slow.send(
      `POST /socket.io/?${POLLING}&sid=${client.sid} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\n4`,
    )
    // The server has begun to read the first one when a poll behind it on the same connection would wait.
    await until(async () => (await client.post('40')).status === 400)
    expect(await client.poll()).toBe(fault(1, 'Session ID unknown'))
    slow.socket.destroy()
  })

  test('ends when a poll is given up', async () => {
    await listen()
    const client = await RawPolling.open(server.url)
    const giving = new AbortController()
    await held(client, { signal: giving.signal })
    giving.abort()
    await until(() => server.app.stats().connections === 0)
    expect(await client.poll()).toBe(fault(1, 'Session ID unknown'))
  })

  test('ends with bytes in a body', async () => {
    await listen()
    const client = await RawPolling.open(server.url)
    expect((await client.post('40', { 'content-type': 'application/octet-stream' })).status).toBe(400)
    expect(await client.poll()).toBe(fault(1, 'Session ID unknown'))
  })

  test('survives a body above the limit, announced or not, and one byte is above', async () => {
    await listen({ socketIo: { maxHttpBufferSize: 1_000 } })
    const client = await RawPolling.open(server.url)
    expect((await client.post(`4${'x'.repeat(1_000)}`)).status).toBe(413)
    expect((await client.post('x'.repeat(900_000))).status).toBe(413)
    const chunked = new RawTcp(server.port)
    chunked.send(
      `POST /socket.io/?${POLLING}&sid=${client.sid} HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n`,
    )
    chunked.send(`5dc\r\n${'x'.repeat(1_500)}\r\n0\r\n\r\n`)
    expect(await chunked.answer()).toMatch(/^HTTP\/1.1 413 /)
    chunked.socket.destroy()
    await client.say(`40{"x":"${'x'.repeat(1_000 - 10)}"}`)
    expect(await client.poll()).toContain('40{')
  })

  test.each(['PUT', 'DELETE', 'OPTIONS', 'HEAD'])('answers %s with 500', async (method) => {
    await listen()
    const client = await RawPolling.open(server.url)
    expect(await ask(`${POLLING}&sid=${client.sid}`, { method })).toMatchObject({ status: 500, body: '' })
    await client.say('40')
  })

  test.each(['2', '9', 'b!!!', '', '4', '40\x1e\x1e3'])('is answered ok for %j, and ends', async (body) => {
    await listen()
    const client = await RawPolling.open(server.url)
    await client.say(body)
    await until(() => server.app.stats().connections === 0)
  })

  test('is ended by the client: a held poll gets nothing', async () => {
    await listen()
    const client = await RawPolling.open(server.url)
    const { answer } = await held(client)
    await client.say('1')
    expect(await (await answer).text()).toBe('6')
    expect(await client.poll()).toBe(fault(1, 'Session ID unknown'))
  })

  test('is told the end by a poll of its own, behind what was said last', async () => {
    await listen()
    const client = await RawPolling.open(server.url)
    await client.say('40{"user":"tyr"}')
    await client.poll()
    await server.app.disconnect({ user: 'tyr' })
    expect(await client.poll()).toBe('41')
    expect(await client.poll()).toBe('1')
    expect(await client.poll()).toBe(fault(1, 'Session ID unknown'))
  })

  test('is pinged, and lost without an answer', async () => {
    await listen({ socketIo: { pingInterval: 100, pingTimeout: 2_000 } })
    const client = await RawPolling.open(server.url)
    expect(await client.poll()).toBe('2')
    await client.say('3')
    expect(await client.poll()).toBe('2')
    expect(await client.poll()).toBe('1')
    await until(() => server.app.stats().connections === 0)
  })

  test('has its answers compressed where that was asked for', async () => {
    await listen({ socketIo: { httpCompression: true } })
    const client = await RawPolling.open(server.url)
    await client.say('40')
    await client.until(/presence_state/)
    const text = 'x'.repeat(2_000)
    for (const [accepted, inflate] of [
      ['gzip, deflate', gunzipSync],
      ['gzip;q=0, deflate', inflateSync],
    ] as const) {
      await client.say(`42["message","${text}"]`)
      const raw = new RawTcp(server.port)
      raw.send(
        `GET /socket.io/?${POLLING}&sid=${client.sid} HTTP/1.1\r\nHost: localhost\r\nAccept-Encoding: ${accepted}\r\nConnection: close\r\n\r\n`,
      )
      const got = await raw.end()
      const [head = '', body = ''] = got.split('\r\n\r\n')
      expect(head.toLowerCase()).toContain(`content-encoding: ${inflate === gunzipSync ? 'gzip' : 'deflate'}`)
      expect(inflate(Buffer.from(body, 'latin1')).toString()).toContain(text)
    }
    await client.say('42["message","short"]')
    expect((await client.get({ headers: { 'accept-encoding': 'gzip' } })).headers.get('content-encoding')).toBeNull()
  })
})

describe('a session over a WebSocket', () => {
  test('opens without upgrades', async () => {
    await listen()
    const socket = await openSocket(server.url)
    expect(socket.got[0]).toMatch(/"upgrades":\[\]/)
    socket.cut()
  })

  test('hears what was sent right behind the handshake', async () => {
    await listen()
    const frame = (text: string) => {
      const bytes = Buffer.from(text)
      return Buffer.concat([Buffer.from([0x81, 0x80 | bytes.length, 0, 0, 0, 0]), bytes])
    }
    const tcp = new RawTcp(server.port)
    tcp.send(Buffer.concat([Buffer.from(upgradeRequest('/socket.io/?EIO=4&transport=websocket')), frame('40')]))
    await until(() => tcp.got.includes('40{"sid"'))
    tcp.socket.destroy()
  })

  test.each(['', '9', '2', '2probe', '4', 'b!!!', '1'])('ends with %j, and no code', async (frame) => {
    await listen()
    const socket = await openSocket(server.url)
    socket.send(frame)
    expect(await socket.end()).toBe(1005)
  })

  test('ends with bytes that nothing announced', async () => {
    await listen()
    const socket = await openSocket(server.url)
    socket.send(new Uint8Array([1, 2]))
    expect(await socket.end()).toBe(1005)
  })

  test.each(['3', '5', '6', '0{}'])('tolerates %j', async (frame) => {
    await listen()
    const socket = await openSocket(server.url)
    socket.send(frame, '40')
    await socket.text('40{')
    socket.cut()
  })

  test('ends with 1009 one byte above the limit', async () => {
    await listen({ socketIo: { maxHttpBufferSize: 1_000 } })
    const fine = await openSocket(server.url)
    fine.send(`40{"x":"${'x'.repeat(1_000 - 10)}"}`)
    await fine.text('40{')
    fine.send('4'.repeat(1_001))
    expect(await fine.end()).toBe(1009)
  })

  test.each<[string, number[], number]>([
    ['an unmasked frame', [0x81, 0x01, 0x33], 1002],
    ['an RSV bit', [0xc1, 0x80, 0, 0, 0, 0], 1002],
    ['RSV2 and RSV3', [0xb1, 0x80, 0, 0, 0, 0], 1002],
    ['opcode 3', [0x83, 0x80, 0, 0, 0, 0], 1002],
    ['a fragmented ping', [0x09, 0x80, 0, 0, 0, 0], 1002],
    ['a stray continuation', [0x80, 0x80, 0, 0, 0, 0], 1002],
    ['a close with 1005', [0x88, 0x82, 0, 0, 0, 0, 0x03, 0xed], 1002],
    ['a close of one byte', [0x88, 0x81, 0, 0, 0, 0, 0x03], 1002],
    ['text that is not UTF-8', [0x81, 0x81, 0, 0, 0, 0, 0xff], 1007],
    ['an absurd length', [0x81, 0xff, 0x7f, 255, 255, 255, 255, 255, 255, 255, 0, 0, 0, 0], 1009],
  ])('ends with %s', async (_, bytes, code) => {
    await listen()
    const tcp = new RawTcp(server.port)
    tcp.send(upgradeRequest('/socket.io/?EIO=4&transport=websocket'))
    await until(() => /0\{"sid".*\}$/.test(tcp.got))
    const before = tcp.got.length
    tcp.send(new Uint8Array(bytes))
    await until(() => tcp.got.length >= before + 4)
    const close = Buffer.from(tcp.got.slice(before), 'latin1')
    expect([close[0], close.readUInt16BE(2)]).toEqual([0x88, code])
    tcp.socket.destroy()
  })

  test('is pinged, and lost without an answer, whatever else it says', async () => {
    await listen({ socketIo: { pingInterval: 100, pingTimeout: 2_000 } })
    const socket = await openSocket(server.url)
    await socket.text('2')
    socket.send('3')
    await until(() => socket.got.filter((frame) => frame === '2').length === 2)
    socket.send('40')
    expect(await socket.end()).toBe(1005)
  })
})

describe('the upgrade', () => {
  const socketOf = (sid: string) => new RawSocket(`${server.url}/socket.io/?EIO=4&transport=websocket&sid=${sid}`)

  test('moves the session, with what was under way', async () => {
    await listen()
    const client = await RawPolling.open(server.url)
    await client.say('40')
    await client.until(/presence_state/)
    const { answer } = await held(client)
    const socket = socketOf(client.sid)
    await socket.headers
    socket.send('2probe')
    expect(await socket.text('3probe')).toBe('3probe')
    expect(await (await answer).text()).toBe('6')
    await client.say('42["message","one"]\x1e42["anything",2]')
    await until(() => server.handled.length === 2)
    socket.send('5', '42["message","three"]')
    await socket.text('42["message","three"')
    expect(
      socket.got
        .map(String)
        .filter((frame) => frame.startsWith('42["'))
        .map((frame) => frame.slice(0, 18)),
    ).toEqual([expect.stringContaining('"one"'), expect.stringContaining('2'), expect.stringContaining('"thr')])
    expect(await client.poll()).toBe(fault(3, 'Bad request'))
    expect((await client.post('40')).status).toBe(400)
    socket.cut()
  })

  test('splits no packet from its attachments, and doubles none', async () => {
    await listen()
    const client = await RawPolling.open(server.url)
    await client.say('40/bytes:a,')
    await client.poll()
    const socket = socketOf(client.sid)
    await socket.headers
    const emitting = (async () => {
      for (let i = 0; i < 200; i++) {
        await server.app.channel('bytes:a').emit('message', new Uint8Array([i]))
        if (i % 10 === 0) await new Promise((resolve) => setImmediate(resolve))
      }
    })()
    const polled: (string | Buffer)[] = []
    const take = (body: string) => {
      for (const packet of body.split('\x1e'))
        if (packet !== '6') polled.push(packet.startsWith('b') ? Buffer.from(packet.slice(1), 'base64') : packet)
    }
    take(await client.poll())
    socket.send('2probe')
    take(await client.poll())
    await socket.text('3probe')
    socket.send('5')
    await emitting
    await until(() => polled.length + socket.got.length >= 401)
    const all = [...polled, ...socket.got.filter((frame) => frame !== '3probe')]
    expect(all).toHaveLength(400)
    for (let i = 0; i < 200; i++) {
      expect(all[i * 2]).toBe('451-/bytes:a,["message",{"_placeholder":true,"num":0}]')
      expect([...(all[i * 2 + 1] as Buffer)]).toEqual([i])
    }
    socket.cut()
  })

  test.each(['5', '40', '2', '3probe', ''])('%j instead of a probe ends the WebSocket alone', async (frame) => {
    await listen()
    const client = await RawPolling.open(server.url)
    const socket = socketOf(client.sid)
    await socket.headers
    socket.send(frame)
    expect(await socket.end()).toBe(1005)
    await client.say('40')
    expect(await client.poll()).toContain('40{')
  })

  test('that is not finished in time leaves polling as it was', async () => {
    await listen({ socketIo: { upgradeTimeout: 2_000 } })
    const client = await RawPolling.open(server.url)
    const socket = socketOf(client.sid)
    await socket.headers
    socket.send('2probe')
    await socket.text('3probe')
    expect(await socket.end()).toBe(1005)
    await client.say('40')
    expect(await client.poll()).toContain('40{')
  })

  test('closes a second WebSocket, before and after', async () => {
    await listen()
    const client = await RawPolling.open(server.url)
    const first = socketOf(client.sid)
    await first.headers
    const second = socketOf(client.sid)
    first.send('2probe')
    await first.text('3probe')
    expect(await second.end()).toBe(1005)
    first.send('5')
    const third = socketOf(client.sid)
    expect(await third.end()).toBe(1005)
    first.send('40')
    await first.text('40{')
    first.cut()
  })

  test('is refused where it is not allowed', async () => {
    await listen({ socketIo: { allowUpgrades: false } })
    const client = await RawPolling.open(server.url)
    const got = await new RawTcp(server.port)
      .send(upgradeRequest(`/socket.io/?EIO=4&transport=websocket&sid=${client.sid}`))
      .end()
    expect(got).toMatch(/^HTTP\/1.1 400 /)
  })
})

describe('what is off unless asked for', () => {
  test('CORS: only origins that may connect are told so', async () => {
    await listen({ socketIo: { cors: true }, server: { origins: ['https://app.example.com'] } })
    const from = (origin: string, method = 'GET') => ask(POLLING, { method, headers: { origin } })
    const good = await from('https://app.example.com')
    expect(good.status).toBe(200)
    expect(good.headers.get('access-control-allow-origin')).toBe('https://app.example.com')
    expect(good.headers.get('vary')).toBe('Origin')
    const bad = await from('https://evil.example.com')
    expect([bad.status, bad.headers.get('access-control-allow-origin')]).toEqual([403, null])
    const preflight = await from('https://app.example.com', 'OPTIONS')
    expect(preflight.status).toBe(204)
    expect(preflight.headers.get('access-control-allow-methods')).toBe('GET,HEAD,PUT,PATCH,POST,DELETE')
    const socket = new RawSocket(`${server.url}/socket.io/?EIO=4&transport=websocket`, {
      origin: 'https://app.example.com',
    })
    expect((await socket.headers)['access-control-allow-origin']).toBe('https://app.example.com')
    socket.cut()
  })

  test('the cookie', async () => {
    await listen({ socketIo: { cookie: true } })
    const { headers, body } = await ask(POLLING)
    const { sid } = JSON.parse(body.slice(1)) as { sid: string }
    expect(headers.get('set-cookie')).toBe(`io=${sid}; Path=/; HttpOnly; SameSite=Lax`)
    expect((await ask(`${POLLING}&sid=${sid}`, { method: 'POST', body: '40' })).headers.get('set-cookie')).toBeNull()
    const socket = new RawSocket(`${server.url}/socket.io/?EIO=4&transport=websocket`)
    const [cookie] = (await socket.headers)['set-cookie'] as string[]
    const open = JSON.parse((await socket.text('0{')).slice(1)) as { sid: string }
    expect(cookie).toBe(`io=${open.sid}; Path=/; HttpOnly; SameSite=Lax`)
    socket.cut()
  })

  test('JSONP', async () => {
    await listen({ socketIo: { jsonp: true } })
    const { headers, body } = await ask(`${POLLING}&j=0`)
    expect(headers.get('content-type')).toBe('text/javascript; charset=UTF-8')
    expect(body).toMatch(/^___eio\[0\]\("0\{\\"sid\\":/)
    const [, sid] = /sid\\":\\"([\w-]+)/.exec(body) ?? []
    const form = { method: 'POST', body: new URLSearchParams({ d: '40' }) }
    expect((await ask(`${POLLING}&j=0&sid=${sid}`, form)).body).toBe('ok')
    expect((await ask(`${POLLING}&j=1&sid=${sid}`)).body).toMatch(/^___eio\[1\]\("40\{/)
  })

  test('one of the transports', async () => {
    await listen({ socketIo: { transports: ['websocket'] } })
    expect((await ask(POLLING)).body).toBe(fault(0, 'Transport unknown'))
    ;(await openSocket(server.url)).cut()
  })

  test('another path', async () => {
    await listen({ socketIo: { path: '/my/io' } })
    expect((await ask(POLLING, {}, '/my/io')).status).toBe(200)
    expect((await ask(POLLING, {}, '/my/io/')).status).toBe(200)
    expect((await ask(POLLING)).status).toBe(404)
  })
})

describe('Engine.IO 3, where it is allowed', () => {
  const V3 = 'EIO=3&transport=polling'

  test('lets the client ping, and connects the root without asking', async () => {
    await listen({ socketIo: { allowEIO3: true } })
    const client = await RawPolling.open(server.url, `${V3}&b64=1`)
    expect((await client.until(/presence_state/)).replace('\x1e', '')).toBe('2:4023:42["presence_state",[]]')
    await client.say('1:2')
    expect(await client.poll()).toBe('1:3')
    await client.say('18:421["message","€"]')
    await client.until(/42\["message","€"\]/)
  })

  test('carries bytes in text', async () => {
    await listen({ socketIo: { allowEIO3: true, defaultTopic: 'bytes:a' } })
    const client = await RawPolling.open(server.url, `${V3}&b64=1`)
    expect(await client.poll()).toBe('2:40')
    const header = '451-["message",{"_placeholder":true,"num":0}]'
    await client.say(`${header.length}:${header}6:b4AQID`)
    expect(await client.poll()).toBe(`${header.length}:${header}6:b4AQID`)
  })

  test('carries bytes as they are', async () => {
    await listen({ socketIo: { allowEIO3: true, defaultTopic: 'bytes:a' } })
    const client = await RawPolling.open(server.url, V3)
    expect(await client.poll()).toBe('2:40')
    const header = '451-["message",{"_placeholder":true,"num":0}]'
    const body = Buffer.concat([
      Buffer.from([0, ...[...String(header.length)].map(Number), 255]),
      Buffer.from(header),
      Buffer.from([1, 4, 255, 4, 1, 2, 3]),
    ])
    const posted = await client.post(body, { 'content-type': 'application/octet-stream' })
    expect(await posted.text()).toBe('ok')
    const answer = await client.get()
    expect(answer.headers.get('content-type')).toBe('application/octet-stream')
    expect(Buffer.from(await answer.arrayBuffer())).toEqual(body)
  })

  test('carries bytes over a WebSocket with their type before them', async () => {
    await listen({ socketIo: { allowEIO3: true, defaultTopic: 'bytes:a' } })
    const socket = await openSocket(server.url, 'EIO=3&transport=websocket')
    await socket.text('40')
    socket.send('451-["message",{"_placeholder":true,"num":0}]', new Uint8Array([4, 1, 2, 3]))
    await until(() => socket.got.some((frame) => typeof frame !== 'string'))
    expect([...(socket.got.at(-1) as Buffer)]).toEqual([4, 1, 2, 3])
    socket.send('2')
    await socket.text('3')
    socket.cut()
  })

  test('loses a client that says nothing', async () => {
    await listen({ socketIo: { allowEIO3: true, pingInterval: 100, pingTimeout: 100 } })
    const socket = await openSocket(server.url, 'EIO=3&transport=websocket')
    expect(await socket.end()).toBe(1005)
    expect(socket.got).not.toContain('2')
  })
})

describe('a server that stops', () => {
  test('tells those who poll and those who do not', async () => {
    await listen()
    const [client, socket] = [await RawPolling.open(server.url), await openSocket(server.url)]
    const { answer } = await held(client)
    const closing = server.close()
    expect(await (await answer).text()).toBe('1')
    expect(await socket.end()).toBe(1005)
    await closing
  })
})
