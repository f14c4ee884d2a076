import { EventEmitter, once } from 'node:events'
import { createServer, type Server as HttpServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { gunzipSync } from 'node:zlib'
import io, * as module from '@rollcall/dialects/socket.io/server'
import { io as connectTo } from 'socket.io-client'
import { describe, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { afterwards, listen, tcpOf, told } from './stage.ts'

const { Server } = module
type Options = Partial<module.ServerOptions>

describe('the module', () => {
  test('is a function that makes servers, and has the classes', () => {
    expect(io()).toBeInstanceOf(Server)
    expect(io({ path: '/x' }).path()).toBe('/x')
    expect([io.Server, io.Namespace, io.Socket]).toEqual([Server, module.Namespace, module.Socket])
    expect(module.default).toBe(io)
    // What `require` answers.
    expect((module as unknown as Record<string, unknown>)['module.exports']).toBe(io)
  })

  test('gives emitters of Node', async () => {
    const { io: server, join } = await listen(io())
    const connected = once(server, 'connection')
    await join()
    const [socket] = await connected
    expect(
      [socket, socket.nsp, socket.conn, socket.nsp.adapter, server.engine, server].map(
        (it) => it instanceof EventEmitter,
      ),
    ).toEqual(Array.from({ length: 6 }, () => true))
  })
})

describe('an option', () => {
  test.each<[object, string]>([
    [{ adapter: () => {} }, 'does not offer the option adapter: servers are joined by the option broker'],
    [{ parser: {} }, 'does not offer the option parser'],
    [{ wsEngine: class {} }, 'does not offer the option wsEngine'],
    [{ perMessageDeflate: { zlibDeflateOptions: {} } }, 'does not offer perMessageDeflate.zlibDeflateOptions'],
    [{ perMessageDeflate: { threshold: 0 } }, 'perMessageDeflate.threshold must be a number above 0'],
    [{ initialPacket: 'hi' }, 'does not offer the option initialPacket'],
    [{ transports: ['polling', 'webtransport'] }, 'does not offer the transport webtransport'],
    [{ cors: { origin: '*', preflightContinue: true } }, 'does not offer cors.preflightContinue'],
    [{ pingTimout: 5 }, 'There is no option "pingTimout"'],
    [{ transports: [] }, 'transports must be polling, websocket or both'],
    [{ transports: ['__proto__'] }, 'transports must be polling, websocket or both'],
    [{ pingTimeout: 0 }, 'pingTimeout must be a number above 0'],
    [{ pingInterval: '25000' }, 'pingInterval must be a number above 0'],
    [{ maxHttpBufferSize: Number.NaN }, 'maxHttpBufferSize must be a number above 0'],
    [{ connectTimeout: -1 }, 'connectTimeout must be a number above 0'],
    [{ path: 'no slash' }, 'must be like /socket.io/'],
    [{ cors: true }, 'cors must be an object'],
    [{ cors: { origin: '*' }, origins: 'any' }, 'Give either cors or origins'],
    [{ origins: ['https://a.example/'] }, 'must be like https://app.example.com'],
    [{ limits: { outboxBytes: 0 } }, 'limits.outboxBytes must be a number above 0'],
    [{ limits: { nothing: 1 } }, 'limits.nothing: there is no such limit'],
    [{ history: { messages: 0 } }, 'history.messages must be a number above 0'],
    [{ connectionStateRecovery: { maxDisconnectionDuration: 0 } }, 'maxDisconnectionDuration must be a number above 0'],
    [{ cookie: { name: 'a b' } }, 'cannot name a cookie'],
  ])('%j cannot be: %s', (options, message) => {
    expect(() => new Server(options as Options)).toThrow(message)
  })

  test('of the original that is off may stay', () => {
    new Server({ perMessageDeflate: false, destroyUpgrade: false, cookie: false, adapter: undefined } as Options)
  })

  test.each(['connectTimeout', 'connectionStateRecovery', 'history', 'limits', 'serveClient', 'onError'])(
    'that is for the whole server is not taken with listen: %s',
    (name) => {
      const server = new Server()
      expect(() => server.listen(0, { [name]: name === 'serveClient' ? false : {} })).toThrow(
        `Give the option ${name} to the constructor`,
      )
    },
  )

  test('of the constructor comes before that of listen, as in the original', async () => {
    const server = new Server({ pingInterval: 1_234 })
    server.listen(0, { pingInterval: 5, pingTimeout: 777 })
    afterwards(() => server.close())
    const http = server.httpServer as HttpServer
    await once(http, 'listening')
    const url = `http://localhost:${(http.address() as AddressInfo).port}/socket.io/?EIO=4&transport=polling`
    expect(await (await fetch(url)).text()).toContain('"pingInterval":1234,"pingTimeout":777')
  })
})

test.each<[string, (server: InstanceType<typeof Server>) => unknown, string]>([
  ['attachApp', (server) => server.attachApp({}), 'does not offer attachApp()'],
  ['bind', (server) => server.bind({}), 'does not offer bind()'],
  ['adapter', (server) => server.adapter({}), 'does not offer adapter(): servers are joined by the option broker'],
  ['a function for requests', (server) => server.attach((() => {}) as never), 'give the http.Server that calls it'],
  [
    'engine.handleRequest',
    (server) => (server.engine as unknown as { handleRequest(): void }).handleRequest(),
    'does not offer engine.handleRequest()',
  ],
  ['a connectTimeout of 0', (server) => server.connectTimeout(0), 'connectTimeout must be a number above 0'],
])('%s is refused in words', (_, ask, message) => {
  expect(() => ask(new Server())).toThrow(message)
})

/** A server of an application's own, with something of its own to say. */
async function shared(prepare: (http: HttpServer) => void): Promise<{ http: HttpServer; url: string }> {
  const http = createServer((request, response) => response.end(`own ${request.url}`))
  prepare(http)
  http.listen(0)
  await once(http, 'listening')
  return { http, url: `http://localhost:${(http.address() as AddressInfo).port}` }
}

describe('an HTTP server', () => {
  test('keeps what it had beside our path', async () => {
    const server = new Server({ serveClient: false })
    const { http, url } = await shared((own) => server.attach(own))
    afterwards(() => server.close())
    expect(server.httpServer).toBe(http)
    expect(await (await fetch(`${url}/x`)).text()).toBe('own /x')
    expect(await (await fetch(`${url}/socket.io.js`)).text()).toBe('own /socket.io.js')
    expect((await fetch(`${url}/socket.io/?EIO=4&transport=polling`)).status).toBe(200)
  })

  test('is closed with the server, though clients poll', async () => {
    const server = new Server()
    const { http, url } = await shared((own) => server.attach(own))
    const client = connectTo(url, { transports: ['polling'], reconnection: false })
    afterwards(() => client.disconnect())
    await told(client, 'connect')
    let told_: unknown = 'nothing'
    const gone = told(client, 'disconnect')
    const begun = Date.now()
    await server.close((error) => {
      told_ = error
    })
    await gone
    expect([told_, http.listening]).toEqual([undefined, false])
    expect(Date.now() - begun).toBeLessThan(4_000)
  })

  test('that was never opened says so', async () => {
    const server = new Server(createServer())
    const error = await new Promise<unknown>((resolve) => void server.close(resolve))
    expect(String(error)).toContain('Server is not running')
    await new Server().close()
  })

  test('may be given as a port, also as a text', async () => {
    for (const port of [0, '0' as unknown as number]) {
      const server = new Server(port)
      const http = server.httpServer as HttpServer
      if (!http.listening) await once(http, 'listening')
      await server.close()
    }
  })

  test.each<[string, Options, string, number]>([
    ['/socket.io/', {}, '/socket.io/', 200],
    ['another', { path: '/my/own' }, '/my/own/', 200],
    ['another with a slash', { path: '/my/own/' }, '/my/own/', 200],
    ['not the usual one then', { path: '/my/own/' }, '/socket.io/', 404],
    ['without a slash', { addTrailingSlash: false }, '/socket.io', 200],
  ])('answers at the path %s', async (_, options, path, status) => {
    const { url } = await listen(new Server(options))
    expect((await fetch(`${url}${path}?EIO=4&transport=polling`)).status).toBe(status)
  })

  test('takes the path that was set before', async () => {
    const server = new Server()
    server.path('/elsewhere/')
    const { url } = await listen(server)
    expect(server.path()).toBe('/elsewhere')
    expect((await fetch(`${url}/elsewhere/?EIO=4&transport=polling`)).status).toBe(200)
  })

  test('gives a cookie where that is asked for', async () => {
    const { url } = await listen(new Server({ cookie: true }))
    const answer = await fetch(`${url}/socket.io/?EIO=4&transport=polling`)
    expect(answer.headers.get('set-cookie')).toMatch(/^io=[\w-]{20}; Path=\/; HttpOnly; SameSite=Lax$/)
  })

  test('compresses where that is asked for, and takes what is compressed', async () => {
    const { io: server, join } = await listen(new Server({ perMessageDeflate: { threshold: 100 } }))
    server.on('connection', (socket) =>
      socket.on('echo', (text: string, answer: (text: string) => void) => answer(text)),
    )
    const client = await join('/', { transports: ['polling', 'websocket'] })
    if (client.io.engine.transport.name === 'polling') await told(client.io.engine, 'upgrade')
    const { extensions } = (client.io.engine.transport as unknown as { ws: { extensions: string } }).ws
    expect(extensions).toContain('permessage-deflate')
    // More than a stranger may send.
    const text = 'x'.repeat(200_000)
    expect(await client.timeout(10_000).emitWithAck('echo', text)).toBe(text)
    expect(tcpOf(client).bytesRead).toBeLessThan(50_000)
  })

  test('takes no more connections than it may', async () => {
    const { url, join } = await listen(new Server({ limits: { connections: 1 } }))
    await join()
    const answer = await fetch(`${url}/socket.io/?EIO=4&transport=polling`)
    expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '5'])
  })
})

