import { connect as dial } from 'node:net'
import { systemClock, systemRandom } from '@rollcall/core'
import { describe, expect, test, vi } from 'vitest'
import { type Log, LogUnavailable, memoryLog } from '../../src/index.ts'
import { eventually } from '../support/eventually.ts'
import { afterwards, ask, READ_TOKEN, serve, TOKEN } from './support.ts'

const good = { authorization: `Bearer ${TOKEN}` }

describe('who may', () => {
  test.each([
    ['without a token', {}, 401, 'Bearer realm="rollcall"'],
    ['with another scheme', { authorization: `Basic ${TOKEN}` }, 401, 'Bearer realm="rollcall"'],
    ['with an empty token', { authorization: 'Bearer ' }, 401, 'Bearer realm="rollcall"'],
    ['with a wrong token', { authorization: 'Bearer wrong' }, 401, 'Bearer realm="rollcall", error="invalid_token"'],
    ['with a part of it', { authorization: `Bearer ${TOKEN.slice(0, -1)}` }, 401, /invalid_token/],
    ['with more than it', { authorization: `Bearer ${TOKEN}=` }, 401, /invalid_token/],
    ['with the token in the query', {}, 401, /Bearer/],
    ['to write, with a token to read', { authorization: `Bearer ${READ_TOKEN}` }, 403, /insufficient_scope/],
  ])('%s is refused', async (_, headers, status, challenge) => {
    const { ask } = await serve()
    const answer = await ask('POST', `/topics/room:a/messages?token=${TOKEN}`, {}, headers)
    expect(answer.status).toBe(status)
    expect(answer.headers.get('content-type')).toBe('application/problem+json')
    expect(answer.headers.get('www-authenticate')).toMatch(challenge)
    expect(answer.json).toMatchObject({ status, code: status === 403 ? 'refused' : 'unauthorized' })
  })

  test('any of several tokens is good, the scheme in any case', async () => {
    const { ask } = await serve({ token: ['old', 'new'] })
    for (const authorization of ['Bearer old', 'bearer new', 'BEARER  new '])
      expect((await ask('GET', '/stats', undefined, { authorization })).status).toBe(200)
  })

  test('a token to read reads', async () => {
    const { ask } = await serve()
    const answer = await ask('GET', '/topics/room:a/members', undefined, { authorization: `Bearer ${READ_TOKEN}` })
    expect(answer.json).toEqual({ members: [] })
  })

  test.each([
    [{ token: '' }, 'api.token must be'],
    [{ token: ['fine', 'has a space'] }, 'api.token must be'],
    [{ readToken: 'a\nb' }, 'api.readToken must be'],
    [{ token: 'fine', path: 'api' }, 'api.path "api" must be like /api/v1'],
    [{ token: 'fine', bodyBytes: 0 }, 'api.bodyBytes must be a number above 0'],
    [{ token: 'fine', requestsPerSecond: Number.NaN }, 'api.requestsPerSecond must be a number above 0'],
  ])('%j cannot be', async (api, message) => {
    await expect(serve(api)).rejects.toThrow(message)
  })

  test('the token is never written anywhere', async () => {
    const written = vi.spyOn(process.stderr, 'write').mockReturnValue(true)
    const { ask, errors } = await serve({ token: TOKEN }, { log: logThatFails(new Error('broken')) })
    const answer = await ask('POST', '/topics/log:a/messages', { event: 'message', payload: 'x' })
    expect(answer.status).toBe(500)
    expect(errors).toHaveLength(1)
    await ask('POST', '/topics/log:a/messages', {}, { authorization: `Bearer ${TOKEN}x` })
    expect([...errors, answer.text, ...written.mock.calls.flat().map(String)].join()).not.toContain(TOKEN)
    written.mockRestore()
  })
})

