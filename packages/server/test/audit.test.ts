import { once } from 'node:events'
import { connect } from 'node:net'
import { manualClock } from '@rollcall/testkit'
import { pino } from 'pino'
import { describe, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { Audit } from '../src/audit.ts'
import { type Logger, type RollcallOptions, refuse } from '../src/index.ts'
import { afterwards, READ_TOKEN, serve, TOKEN } from './http/support.ts'
import { eventually } from './support/eventually.ts'

type Line = Readonly<Record<string, unknown>>

/** A logger as applications have it, and what it wrote. */
function logger(): { logger: Logger; lines: () => Line[]; text: () => string } {
  const written: string[] = []
  const made = pino({ base: null, timestamp: false }, { write: (line) => void written.push(line) })
  return {
    logger: made,
    text: () => written.join(''),
    lines: () => written.map((line) => JSON.parse(line) as Line),
  }
}

const WARN = 40
const INFO = 30

async function start(options: Omit<RollcallOptions, 'api'> = {}) {
  const log = logger()
  const served = await serve({ token: TOKEN, readToken: READ_TOKEN }, { ...options, logger: log.logger })
  const of = (event: string) => log.lines().filter((line) => line['event'] === event)
  return { ...served, ...log, of }
}

describe('what is told of', () => {
  test('a request that is refused, by whom and why, and nothing of what it said', async () => {
    const { join, of, text } = await start()
    const tyr = await join('room:a', 'tyr')
    tyr.socket.send('["send",7,"room:a","message",{"secret":"payload"}]')
    tyr.socket.send('["join",8,"nowhere"]')
    await eventually(() => expect(of('request_refused')).toHaveLength(2))
    const known = { level: WARN, user: 'tyr', dialect: 'rollcall', msg: 'a request was refused' }
    expect(of('request_refused')).toEqual([
      expect.objectContaining({ ...known, request: 'send', code: 'invalid_payload', topic: 'room:a', name: 'message' }),
      expect.objectContaining({ ...known, request: 'join', code: 'unknown_topic', topic: 'nowhere' }),
    ])
    // The text of the first may quote what was sent.
    expect(of('request_refused').map((line) => 'reason' in line)).toEqual([false, true])
    for (const line of of('request_refused')) {
      expect(line['address']).toMatch(/^(::ffff:)?127\.0\.0\.1$|^::1$/)
      expect(line['connection']).toMatch(/^[\w-]{12}$/)
    }
    expect(text()).not.toContain('secret')
  })

  test('credentials that are refused, without the credentials', async () => {
    const { url, of, text } = await start({ authenticate: () => refuse('not you') })
    const socket = new WebSocket(`${url.replace('http', 'ws')}/rollcall`, 'rollcall.v1')
    await once(socket, 'open')
    socket.send('["hello",{"credentials":{"token":"t0ken"}}]')
    await once(socket, 'close')
    expect(of('request_refused')).toEqual([
      expect.objectContaining({ request: 'hello', code: 'unauthorized', reason: 'not you' }),
    ])
    expect(of('connection_closed')).toEqual([expect.objectContaining({ code: 4402 })])
    expect(text()).not.toContain('t0ken')
    expect(of('request_refused')[0]).not.toHaveProperty('user')
  })

  test('whom the application put out', async () => {
    const { app, join, of } = await start()
    await join('room:a', 'tyr')
    const eve = await join('room:a', 'eve')
    await app.channel('room:a').kick({ user: 'tyr' }, 'rude')
    await app.disconnect({ user: 'tyr' }, 'banned')
    await app.revoke({ session: 'phone' }, { forMs: 1_000 })
    expect(of('kicked')).toEqual([
      { level: INFO, event: 'kicked', topic: 'room:a', user: 'tyr', reason: 'rude', ended: 1, msg: expect.any(String) },
    ])
    expect(of('disconnected')).toEqual([expect.objectContaining({ user: 'tyr', reason: 'banned', ended: 1 })])
    expect(of('revoked')).toEqual([expect.objectContaining({ session: 'phone', forMs: 1_000, ended: 0 })])
    expect(of('connection_closed')).toEqual([expect.objectContaining({ user: 'tyr', code: 4403, reason: 'banned' })])
    expect(app.stats().kicked).toBe(1)
    expect(eve.closed).toBeNull()
  })

  test('a connection that breaks a rule, and not with what', async () => {
    const { join, of, text } = await start()
    const tyr = await join('room:a', 'tyr')
    tyr.socket.send('["a-secret-kind",1]')
    await tyr.until(() => tyr.closed !== null)
    expect(of('connection_closed')).toEqual([expect.objectContaining({ user: 'tyr', code: 4400 })])
    expect(text()).not.toContain('a-secret-kind')
  })

  test('one that leaves, or comes in another way, is nothing to tell of', async () => {
    const { join, lines } = await start()
    const tyr = await join('room:a', 'tyr')
    tyr.socket.close(1000)
    await tyr.until(() => tyr.closed !== null)
    expect(lines()).toEqual([])
  })

  test.each([
    ['another origin', { origin: 'https://evil.example' }, { reason: 'origin', origin: 'https://evil.example' }],
    ['an old version', { 'sec-websocket-version': '8' }, { status: 426, path: '/rollcall' }],
    ['a body', { 'content-length': '5' }, { status: 400, path: '/rollcall' }],
  ])('a handshake with %s', async (_, headers, said) => {
    const { url, of } = await start()
    const { hostname, port } = new URL(url)
    const socket = connect(Number(port), hostname)
    afterwards(async () => void socket.destroy())
    const lines = {
      host: `${hostname}:${port}`,
      connection: 'Upgrade',
      upgrade: 'websocket',
      'sec-websocket-version': '13',
      'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
      ...headers,
    }
    const head = Object.entries(lines).map((header) => header.join(': '))
    socket.write(`GET /rollcall?token=secret HTTP/1.1\r\n${head.join('\r\n')}\r\n\r\n`)
    socket.resume()
    await once(socket, 'close')
    expect(of('handshake_refused')).toEqual([expect.objectContaining({ level: WARN, ...said })])
    expect(JSON.stringify(of('handshake_refused'))).not.toContain('secret')
  })

  test('too many handshakes, and too many refusals of them, a few lines for all', async () => {
    const { url, of, app } = await start({ limits: { handshakesPerSecond: 0.001 } })
    for (let i = 0; i < 41; i++) {
      const socket = new WebSocket(`${url.replace('http', 'ws')}/rollcall`, 'rollcall.v1')
      await new Promise((resolve) => socket.once('open', resolve).once('error', resolve))
      afterwards(async () => socket.terminate())
    }
    expect(app.stats().handshakesRefused).toBe(40)
    const told = of('handshake_refused')
    expect(told.length).toBeGreaterThanOrEqual(20)
    expect(told.length).toBeLessThan(40)
    expect(told[0]).toMatchObject({ reason: 'too fast', retryAfterMs: expect.any(Number) })
  })

  test('who tries the HTTP API without a right', async () => {
    const { ask, of, text } = await start()
    await ask('GET', '/stats', undefined, { authorization: 'Bearer guess-1' })
    await ask('POST', '/topics/room:a/kick', { user: 'tyr' }, { authorization: `Bearer ${READ_TOKEN}` })
    await ask('GET', '/stats')
    expect(of('api_refused').map(({ status, method }) => [status, method])).toEqual([
      [401, 'GET'],
      [403, 'POST'],
    ])
    expect(text()).not.toMatch(/guess-1|of-the-dashboard/)
  })
})

describe('a failure', () => {
  test('goes to the logger, with its stack, unless somebody else hears of it', async () => {
    const log = logger()
    const { app, join } = await serve(undefined, { logger: log.logger, ...({ onError: undefined } as object) })
    app.observe(() => {
      throw new Error('an observer broke')
    })
    await join('room:a', 'tyr')
    expect(log.lines()).toEqual([
      expect.objectContaining({
        level: 50,
        event: 'failure',
        err: expect.objectContaining({ message: 'an observer broke' }),
      }),
    ])
  })

  test('of the logger harms nobody', async () => {
    const broken = () => {
      throw new Error('the disk is full')
    }
    const { app, join } = await serve(undefined, { logger: { info: broken, warn: broken, error: broken } })
    const tyr = await join('room:a', 'tyr')
    tyr.socket.send('["join",8,"nowhere"]')
    expect(await app.channel('room:a').kick({ user: 'tyr' })).toBe(1)
    expect(tyr.closed).toBeNull()
  })
})

describe('the lines of one address', () => {
  const open = () => {
    const clock = manualClock()
    const log = logger()
    const audit = new Audit(log.logger, clock, () => {})
    return { clock, audit, lines: log.lines }
  }

  test('are 20 at once and one a second, and say how many were left out', async () => {
    const { clock, audit, lines } = open()
    for (let i = 0; i < 1_000; i++) audit.note('request_refused', { i }, '192.0.2.1')
    expect(lines()).toHaveLength(20)
    await clock.advance(1_000)
    audit.note('request_refused', {}, '192.0.2.1')
    expect(lines().at(-1)).toMatchObject({ suppressed: 980 })
    await clock.advance(1_000)
    audit.note('request_refused', {}, '192.0.2.1')
    expect(lines().at(-1)).not.toHaveProperty('suppressed')
  })

  test('leave the others and other events theirs, and one network is one address', () => {
    const { audit, lines } = open()
    for (let i = 0; i < 100; i++) audit.note('request_refused', {}, `2001:db8::${i + 1}`)
    expect(lines()).toHaveLength(20)
    audit.note('request_refused', {}, '192.0.2.1')
    audit.note('connection_closed', {}, '2001:db8::1')
    expect(lines()).toHaveLength(22)
  })

  test('of all addresses together are a thousand at once', () => {
    const { audit, lines } = open()
    for (let i = 0; i < 5_000; i++) audit.note('request_refused', {}, `10.0.${i >> 8}.${i & 255}`)
    expect(lines()).toHaveLength(1_000)
  })

  test('what the application does is told always', () => {
    const { audit, lines } = open()
    for (let i = 0; i < 2_000; i++) audit.note('kicked', { user: `u${i}` })
    expect(lines()).toHaveLength(2_000)
  })

  test('what a client made up is cut', () => {
    const { audit, lines } = open()
    audit.note('request_refused', { topic: 'x'.repeat(100_000), name: '', code: null }, '192.0.2.1')
    expect(lines()[0]?.['topic']).toBe('x'.repeat(255))
    expect(Object.keys(lines()[0] ?? {})).toEqual(['level', 'event', 'topic', 'address', 'msg'])
  })
})