describe('pages', () => {
  const polling = async (url: string, origin?: string) => {
    const answer = await fetch(`${url}/socket.io/?EIO=4&transport=polling`, { headers: origin ? { origin } : {} })
    return [answer.status, answer.headers.get('access-control-allow-origin')]
  }
  const webSocket = (url: string, origin?: string) =>
    new Promise<number>((resolve) => {
      const target = `${url.replace('http', 'ws')}/socket.io/?EIO=4&transport=websocket`
      const socket = new WebSocket(target, origin ? { origin } : {})
      socket.on('open', () => {
        socket.terminate()
        resolve(101)
      })
      socket.on('unexpected-response', (_, { statusCode = 0 }) => resolve(statusCode))
    })

  test.each<[string, Options, string, boolean]>([
    ['of our own host', {}, 'own', true],
    ['of another host', {}, 'https://a.example', false],
    ['of another host where any may', { origins: 'any' }, 'https://a.example', true],
    ['of a list', { origins: ['https://a.example'] }, 'https://a.example', true],
    ['of cors.origin', { cors: { origin: 'https://a.example' } }, 'https://a.example', true],
    ['not of cors.origin', { cors: { origin: 'https://a.example' } }, 'https://b.example', false],
    ['of our own host beside cors.origin', { cors: { origin: 'https://a.example' } }, 'own', true],
    ['of *', { cors: { origin: '*' } }, 'https://a.example', true],
    ['of true', { cors: { origin: true } }, 'https://a.example', true],
    ['of false', { cors: { origin: false } }, 'https://a.example', false],
    ['of cors without an origin', { cors: {} }, 'https://a.example', true],
    ['of an expression', { cors: { origin: /\.example$/ } }, 'https://a.example', true],
    ['not of an expression', { cors: { origin: /\.example$/ } }, 'https://a.example.org', false],
    ['of one of several', { cors: { origin: ['https://x.example', /a\.example$/] } }, 'https://a.example', true],
    [
      'of a function',
      { cors: { origin: (origin, done) => void setTimeout(done, 1, null, origin === 'https://a.example') } },
      'https://a.example',
      true,
    ],
    ['not of a function', { cors: { origin: (_, done) => done(null, false) } }, 'https://a.example', false],
    [
      'of a function that fails',
      { cors: { origin: (_, done) => done(new Error('no'), true) } },
      'https://a.example',
      false,
    ],
    [
      'of a function’s list',
      { cors: { origin: (_, done) => done(null, ['https://a.example']) } },
      'https://a.example',
      true,
    ],
  ])('%s, %j, %s: %s', async (_, options, from, allowed) => {
    const { url } = await listen(new Server(options))
    const origin = from === 'own' ? url : from
    expect(await polling(url, origin)).toEqual([allowed ? 200 : 403, allowed && options.cors ? origin : null])
    expect(await webSocket(url, origin)).toBe(allowed ? 101 : 403)
    // Without an Origin it is no page.
    expect(await webSocket(url)).toBe(101)
  })

  test('are told what they may', async () => {
    const cors = {
      origin: 'https://a.example',
      methods: ['GET', 'POST'],
      allowedHeaders: 'x-a, x-b',
      exposedHeaders: ['x-c'],
      credentials: true,
      maxAge: 60,
    }
    const { url } = await listen(new Server({ cors }))
    const headers = { origin: 'https://a.example', 'access-control-request-method': 'POST' }
    const answer = await fetch(`${url}/socket.io/?EIO=4&transport=polling`, { method: 'OPTIONS', headers })
    expect(answer.status).toBe(204)
    expect(Object.fromEntries(answer.headers)).toMatchObject({
      'access-control-allow-origin': 'https://a.example',
      'access-control-allow-methods': 'GET,POST',
      'access-control-allow-headers': 'x-a,x-b',
      'access-control-expose-headers': 'x-c',
      'access-control-allow-credentials': 'true',
      'access-control-max-age': '60',
      vary: 'Origin',
    })
  })
})

