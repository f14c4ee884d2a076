import { connect } from 'node:net'
import { describe, expect, test, vi } from 'vitest'
import { text } from '../support/frames.ts'
import { RawSocket, upgradeRequest } from '../support/raw-socket.ts'
import { until } from '../support/until.ts'
import { afterwards, stage } from './stage.ts'

const native = { 'sec-websocket-protocol': 'rollcall.v1' }

describe('a page of another site', () => {
  test.each([
    ['https://app.example.com', 101],
    ['https://chat.example.com', 101],
    ['https://a.b.example.com', 101],
    ['HTTPS://APP.EXAMPLE.COM', 101],
    [undefined, 101],
    ['https://evil.example', 403],
    ['null', 403],
    ['', 403],
    ['http://app.example.com', 403],
    ['https://app.example.com:8443', 403],
    ['https://app.example.com.evil.example', 403],
    ['https://evilexample.com', 403],
    ['https://example.com', 403],
    ['https://app.example.com@evil.example', 403],
    ['https://app.example.com/', 403],
    ['https://xn--pp-eia.example.org', 403],
    ['https://app.exаmple.com', 403],
    ['file://', 403],
    ['https://app.example.com, https://evil.example', 403],
    ['https://evil.example, https://app.example.com', 403],
  ])('%j gets %i where origins are listed', async (origin, status) => {
    const { ask } = await stage({ origins: ['https://app.example.com', 'https://*.example.com'] })
    const raw = await ask('/rollcall', { headers: { ...native, origin } })
    expect(raw.status).toBe(status)
  })

  test.each([
    [(port: number) => `http://localhost:${port}`, 101],
    [() => undefined, 101],
    [(port: number) => `http://127.0.0.1:${port}`, 403],
    [(port: number) => `http://localhost:${port + 1}`, 403],
    [() => 'http://localhost', 403],
    [() => 'https://evil.example', 403],
    [() => 'null', 403],
  ])('by default only the same host may connect: %s gets %i', async (originOf, status) => {
    const { ask, port } = await stage()
    const raw = await ask('/rollcall', { headers: { ...native, origin: originOf(port) } })
    expect(raw.status).toBe(status)
  })

  test('is refused before its cookie is looked at', async () => {
    const authenticate = vi.fn(({ handshake }) => ({ id: handshake.headers.cookie === 'session=good' ? 'tyr' : 'x' }))
    const { ask, hello } = await stage({ authenticate })
    const cookie = 'session=good'
    const raw = await ask('/rollcall', { headers: { ...native, cookie, origin: 'https://evil.example' } })
    expect([raw.status, authenticate.mock.calls.length]).toEqual([403, 0])
    const plain = await ask('/plain/room:a', { headers: { cookie, origin: 'https://evil.example' } })
    expect([plain.status, authenticate.mock.calls.length]).toEqual([403, 0])
    await hello()
    expect(authenticate).toHaveBeenCalledOnce()
  })
})

describe('slow handshakes', () => {
  test('do not keep others out, and end', async () => {
    const { hello, port } = await stage({ limits: { headersMs: 5_000 } })
    const slow = Array.from({ length: 5_000 }, () => connect(port, '127.0.0.1'))
    afterwards(() => {
      for (const socket of slow) socket.destroy()
    })
    let ended = 0
    for (const socket of slow) socket.on('error', () => {}).on('close', () => void ended++)
    const request = upgradeRequest(new URL(`http://127.0.0.1:${port}/rollcall`), native)
    let at = 0
    const trickle = setInterval(() => {
      const byte = request[at++ % request.length] ?? ''
      for (const socket of slow) if (socket.writable) socket.write(byte)
    }, 1_000)
    afterwards(() => clearInterval(trickle))
    await until(() => slow.every((socket) => !socket.connecting), { what: 'five thousand connections' })
    await hello()
    // Who has something to say did not have to wait for them.
    expect(ended).toBeLessThan(slow.length)
    await until(() => ended === slow.length, { what: 'the end of all of them', deadlineMs: 30_000 })
  })
})