describe('where it is', () => {
  test('without a token only the health check is answered', async () => {
    const { ask } = await serve({})
    expect((await ask('GET', '/health')).json).toEqual({ live: true, ready: true })
    for (const path of ['/stats', '/openapi.json', '/metrics', '/topics/room:a/count', '/'])
      expect((await ask('GET', path)).status).toBe(404)
  })

  test('switched off, not even that', async () => {
    const { ask } = await serve(false)
    expect((await ask('GET', '/health')).status).toBe(404)
  })

  test('under a path of its own', async () => {
    const { url, ask: atDefault } = await serve({ token: TOKEN, path: '/internal/rollcall' })
    expect((await ask(`${url}/internal/rollcall/stats`, 'GET', undefined, good)).status).toBe(200)
    expect((await ask(`${url}/internal/rollcall/topics/room%3Aa/count`, 'GET', undefined, good)).json).toEqual({
      members: 0,
      entries: 0,
    })
    expect((await atDefault('GET', '/stats')).status).toBe(404)
  })

  test.each([
    ['GET', '/nothing', 404, null],
    ['GET', '', 404, null],
    ['PUT', '/topics/room:a/messages', 405, 'POST, GET, HEAD'],
    ['DELETE', '/stats', 405, 'GET, HEAD'],
    ['OPTIONS', '/stats', 405, 'GET, HEAD'],
  ])('%s %s is %i', async (method, path, status, allow) => {
    const { ask } = await serve()
    const answer = await ask(method, path)
    expect(answer.status).toBe(status)
    expect(answer.headers.get('content-type')).toBe('application/problem+json')
    expect(answer.headers.get('allow')).toBe(allow)
  })

  test('pages of other origins get no permission to read', async () => {
    const { ask } = await serve()
    const answer = await ask('GET', '/stats', undefined, { ...good, origin: 'https://evil.example' })
    expect([...answer.headers.keys()].filter((name) => name.startsWith('access-control'))).toEqual([])
    expect(answer.headers.get('cache-control')).toBe('no-store')
  })

  test.each([
    ['/health/ready', 503, '{"live":true,"ready":false}'],
    ['/health', 503, '{"live":true,"ready":false}'],
    ['/health/live', 200, '{"live":true}'],
  ])('while it stops, %s is %i', async (path, status, body) => {
    const { app, url } = await serve()
    const socket = dial(Number(new URL(url).port), '127.0.0.1')
    afterwards(async () => void socket.destroy())
    let heard = ''
    socket.on('data', (bytes) => {
      heard += bytes.toString()
    })
    // A request that is on its way when the stopping begins. One before it is answered: so much has been read then.
    const first = 'GET /api/v1/health/live HTTP/1.1\r\nHost: localhost\r\n\r\n'
    socket.write(`${first}GET /api/v1${path} HTTP/1.1\r\nHost: localhost\r\n`)
    await eventually(() => expect(heard).toMatch(/^HTTP\/1.1 200 [\s\S]*\{"live":true\}$/))
    heard = ''
    const closing = app.close({ timeoutMs: 2_000 })
    socket.write('\r\n')
    await eventually(() =>
      expect(heard).toMatch(new RegExp(`^HTTP/1.1 ${status} [\\s\\S]*${body.replace(/[{}]/g, '.')}`)),
    )
    socket.destroy()
    await closing
  })
})

