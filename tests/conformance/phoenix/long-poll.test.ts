import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { until } from '../../support/until.ts'
import { Poll, type Polled } from './poll.ts'
import { open } from './raw.ts'
import { type Room, room } from './room.ts'

const WINDOW_MS = 400

let server: Room
// Sessions last longer than any pause of a test between two of its polls.
beforeEach(async () => {
  server = await room({ longPoll: { windowMs: WINDOW_MS, idleMs: 30_000, maxBodyBytes: 200_000 } })
})
afterEach(() => server.close())

/** Another server, which holds polls for longer than any test takes. */
async function patient(): Promise<void> {
  await server.close()
  server = await room({ longPoll: { windowMs: 60_000 } })
}

/** A poll that has come in: what is sent from now on comes behind it, though on another connection. */
async function held(poll: Poll, options: RequestInit = {}): Promise<{ readonly answer: Promise<Polled> }> {
  const before = server.requests()
  const answer = poll.get(options)
  answer.catch(() => {})
  await until(() => server.requests() > before, { what: 'the poll to come in' })
  return { answer }
}

const OK = { status: 'ok', response: {} }
const TOKEN = expect.stringMatching(/^poll\.[\w-]{32}$/)
const join = (joinRef: string, topic = 'lobby', payload: object = {}) => [joinRef, joinRef, topic, 'phx_join', payload]

describe('a session', () => {
  test('opens with 410 and a new token, then frames go both ways', async () => {
    const poll = new Poll(server.port)
    const opened = await poll.get()
    expect(opened).toEqual({ messages: [], status: 410, token: TOKEN })
    poll.token = opened.token ?? ''
    expect(await poll.send(join('1'), ['1', '2', 'lobby', 'message', 'hi'])).toEqual({ http: 200, status: 200 })
    const { status, token, messages } = await poll.get()
    expect([status, token]).toEqual([200, poll.token])
    expect(messages).toEqual([
      '["1","1","lobby","phx_reply",{"status":"ok","response":{}}]',
      '[null,null,"lobby","message","hi"]',
      '["1","2","lobby","phx_reply",{"status":"ok","response":{}}]',
    ])
  })

  test('that has nothing to tell is held for the window, then answered with 204', async () => {
    const poll = await Poll.open(server.port)
    const from = performance.now()
    expect(await poll.get()).toEqual({ messages: [], status: 204, token: poll.token })
    expect(performance.now() - from).toBeGreaterThanOrEqual(WINDOW_MS - 5)
  })

  test('that has something is answered at once, in the middle of the window', async () => {
    await patient()
    const poll = await Poll.open(server.port)
    await poll.send(join('1'))
    await poll.take(1)
    const { answer } = await held(poll)
    await server.app.channel('lobby').emit('message', 'now')
    expect(await answer).toMatchObject({ status: 200, messages: ['[null,null,"lobby","message","now"]'] })
  })

  test('keeps what comes between two polls', async () => {
    const poll = await Poll.open(server.port)
    await poll.send(join('1'))
    for (let i = 0; i < 10; i++) await server.app.channel('lobby').emit('message', String(i))
    const frames = (await poll.take(11)) as unknown[][]
    expect(frames.slice(1).map((frame) => frame[4])).toEqual(['0', '1', '2', '3', '4', '5', '6', '7', '8', '9'])
  })

  test('that is not polled for one and a half windows is gone', async () => {
    await server.close()
    server = await room({ longPoll: { windowMs: WINDOW_MS } })
    const poll = await Poll.open(server.port)
    await poll.send(join('1', 'room:idle', { name: 'Idle' }))
    expect(await server.app.channel('room:idle').members()).toHaveLength(1)
    await until(() => [...server.app.connections()].length === 0)
    await until(async () => (await server.app.channel('room:idle').members()).length === 0)
    expect(await poll.send(['1', '2', 'lobby', 'message', 'late'])).toEqual({ http: 200, status: 410 })
    const { status, token, messages } = await poll.get()
    expect([status, messages, token !== poll.token]).toEqual([410, [], true])
  })

  test('whose poll is given up is gone at once', async () => {
    await patient()
    const poll = await Poll.open(server.port)
    const gone = new AbortController()
    const first = await held(poll, { signal: gone.signal })
    await poll.send(join('1'))
    await first.answer
    const again = await held(poll, { signal: gone.signal })
    await poll.send([null, '2', 'phoenix', 'unheard', {}])
    await again.answer
    const last = await held(poll, { signal: gone.signal })
    gone.abort()
    await expect(last.answer).rejects.toThrow()
    await until(() => [...server.app.connections()].length === 0)
  })

  test('takes a second poll in the place of the first', async () => {
    await patient()
    const poll = await Poll.open(server.port)
    const first = await held(poll)
    const second = await held(poll)
    expect(await first.answer).toEqual({ messages: [], status: 204, token: poll.token })
    await poll.send(join('1'))
    expect(await second.answer).toMatchObject({ status: 200 })
  })

  test('that the server ends is answered with 410', async () => {
    await patient()
    const poll = await Poll.open(server.port, 'user=tyr&vsn=2.0.0')
    const { answer } = await held(poll)
    expect(await server.app.disconnect({ user: 'tyr' })).toBe(1)
    expect(await answer).toMatchObject({ status: 410 })
    expect(await poll.post('')).toMatchObject({ status: 410 })
  })

  test('is told everything before it is told that it is over', async () => {
    const poll = await Poll.open(server.port, 'user=tyr&vsn=2.0.0')
    await poll.send(join('1'))
    await server.app.disconnect({ user: 'tyr' })
    expect(await poll.get()).toMatchObject({ status: 200, messages: [expect.stringContaining('phx_reply')] })
    expect(await poll.get()).toMatchObject({ status: 410 })
  })

  test('belongs to one who has its token', async () => {
    const [tyr, bob] = [await Poll.open(server.port), await Poll.open(server.port)]
    expect(tyr.token).not.toBe(bob.token)
    await tyr.send(join('1'))
    await tyr.take(1)
    expect(await bob.get()).toMatchObject({ status: 204 })
  })
})