describe('headers', () => {
  test.each([
    ['two thousand of them', Object.fromEntries(Array.from({ length: 2_000 }, (_, i) => [`x-${i}`, '']))],
    ['one more than a hundred', Object.fromEntries(Array.from({ length: 95 }, (_, i) => [`x-${i}`, '1']))],
    ['a list of protocols of 100 KB', { 'sec-websocket-protocol': 'a,'.repeat(50_000) }],
    ['a cookie of 20 KB', { cookie: 'x'.repeat(20_000) }],
  ])('%s are 431', async (_, headers) => {
    const { ask } = await stage()
    const raw = await ask('/rollcall', { headers: { ...native, ...headers } })
    await raw.until(() => raw.ended, 'the end')
    expect([raw.status, raw.header('connection')?.toLowerCase()]).toEqual([431, 'close'])
  })

  test('a hundred of them are fine', async () => {
    const { ask } = await stage()
    const headers = Object.fromEntries(Array.from({ length: 94 }, (_, i) => [`x-${i}`, '1']))
    expect((await ask('/rollcall', { headers: { ...native, ...headers } })).status).toBe(101)
  })

  test('of a plain request are counted as well', async () => {
    const { url } = await stage()
    const headers = Object.fromEntries(Array.from({ length: 120 }, (_, i) => [`x-${i}`, '1']))
    expect((await fetch(`${url}/api/v1/health`, { headers })).status).toBe(431)
  })

  test.each<[string, Record<string, string | undefined>, number]>([
    ['no Upgrade', { upgrade: undefined, connection: 'keep-alive' }, 426],
    ['another Upgrade', { upgrade: 'h2c' }, 400],
    ['an empty Upgrade', { upgrade: '' }, 426],
    ['no key', { 'sec-websocket-key': undefined }, 400],
    ['a short key', { 'sec-websocket-key': 'c2hvcnQ=' }, 400],
    ['a key that is no base64', { 'sec-websocket-key': '!'.repeat(24) }, 400],
    [
      'two keys',
      { 'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==' },
      400,
    ],
    ['no version', { 'sec-websocket-version': undefined }, 426],
    ['two versions', { 'sec-websocket-version': '13\r\nsec-websocket-version: 13' }, 426],
    ['an old version', { 'sec-websocket-version': '8' }, 426],
    ['a version that is no number', { 'sec-websocket-version': '13.0' }, 426],
    ['an extension named constructor', { 'sec-websocket-extensions': 'constructor' }, 101],
    ['an extension named __proto__', { 'sec-websocket-extensions': '__proto__; __proto__=1' }, 101],
    ['quotes that are not closed', { 'sec-websocket-extensions': `permessage-deflate; a="${'\\'.repeat(5_000)}` }, 101],
    ['a protocol named __proto__', { 'sec-websocket-protocol': '__proto__, rollcall.v1' }, 101],
    ['a protocol that is no token', { 'sec-websocket-protocol': '"quoted, rollcall.v1' }, 101],
    ['a list of protocols that backtracks', { 'sec-websocket-protocol': `${' '.repeat(8_000)}x` }, 400],
  ])('%s', async (_, headers, status) => {
    const { ask, hello } = await stage()
    const began = performance.now()
    const raw = await ask('/rollcall', { headers: { ...native, ...headers } })
    expect(raw.status).toBe(status)
    expect(performance.now() - began).toBeLessThan(10_000)
    if (status === 426) expect(raw.header('upgrade') ?? raw.header('sec-websocket-version')).toMatch(/^(websocket|13)$/)
    await hello()
  })

  test.each([
    '/',
    '/nowhere',
    '/rollcall/below',
    '/plain',
    '//evil.example/rollcall',
    '/%00',
    '/rollcall?%zz',
    '/api/v1/health',
  ])('an upgrade at %s is answered', async (path) => {
    const { ask, hello } = await stage()
    const raw = await ask(path, { headers: native })
    expect([101, 400, 404, 426]).toContain(raw.status)
    await hello()
  })
})

describe('a path', () => {
  // A proxy in front that keeps a path to itself must not be told another one than the server understands.
  test.each(['/x\\..\\api/v1/health', '/\\x/api/v1/health', '\\api/v1/health', '/x%5c..%5capi/v1/health'])(
    'with a backslash (%s) leads to no other',
    async (path) => {
      const { port } = await stage()
      const raw = new RawSocket(port)
      afterwards(() => raw.destroy())
      raw.write(`GET ${path} HTTP/1.1\r\nhost: localhost\r\n\r\n`)
      await raw.until(() => raw.head !== '', 'the answer')
      expect([400, 404]).toContain(raw.status)
    },
  )
})

describe('an upgrade that is refused', () => {
  const second = Buffer.from('GET /api/v1/health HTTP/1.1\r\nHost: x\r\n\r\n')

  test.each<[string, Record<string, string>, number]>([
    ['for its version', { 'sec-websocket-version': '777' }, 426],
    ['for its origin', { origin: 'https://evil.example' }, 403],
    ['for its key', { 'sec-websocket-key': 'x' }, 400],
    ['for its path', {}, 404],
  ])('%s ends the connection, and a request smuggled behind it gets no answer', async (why, headers, status) => {
    const { ask } = await stage()
    const raw = await ask(why === 'for its path' ? '/nowhere' : '/rollcall', {
      headers: { ...native, ...headers },
      behind: second,
    })
    await raw.until(() => raw.ended, 'the end')
    expect([raw.status, raw.header('connection')]).toEqual([status, 'close'])
    expect(raw.body.length).toBe(Number(raw.header('content-length')))
    expect(`${raw.body}`).not.toContain('HTTP/1.1')
  })

  test.each([
    ['a length', { 'content-length': '5' }],
    ['a chunked body', { 'transfer-encoding': 'chunked' }],
  ])('for %s: a body on an upgrade is 400', async (_, headers) => {
    const { ask } = await stage()
    const raw = await ask('/rollcall', { headers: { ...native, ...headers }, behind: Buffer.from('hello') })
    await raw.until(() => raw.ended, 'the end')
    expect([raw.status, raw.header('connection')]).toEqual([400, 'close'])
  })

  test('and reset meanwhile harms nobody', async () => {
    const { port, hello } = await stage()
    for (let i = 0; i < 200; i++) {
      const socket = connect(port, '127.0.0.1').on('error', () => {})
      socket.write(upgradeRequest(new URL(`http://x:${port}/rollcall`), { origin: 'https://evil.example' }))
      if (i % 2) socket.once('connect', () => socket.resetAndDestroy())
      else setImmediate(() => socket.resetAndDestroy())
    }
    await hello()
  })
})