describe('emit', () => {
  test('reaches everybody, from the application', async () => {
    const { ask, join } = await serve()
    const tyr = await join('room:a', 'tyr')
    const answer = await ask('POST', '/topics/room:a/messages', { event: 'message', payload: 'hi' })
    expect([answer.status, answer.json]).toEqual([200, { position: null }])
    await tyr.until(() => tyr.of('message').length === 1)
    expect(tyr.of('message')[0]?.slice(0, 4)).toEqual(['message', 'room:a', 'message', 'hi'])
    expect(tyr.of('message')[0]?.[4]).not.toHaveProperty('from')
  })

  test('on a channel with history tells the position', async () => {
    const { ask } = await serve()
    const path = '/topics/log:a/messages'
    const first = await ask('POST', path, { event: 'message', payload: 'one' })
    const second = await ask('POST', path, { event: 'thing' })
    expect(first.json.position).toEqual({ epoch: expect.any(String), offset: 1 })
    expect(second.json.position).toEqual({ epoch: first.json.position.epoch, offset: 2 })
    expect((await ask('GET', path)).json.messages).toMatchObject([{ payload: 'one' }, { payload: null }])
  })

  test.each([
    ['room:a/b', 'room%3Aa%2Fb'],
    ['room:100%', 'room:100%25'],
    ['room:%2F', 'room:%252F'],
    ['room:räume 😀', encodeURIComponent('room:räume 😀')],
    ['room:__proto__', 'room:__proto__'],
    ['room:a?b#c', 'room:a%3Fb%23c'],
  ])('to %s by %s', async (topic, encoded) => {
    const { ask, join } = await serve()
    const tyr = await join(topic, 'tyr')
    expect((await ask('POST', `/topics/${encoded}/messages`, { event: 'message', payload: 'hi' })).status).toBe(200)
    await tyr.until(() => tyr.of('message').length === 1)
    expect(tyr.of('message')[0]?.[1]).toBe(topic)
  })

  test('bytes are the body, and the rest is in the query', async () => {
    const { ask, join } = await serve()
    const tyr = await join('log:a', 'tyr')
    const answer = await ask('POST', '/topics/log:a/messages?event=file&from=bob', new Uint8Array([0, 255, 7]), {
      ...good,
      'content-type': 'application/octet-stream',
    })
    expect(answer.json.position.offset).toBe(1)
    await tyr.until(() => tyr.of('bytes').length === 1)
    expect([...((tyr.of('bytes')[0]?.[1] as Buffer) ?? []).subarray(-3)]).toEqual([0, 255, 7])
    const page = await ask('GET', '/topics/log:a/messages')
    expect(page.json.messages[0]).toMatchObject({
      payload: 'AP8H',
      encoding: 'base64',
      from: { key: 'bob', connection: '' },
    })
  })

  test('on behalf of somebody', async () => {
    const { ask, join } = await serve()
    const tyr = await join('room:a', 'tyr')
    const from = { key: 'bob', name: 'Bob', connection: 'c1' }
    await ask('POST', '/topics/room:a/messages', { event: 'message', payload: 'hi', from })
    await tyr.until(() => tyr.of('message').length === 1)
    expect(tyr.of('message')[0]?.[4]).toMatchObject({ from })
  })

  test.each([
    ['room:a', 'the body', (key: string) => [{ idempotencyKey: key }, good] as const],
    ['log:a', 'the body', (key: string) => [{ idempotencyKey: key }, good] as const],
    ['log:a', 'a header', (key: string) => [{}, { ...good, 'idempotency-key': key }] as const],
  ])('on %s with the same key, in %s, is accepted once', async (topic, _, keyed) => {
    const { ask, join } = await serve()
    const tyr = await join(topic, 'tyr')
    const send = (payload: string, key: string) => {
      const [more, headers] = keyed(key)
      return ask('POST', `/topics/${topic}/messages`, { event: 'message', payload, ...more }, headers)
    }
    const answers = await Promise.all([send('once', 'k1'), send('once', 'k1'), send('once', 'k1')])
    await send('other', 'k2')
    await tyr.until(() => tyr.of('message').length === 2)
    expect(tyr.of('message').map(([, , , payload]) => payload)).toEqual(['once', 'other'])
    expect(new Set(answers.map(({ text }) => text)).size).toBe(1)
  })

  test('a key whose emit was refused may be used again', async () => {
    const { ask } = await serve()
    const send = (payload: string) =>
      ask('POST', '/topics/room:a/messages', { event: 'message', payload, idempotencyKey: 'k' })
    expect((await send('')).status).toBe(422)
    expect((await send('now')).status).toBe(200)
  })

  const path = '/topics/room:a/messages'
  const nested = (depth: number) => `{"event":"message","payload":${'['.repeat(depth)}${']'.repeat(depth)}}`
  test.each([
    ['no JSON', path, '{"event":', 400, 'bad_request'],
    ['an empty body', path, '', 400, 'bad_request'],
    ['text that is not UTF-8', path, new Uint8Array([0x22, 0xff, 0x22]), 400, 'bad_request'],
    ['a wrong encoding in the path', '/topics/room:%ff/messages', { event: 'message' }, 400, 'bad_request'],
    ['half an escape in the path', '/topics/room:%4/messages', { event: 'message' }, 400, 'bad_request'],
    ['an array', path, [], 422, 'invalid_payload'],
    ['null', path, 'null', 422, 'invalid_payload'],
    ['no event', path, {}, 422, 'invalid_payload'],
    ['an event that is an object', path, { event: { toString: 1 } }, 422, 'invalid_payload'],
    ['an event with NUL', path, { event: 'a\0b' }, 422, 'invalid_payload'],
    ['an unknown event', path, { event: 'constructor' }, 422, 'unknown_event'],
    ['__proto__ as event', path, '{"event":"__proto__"}', 422, 'unknown_event'],
    ['a payload that its schema refuses', path, { event: 'message', payload: 7 }, 422, 'invalid_payload'],
    [
      'a lone surrogate, where text is too long',
      path,
      `{"event":"message","payload":"${'\\ud800'.repeat(51)}"}`,
      422,
      'invalid_payload',
    ],
    ['a sender without key', path, { event: 'message', payload: 'x', from: {} }, 422, 'invalid_payload'],
    ['a sender that is a list', path, { event: 'message', payload: 'x', from: [1] }, 422, 'invalid_payload'],
    [
      'a key that is too long',
      path,
      { event: 'message', payload: 'x', idempotencyKey: 'k'.repeat(256) },
      422,
      'invalid_payload',
    ],
    ['nesting too deep', path, nested(65), 422, 'too_deep'],
    ['200,000 brackets', path, '['.repeat(30_000), 422, 'too_deep'],
    ['an unknown topic', '/topics/nothing:a/messages', { event: 'message', payload: 'x' }, 404, 'unknown_topic'],
    ['a topic with NUL', '/topics/room:%00/messages', { event: 'message', payload: 'x' }, 404, 'unknown_topic'],
    [
      'a topic too long',
      `/topics/room:${'a'.repeat(251)}/messages`,
      { event: 'message', payload: 'x' },
      404,
      'unknown_topic',
    ],
    ['a body too big', path, { event: 'message', payload: 'x'.repeat(65_536) }, 413, 'too_big'],
  ])('with %s is refused', async (_, path, body, status, code) => {
    const { ask } = await serve()
    const answer = await ask('POST', path, body, { ...good, 'content-type': 'application/json' })
    expect([answer.status, answer.json?.code]).toEqual([status, code])
    expect(answer.json).toEqual({ title: expect.any(String), status, detail: expect.any(String), code })
  })

  test('nesting at the limit is not', async () => {
    const { ask } = await serve()
    const body = `{"event":"thing","payload":${'['.repeat(64)}${']'.repeat(64)}}`
    expect(
      (await ask('POST', '/topics/log:a/messages', body, { ...good, 'content-type': 'application/json' })).status,
    ).toBe(200)
  })

  test('of another content type is refused', async () => {
    const { ask } = await serve()
    const answer = await ask('POST', path, 'event=message', {
      ...good,
      'content-type': 'application/x-www-form-urlencoded',
    })
    expect([answer.status, answer.json.code]).toEqual([400, 'bad_request'])
  })

  test('when the log cannot be reached is told to come again', async () => {
    const log = logThatFails(new LogUnavailable('gone', { retryAfterMs: 2500 }))
    const { ask } = await serve({ token: TOKEN }, { log })
    const answer = await ask('POST', '/topics/log:a/messages', { event: 'message', payload: 'x' })
    expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '3'])
    expect(answer.json).toMatchObject({ code: 'unavailable', retryAfterMs: 2500 })
  })
})