describe('the client’s bundle', () => {
  test.each(['socket.io.js', 'socket.io.min.js', 'socket.io.esm.min.js', 'socket.io.min.js.map'])(
    '%s is served',
    async (name) => {
      const { url, io: server } = await listen(new Server())
      expect(server.serveClient()).toBe(true)
      const answer = await fetch(`${url}/socket.io/${name}`)
      expect(answer.status).toBe(200)
      expect(answer.headers.get('content-type')).toMatch(/^application\/(javascript|json); charset=utf-8$/)
      const etag = answer.headers.get('etag') as string
      expect((await answer.text()).length).toBeGreaterThan(10_000)
      const again = await fetch(`${url}/socket.io/${name}`, { headers: { 'if-none-match': etag } })
      expect(again.status).toBe(304)
    },
  )

  test('comes compressed', async () => {
    const { url } = await listen(new Server())
    const { request } = await import('node:http')
    const bytes = await new Promise<Buffer>((resolve) => {
      request(`${url}/socket.io/socket.io.js`, { headers: { 'accept-encoding': 'gzip' } }, (response) => {
        expect(response.headers['content-encoding']).toBe('gzip')
        const chunks: Buffer[] = []
        response.on('data', (chunk) => chunks.push(chunk))
        response.on('end', () => resolve(Buffer.concat(chunks)))
      }).end()
    })
    expect(gunzipSync(bytes).toString()).toContain('Socket.IO v4')
  })

  test.each([
    ['nothing.js', 400],
    ['socket.io.js/x', 400],
    ['__proto__', 400],
    ['socket.io.msgpack.min.js', 400],
    ['../package.json', 404],
    ['%2e%2e/package.json', 404],
  ])('has no file %s', async (name, status) => {
    const { url } = await listen(new Server())
    expect((await fetch(`${url}/socket.io/${name}`)).status).toBe(status)
  })

  test('is not served where it is not wanted', async () => {
    const { url, io: server } = await listen(new Server({ serveClient: false }))
    expect(server.serveClient()).toBe(false)
    expect((await fetch(`${url}/socket.io/socket.io.js`)).status).toBe(400)
    expect(server.serveClient(true).serveClient()).toBe(true)
    expect((await fetch(`${url}/socket.io/socket.io.js`)).status).toBe(200)
  })
})