describe('a storm of connections', () => {
  test('is let in as fast as the limit says; the others are told when to come', async () => {
    const { ask, app } = await stage({ limits: { handshakesPerSecond: 20 } })
    const answers = await Promise.all(Array.from({ length: 400 }, () => ask('/rollcall', { headers: native })))
    const refused = answers.filter(({ status }) => status === 503)
    expect(answers.length - refused.length).toBeGreaterThanOrEqual(20)
    // More than twenty are let in, since it takes a while to ask: as many again for each second.
    expect(refused.length).toBeGreaterThanOrEqual(200)
    for (const raw of refused) expect(Number(raw.header('retry-after'))).toBeGreaterThanOrEqual(1)
    expect(app.stats().handshakesRefused).toBe(refused.length)
  })

  test('of one address is held to 20 a second, 500 at once, and fewer for who has offended', async () => {
    const { ask } = await stage({
      trustedProxy: { header: 'x-forwarded-for' },
      limits: { handshakesPerAddress: 0.001 },
    })
    const from = (address: string) => ({ headers: { ...native, 'x-forwarded-for': address } })
    const refused = async (address: string, times: number) => {
      const answers = await Promise.all(Array.from({ length: times }, () => ask('/rollcall', from(address))))
      for (const raw of answers) raw.destroy()
      return answers.filter(({ status }) => status === 503).length
    }
    expect(await refused('203.0.113.1', 500)).toBe(0)
    expect(await refused('203.0.113.1', 3)).toBe(3)
    for (let i = 0; i < 5; i++) {
      const raw = await ask('/rollcall', from('2001:db8:1:1::1'))
      // A frame that is none, or a message that is none.
      raw.write(i % 2 ? Buffer.alloc(10, 0xff) : text('no JSON'))
      await raw.until(() => raw.closeCode === (i % 2 ? 1002 : 4400), 'the close')
    }
    // Each of the five counts as sixty-one, for the whole network that it comes from.
    expect(await refused('2001:db8:1:1::2', 196)).toBe(1)
    expect(await refused('203.0.113.2', 10)).toBe(0)
  })

  test('a full node says so, and takes the next one when somebody has gone', async () => {
    const { ask, hello, app } = await stage({ limits: { connections: 2 } })
    const first = await hello()
    await hello()
    const raw = await ask('/rollcall', { headers: native })
    expect([raw.status, raw.header('retry-after')]).toEqual([503, '5'])
    first.raw.destroy()
    await until(() => [...app.connections()].length === 1)
    await until(() => hello())
  })

  test('that never say who they are fill their own places alone, and the oldest of them gives way', async () => {
    const { ask, hello, app } = await stage({ limits: { strangers: 2 } })
    const known = [await hello(), await hello(), await hello()]
    const strangers = [await ask('/rollcall', { headers: native }), await ask('/rollcall', { headers: native })]
    expect(strangers.map(({ status }) => status)).toEqual([101, 101])
    expect((await ask('/rollcall', { headers: native })).status).toBe(503)
    // After a second of silence there is room for those who have something to say.
    await until(async () => {
      const raw = await ask('/rollcall', { headers: native })
      return raw.status === 101
    })
    await strangers[0]?.until(() => strangers[0]?.closeCode !== undefined, 'its close')
    expect(strangers[0]?.closeCode).toBe(4401)
    expect(strangers[1]?.closeCode).toBeUndefined()
    await until(() => [...app.connections()].length === 5)
    for (const native of known) await native.ask('ping')
  })

  test('of four thousand at once is taken up without a tail', async () => {
    const { app, port } = await stage({ limits: { helloMs: 60_000 } })
    const request = upgradeRequest(new URL(`http://127.0.0.1:${port}/rollcall`), native)
    const sockets = Array.from({ length: 4_000 }, () => connect(port, '127.0.0.1'))
    afterwards(() => {
      for (const socket of sockets) socket.destroy()
    })
    const began = performance.now()
    for (const socket of sockets) socket.on('error', () => {}).write(request)
    await until(() => [...app.connections()].length === 4_000, { deadlineMs: 30_000 })
    const seconds = (performance.now() - began) / 1000
    console.info(`4,000 connections at once: ${seconds.toFixed(1)} s`)
    expect(seconds).toBeLessThan(30)
  })
})