describe('bodies', () => {
  test('one that says it is huge is refused before it is read', async () => {
    const { url } = await serve()
    const answer = await raw(url, ['Content-Length: 1000000000', '', '{'])
    expect(answer).toMatch(/^HTTP\/1.1 413 /)
  })

  test('one that never ends is refused at the limit', async () => {
    const { url } = await serve({ token: TOKEN, bodyBytes: 1000 })
    const chunk = `3e8\r\n${'x'.repeat(1000)}\r\n`
    const answer = await raw(url, ['Transfer-Encoding: chunked', '', `${chunk}${chunk}`])
    expect(answer).toMatch(/^HTTP\/1.1 413 /)
  })

  test('one in chunks is taken', async () => {
    const { url, app } = await serve()
    const heard: unknown[] = []
    app.channel('room:a').observe((event) => heard.push(event))
    const json = '{"event":"message","payload":"hi"}'
    const chunks = [...json].map((char) => `1\r\n${char}\r\n`).join('')
    expect(await raw(url, ['Transfer-Encoding: chunked', '', `${chunks}0\r\n\r\n`])).toMatch(/^HTTP\/1.1 200 /)
    expect(heard).toMatchObject([{ payload: 'hi' }])
  })

  test('one whose sender goes away harms nobody', async () => {
    const { url, errors, ask } = await serve()
    const socket = dial(Number(new URL(url).port), '127.0.0.1')
    socket.write(head(['Content-Length: 100', '', '{"event"']))
    await new Promise((resolve) => socket.once('connect', resolve))
    socket.destroy()
    expect((await ask('GET', '/health')).status).toBe(200)
    expect(errors).toEqual([])
  })
})