test('headers that would begin another one are not sent', async () => {
  const reports: string[] = []
  const { io: server, url } = await listen(
    new Server({ onError: (what, error) => void reports.push(`${what}: ${error}`) }),
  )
  server.engine.on('headers', (headers: Record<string, string>) => {
    headers['x-a'] = 'a\r\nx-b: b'
  })
  expect((await fetch(`${url}/socket.io/?EIO=4&transport=polling`)).status).toBe(500)
  const socket = new WebSocket(`${url.replace('http', 'ws')}/socket.io/?EIO=4&transport=websocket`)
  const [, { statusCode }] = await once(socket, 'unexpected-response')
  expect(statusCode).toBe(500)
  expect(reports).toHaveLength(2)
})

test('what is asked before there is a session is not asked for files, nor for preflights', async () => {
  const asked: unknown[] = []
  const options: Options = { cors: {}, allowRequest: ({ url }, done) => done(null, asked.push(url) > 0) }
  const { url } = await listen(new Server(options))
  expect((await fetch(`${url}/socket.io/socket.io.js`, { headers: { origin: 'https://a.example' } })).status).toBe(200)
  expect((await fetch(`${url}/socket.io/?EIO=4&transport=polling`, { method: 'OPTIONS' })).status).toBe(204)
  expect(asked).toEqual([])
  expect((await fetch(`${url}/socket.io/?EIO=4&transport=polling`)).status).toBe(200)
  expect(asked).toHaveLength(1)
})