describe('a token', () => {
  test.each(['bad', 'poll.bad', `poll.${'A'.repeat(32)}`, '', '__proto__', 'constructor', 'x'.repeat(4_000)])(
    '%j that is none gets 410 and a new one',
    async (token) => {
      const poll = new Poll(server.port)
      poll.token = token
      expect(await poll.post('')).toEqual({ http: 200, status: 410 })
      const answer = await poll.get()
      expect(answer).toEqual({ messages: [], status: 410, token: TOKEN })
    },
  )

  test('in the header is one, and goes before that of the query', async () => {
    const poll = await Poll.open(server.port)
    await poll.send(join('1'))
    const headers = { 'x-phoenix-longpoll-token': poll.token }
    const bare = new Poll(server.port)
    expect(await bare.get({ headers })).toMatchObject({ status: 200, token: poll.token })
    bare.token = 'poll.other'
    expect(await bare.get({ headers })).toMatchObject({ status: 204, token: poll.token })
  })

  test('is told from a parameter of the client’s own of that name', async () => {
    const poll = await Poll.open(server.port, 'token=mine&vsn=2.0.0')
    expect(JSON.stringify(server.credentials)).toBe('[{"token":"mine"}]')
    await poll.send(join('1'))
    expect(await poll.take(1)).toEqual([['1', '1', 'lobby', 'phx_reply', OK]])
  })
})

describe('a connect', () => {
  test.each([
    ['that the application refuses', 'user=nobody&vsn=2.0.0'],
    ['of another version', 'vsn=3.0.0'],
    ['of a version that is no text', 'vsn[]=2.0.0'],
  ])('%s gets 403 and nothing else', async (_, query) => {
    const response = await fetch(new Poll(server.port, query).target)
    expect([response.status, await response.text()]).toEqual([200, '{"status":403}'])
  })

  test('from another page gets 403, and so does what it posts', async () => {
    const poll = await Poll.open(server.port)
    const headers = { origin: 'http://evil.example' }
    for (const method of ['GET', 'POST']) {
      const response = await fetch(poll.target, { method, headers, ...(method === 'POST' && { body: '[]' }) })
      expect([response.status, await response.text()]).toEqual([200, '{"status":403}'])
    }
  })

  test('that cannot be judged now gets 503, when to try again, and a body that official clients know', async () => {
    const response = await fetch(new Poll(server.port, 'busy=1&vsn=2.0.0').target)
    expect([response.status, response.headers.get('retry-after')]).toEqual([503, '3'])
    expect(await response.json()).toEqual({ status: 500 })
  })

  test('has its token in a header', async () => {
    await new Poll(server.port, 'a=1&vsn=2.0.0').get({ headers: { 'x-phoenix-authtoken': 'secret' } })
    expect(JSON.stringify(server.credentials)).toBe('[{"a":"1","token":"secret"}]')
  })

  test('in protocol 1 has frames of protocol 1', async () => {
    const poll = await Poll.open(server.port, '')
    const frame = (event: string, payload: unknown, ref: string | null) => ({ topic: 'lobby', event, payload, ref })
    for (const each of [frame('phx_join', {}, '1'), frame('message', 'hi', '2')])
      expect(await poll.post(JSON.stringify(each), 'application/json')).toEqual({ http: 200, status: 200 })
    expect(await poll.take(3)).toEqual([
      frame('phx_reply', OK, '1'),
      frame('message', 'hi', null),
      frame('phx_reply', OK, '2'),
    ])
  })
})