describe('speed', () => {
  test('above the limit requests are told when to come again; bad tokens do not use it up', async () => {
    let now = 1_000_000
    const clock = { ...systemClock, now: () => now }
    const { ask } = await serve({ token: TOKEN, requestsPerSecond: 1 }, { clock })
    for (let i = 0; i < 5; i++)
      expect((await ask('GET', '/stats', undefined, { authorization: 'Bearer x' })).status).toBe(401)
    for (let i = 0; i < 2; i++) expect((await ask('GET', '/stats')).status).toBe(200)
    const answer = await ask('GET', '/stats')
    expect([answer.status, answer.headers.get('retry-after'), answer.json.code]).toEqual([429, '1', 'rate_limited'])
    now += 1_000
    expect((await ask('GET', '/stats')).status).toBe(200)
  })
})

describe('read', () => {
  test('members and counts', async () => {
    const { ask, join } = await serve()
    await join('room:a', 'tyr', { name: 'Tyr' })
    await join('room:a', 'tyr', { name: 'Tyr, too' })
    await join('room:a', 'bob', { name: 'Bob' })
    await join('room:a', 'eve')
    expect((await ask('GET', '/topics/room:a/count')).json).toEqual({ members: 2, entries: 3 })
    const { members } = (await ask('GET', '/topics/room:a/members')).json
    expect(members).toEqual([
      {
        key: 'tyr',
        meta: { name: 'Tyr, too' },
        entries: [
          { id: expect.any(String), meta: { name: 'Tyr' } },
          { id: expect.any(String), meta: { name: 'Tyr, too' } },
        ],
      },
      { key: 'bob', meta: { name: 'Bob' }, entries: [{ id: expect.any(String), meta: { name: 'Bob' } }] },
    ])
    expect((await ask('GET', '/topics/log:a/members')).json).toEqual({ members: [] })
    expect((await ask('GET', '/topics/nothing/members')).status).toBe(404)
  })

  test('pages of history, in both directions', async () => {
    const { app, ask } = await serve()
    for (let i = 1; i <= 120; i++) await app.channel('log:a').emit('message', `m${i}`)
    const offsets = async (query: string) => {
      const { json } = await ask('GET', `/topics/log:a/messages${query}`)
      return [json.messages[0]?.offset, json.messages.at(-1)?.offset, json.more]
    }
    expect(await offsets('')).toEqual([71, 120, true])
    expect(await offsets('?limit=2')).toEqual([119, 120, true])
    expect(await offsets('?before=3&limit=100')).toEqual([1, 2, false])
    expect(await offsets('?after=0&limit=100')).toEqual([1, 100, true])
    expect(await offsets('?after=118')).toEqual([119, 120, false])
    expect(await offsets('?after=120')).toEqual([undefined, undefined, false])
    expect(await offsets('?before=9007199254740991&limit=1')).toEqual([120, 120, true])
  })

  test.each([
    ['before=1&after=1', 400],
    ['limit=0', 400],
    ['limit=101', 400],
    ['limit=ten', 400],
    ['before=-1', 400],
    ['before=1.5', 400],
    ['after=9007199254740992', 400],
  ])('a page with %s is %i', async (query, status) => {
    const { ask } = await serve()
    expect((await ask('GET', `/topics/log:a/messages?${query}`)).status).toBe(status)
  })

  test('a channel without history has no pages', async () => {
    const { ask } = await serve()
    const { status, json } = await ask('GET', '/topics/room:a/messages')
    expect([status, json.code]).toEqual([404, 'no_history'])
  })

  test('what the server counts', async () => {
    const { ask, join } = await serve()
    await join('room:a', 'tyr')
    await ask('POST', '/topics/room:a/messages', { event: 'message', payload: 'x' })
    expect((await ask('GET', '/stats')).json).toMatchObject({ connections: 1, channels: 1, emitted: 1, deliveries: 1 })
  })
})