describe('HTTP', () => {
  test('answers have the headers that pages of anywhere need', async () => {
    const { headers } = await fetch(new Poll(server.port).target)
    expect(headers.get('access-control-allow-origin')).toBe('*')
    expect(headers.get('content-type')).toBe('application/json; charset=utf-8')
    expect(headers.get('cache-control')).toBe('no-store')
  })

  test('a preflight is answered for everybody', async () => {
    const { status, headers } = await fetch(new Poll(server.port).target, { method: 'OPTIONS' })
    expect(status).toBe(200)
    expect(headers.get('access-control-allow-methods')).toBe('get, post, options')
    expect(headers.get('access-control-allow-headers')).toContain('x-phoenix-authtoken')
    expect(headers.get('access-control-max-age')).toBe('3600')
  })

  test.each(['PUT', 'DELETE', 'PATCH'])('%s is answered with 400', async (method) => {
    expect((await fetch(new Poll(server.port).target, { method })).status).toBe(400)
  })
})

describe('what is posted', () => {
  test('may be bytes, in base64', async () => {
    const [poll, watcher] = [await Poll.open(server.port), await open(server.port)]
    await watcher.join('bytes:p', '1')
    await poll.send(join('2', 'bytes:p'))
    const push = Buffer.concat([Buffer.from([0, 1, 1, 7, 4]), Buffer.from('23bytes:pfile'), Buffer.from([1, 2, 3])])
    expect(await poll.post(push.toString('base64'))).toEqual({ http: 200, status: 200 })
    expect(await watcher.take()).toEqual([`020704${Buffer.from('bytes:pfile').toString('hex')}010203`])
    expect(await poll.take(3)).toContainEqual([null, null, 'bytes:p', 'file', { base64: 'AQID' }])
    watcher.lose()
  })

  test('a hundred messages at most, of which none is taken if there are more', async () => {
    const poll = await Poll.open(server.port)
    await poll.send(join('1'))
    await poll.take(1)
    const line = JSON.stringify(['1', '2', 'lobby', 'message', 'x'])
    expect(await poll.post(Array(101).fill(line).join('\n'))).toEqual({
      http: 413,
      status: 413,
      reason: 'at most 100 messages in one request',
    })
    expect(await poll.post(Array(100).fill(line).join('\n'))).toEqual({ http: 200, status: 200 })
    expect(await poll.take(200)).toHaveLength(200)
    expect(await poll.get()).toMatchObject({ status: 204 })
  })

  test.each(['!', '["1"]\n!', 'A', '["1","2","lobby","message","x"]\n{"a":1}'])(
    '%j is refused as a whole, and the session goes on',
    async (body) => {
      const poll = await Poll.open(server.port)
      expect(await poll.post(body)).toMatchObject({ http: 400, status: 400, reason: expect.stringContaining('base64') })
      await poll.send(join('1'))
      expect(await poll.take(1)).toHaveLength(1)
    },
  )

  test('above the limit is refused, and the session goes on', async () => {
    const poll = await Poll.open(server.port)
    expect(await poll.post('x'.repeat(200_001))).toMatchObject({ http: 413, status: 413 })
    expect(await poll.post(`["${'x'.repeat(70_000)}"]`)).toMatchObject({ http: 413, status: 413 })
    await poll.send(join('1'))
    expect(await poll.take(1)).toHaveLength(1)
  })

  test('that is no frame ends the session', async () => {
    await patient()
    const poll = await Poll.open(server.port)
    const { answer } = await held(poll)
    expect(await poll.post('["1","2"]\n["1","2","lobby","phx_join",{}]')).toEqual({ http: 200, status: 410 })
    expect(await answer).toMatchObject({ status: 410 })
  })

  test('while another body is being read is not taken', async () => {
    await patient()
    const poll = await Poll.open(server.port)
    let finish = () => {}
    const body = new ReadableStream({
      start(controller) {
        controller.enqueue(new TextEncoder().encode('[null,"1","phoenix","heartbeat",{}]'))
        finish = () => controller.close()
      },
    })
    const first = fetch(poll.target, {
      method: 'POST',
      body,
      headers: { 'content-type': 'application/x-ndjson' },
      duplex: 'half',
    } as RequestInit)
    await until(async () => (await poll.post('')).status === 408)
    finish()
    expect(await (await first).json()).toEqual({ status: 200 })
    expect(await poll.take(1)).toHaveLength(1)
  })
})