describe('end', () => {
  test('a user is kicked from a topic, and told why', async () => {
    const { ask, join } = await serve()
    const [tyr, bob] = [await join('room:a', 'tyr'), await join('room:a', 'bob')]
    const answer = await ask('POST', '/topics/room:a/kick', { user: 'tyr', reason: 'spam' })
    expect(answer.json).toEqual({ kicked: 1 })
    await tyr.until(() => tyr.of('left').length === 1)
    expect(tyr.of('left')[0]).toEqual(['left', 'room:a', { reason: 'spam' }])
    expect(tyr.closed).toBeNull()
    expect(bob.of('left')).toEqual([])
    expect((await ask('POST', '/topics/room:a/kick', { user: 'tyr' })).json).toEqual({ kicked: 0 })
  })

  test('one connection is kicked', async () => {
    const { app, ask, join } = await serve()
    const tyr = await join('room:a', 'tyr')
    await join('room:a', 'tyr')
    const [first] = app.connections()
    expect((await ask('POST', '/topics/room:a/kick', { connection: first?.id })).json).toEqual({ kicked: 1 })
    await tyr.until(() => tyr.of('left').length === 1)
  })

  test.each([
    [{}, 422],
    [{ user: 'a', connection: 'b' }, 422],
    [{ user: '' }, 422],
    [{ user: 7 }, 422],
    [{ user: 'a', reason: 'x'.repeat(256) }, 422],
  ])('a kick with %j is %i', async (body, status) => {
    const { ask } = await serve()
    expect((await ask('POST', '/topics/room:a/kick', body)).status).toBe(status)
  })

  test('a kick from an unknown topic is a mistake', async () => {
    const { ask } = await serve()
    expect((await ask('POST', '/topics/nothing/kick', { user: 'a' })).status).toBe(404)
  })

  test('all connections of a user end for good, wherever they are', async () => {
    const { ask, join } = await serve()
    const name = 'tyr/ä %'
    const ended = [await join('room:a', name), await join('log:b', name)]
    const bob = await join('room:a', 'bob')
    const answer = await ask('DELETE', `/users/${encodeURIComponent(name)}/connections?reason=banned`)
    expect(answer.json).toEqual({ disconnected: 2 })
    for (const tyr of ended) {
      await tyr.until(() => tyr.closed !== null)
      expect(tyr.closed).toEqual({ code: 4403, reason: 'banned' })
    }
    expect(bob.closed).toBeNull()
    expect((await ask('DELETE', '/users/%ff/connections')).status).toBe(400)
  })

  test('a revocation ends the connections of a user, and of nobody else', async () => {
    const { ask, join } = await serve()
    const [tyr, bob] = [await join('room:a', 'tyr'), await join('room:a', 'bob')]
    const answer = await ask('POST', '/revocations', { user: 'tyr', reason: 'stolen', forMs: 60_000 })
    expect(answer.json).toEqual({ disconnected: 1 })
    await tyr.until(() => tyr.closed !== null)
    expect(tyr.closed).toEqual({ code: 4403, reason: 'stolen' })
    expect((await ask('POST', '/revocations', { session: 'nobody’s' })).json).toEqual({ disconnected: 0 })
    expect(bob.closed).toBeNull()
  })

  test.each([
    [{}],
    [{ user: 'a', session: 'b' }],
    [{ user: 'a', session: '' }],
    [{ session: 7 }],
    [{ user: 'a', forMs: 0 }],
    [{ user: 'a', forMs: '60' }],
    [{ user: 'a', forMs: null }],
  ])('a revocation with %j is refused', async (body) => {
    const { ask } = await serve()
    expect((await ask('POST', '/revocations', body)).status).toBe(422)
  })
})

function logThatFails(error: Error): Log {
  const log = memoryLog({ clock: systemClock, random: systemRandom })
  log.append = () => Promise.reject(error)
  return log
}

/** Sends a request by hand, and answers what came until the end or the answer's head. */
function raw(url: string, lines: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = dial(Number(new URL(url).port), '127.0.0.1')
    socket.setTimeout(20_000, () => reject(new Error('no answer')))
    socket.on('error', reject)
    socket.once('data', (bytes) => {
      resolve(bytes.toString())
      socket.destroy()
    })
    socket.write(head(lines))
  })
}

function head(lines: readonly string[]): string {
  return [
    'POST /api/v1/topics/room:a/messages HTTP/1.1',
    'Host: localhost',
    `Authorization: Bearer ${TOKEN}`,
    'Content-Type: application/json',
    ...lines,
  ].join('\r\n')
}
