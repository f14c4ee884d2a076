import { request as httpRequest, type IncomingHttpHeaders } from 'node:http'
import { connect } from 'node:net'
import { channel, contract } from '@rollcall/core'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type App, allow, type Dialect, type MemoryBus, memoryBus, rollcall } from '../../src/index.ts'
import { type Exchange, httpExchange } from '../../src/transport/long-poll/index.ts'
import { eventually } from '../support/eventually.ts'
import { steadyClock } from '../support/steady-clock.ts'

const MIB = 1_048_576

interface Polls {
  readonly dialect: Dialect
  /** Sessions that began here. */
  readonly sessions: string[]
  /** Requests that came here for one of them. */
  readonly held: { exchange: Exchange; address: string | undefined; gone: boolean }[]
  readonly strangers: string[]
  readonly upgrades: string[]
}

/** A language of polls, which tests answer by hand. */
function polls(): Polls {
  const seen: Polls = {
    sessions: [],
    held: [],
    strangers: [],
    upgrades: [],
    dialect: {
      name: 'polls',
      mount: (host) => [
        {
          path: '/polls',
          session: (url) => url.searchParams.get('sid'),
          request(request, response) {
            const exchange = httpExchange(request, response, host.clock)
            const sid = exchange.url.searchParams.get('sid')
            if (sid === null) {
              const id = host.sessionId('s'.repeat(20))
              seen.sessions.push(id)
              return exchange.answer({ status: 200, body: id })
            }
            if (!seen.sessions.includes(sid)) {
              seen.strangers.push(sid)
              return exchange.answer({ status: 400, body: 'unknown session' })
            }
            const poll = { exchange, address: request.socket.remoteAddress, gone: false }
            exchange.onGone(() => {
              poll.gone = true
            })
            seen.held.push(poll)
          },
          upgrade(handshake) {
            seen.upgrades.push(handshake.url.search)
            return { status: 400 }
          },
        },
      ],
    },
  }
  return seen
}

let bus: MemoryBus
let cut: string | null
let largest: number
let nodes: { app: App; url: string; seen: Polls; errors: string[] }[]

beforeEach(() => {
  cut = null
  largest = 0
  nodes = []
  bus = memoryBus({
    clock: steadyClock,
    deliver: ({ from, to, byteLength, arrive }) => {
      largest = Math.max(largest, byteLength)
      if (from !== cut && to !== cut) steadyClock.soon(arrive)
    },
  })
})
afterEach(async () => {
  for (const { seen } of nodes) for (const { exchange } of seen.held) exchange.answer({ status: 204 })
  await Promise.all(nodes.map(({ app }) => app.close({ timeoutMs: 50 })))
})

async function node(name: string) {
  const seen = polls()
  const errors: string[] = []
  const app = rollcall(
    contract({ 'room:{room}': channel({}) }),
    { 'room:{room}': { join: () => allow() } },
    {
      broker: bus.broker(name),
      clock: steadyClock,
      dialects: [seen.dialect],
      nodes: { beatMs: 20, downMs: 100, forgetMs: 1_000 },
      onError: (what, error) => errors.push(`${what}: ${error}`),
    },
  )
  const { url } = await app.listen({ port: 0 })
  const made = { app: app as unknown as App, url, seen, errors }
  nodes.push(made)
  return made
}

/** Two nodes that know each other, and a session at the first. */
async function twoNodes() {
  const [a, b] = [await node('a'), await node('b')]
  await eventually(() => expect([a.app.stats().nodes, b.app.stats().nodes]).toEqual([2, 2]))
  const session = await (await fetch(`${a.url}/polls`)).text()
  return { a, b, session }
}

async function oneHeld({ held }: Polls) {
  await eventually(() => expect(held).toHaveLength(1))
  return held[0]!
}

function ask(url: string, method: string, headers: IncomingHttpHeaders, body: Uint8Array | string = '') {
  return new Promise<{ status: number; headers: IncomingHttpHeaders; body: Buffer }>((resolve, reject) => {
    const asking = httpRequest(url, { method, headers, agent: false }, (answer) => {
      const chunks: Buffer[] = []
      answer.on('data', (chunk: Buffer) => chunks.push(chunk))
      answer.on('end', () =>
        resolve({ status: answer.statusCode ?? 0, headers: answer.headers, body: Buffer.concat(chunks) }),
      )
    })
    asking.on('error', reject)
    asking.end(body)
  })
}

describe('a request for a session of another node', () => {
  it('is held there, and answered when there is something', async () => {
    const { a, b, session } = await twoNodes()
    const answer = ask(`${b.url}/polls?sid=${session}&n=1`, 'GET', { accept: 'text/x', 'x-own': 'caf\u00e9' })
    const { exchange, address } = await oneHeld(a.seen)
    expect(exchange.method).toBe('GET')
    expect(exchange.url.search).toBe(`?sid=${session}&n=1`)
    expect(exchange.header('accept')).toBe('text/x')
    expect(exchange.header('x-own')).toBe('caf\u00e9')
    expect(address).toMatch(/127\.0\.0\.1$/)
    exchange.answer({ status: 202, headers: { 'content-type': 'text/y', 'x-mood': 'fine' }, body: 'there is' })
    expect(await answer).toMatchObject({
      status: 202,
      headers: { 'content-type': 'text/y', 'x-mood': 'fine', 'content-length': '8' },
      body: Buffer.from('there is'),
    })
    expect([b.seen.held, b.seen.strangers]).toEqual([[], []])
  })

  it.each([0, 1, 65_536, 1_000_000])('brings a body of %i bytes', async (size) => {
    const { a, b, session } = await twoNodes()
    const body = Buffer.alloc(size, 'abc')
    const answer = ask(`${b.url}/polls?sid=${session}`, 'POST', { 'content-type': 'application/octet-stream' }, body)
    const { exchange } = await oneHeld(a.seen)
    const read = await new Promise((resolve) => exchange.readBody({ maxBytes: 2_000_000, withinMs: 1_000 }, resolve))
    expect(Buffer.compare(read as Buffer, body)).toBe(0)
    exchange.answer({ status: 200 })
    expect((await answer).status).toBe(200)
    expect(largest).toBeLessThan(MIB)
  })

  it('gets an answer that is larger than a message between nodes', async () => {
    const { a, b, session } = await twoNodes()
    const answer = ask(`${b.url}/polls?sid=${session}`, 'GET', {})
    const { exchange } = await oneHeld(a.seen)
    const body = Buffer.from(Array.from({ length: 3 * MIB + 7 }, (_, i) => (i * 31) & 255))
    exchange.answer({ status: 200, body })
    expect(Buffer.compare((await answer).body, body)).toBe(0)
    expect(largest).toBeLessThan(MIB)
  })

  it('with a body that cannot be carried is refused', async () => {
    const { a, b, session } = await twoNodes()
    const { status } = await ask(`${b.url}/polls?sid=${session}`, 'POST', {}, Buffer.alloc(1_000_001))
    expect(status).toBe(413)
    expect(a.seen.held).toEqual([])
  })

  it('whose client goes away is given up there', async () => {
    const { a, b, session } = await twoNodes()
    const leaving = new AbortController()
    const answer = fetch(`${b.url}/polls?sid=${session}`, { signal: leaving.signal }).catch(() => 'aborted')
    const poll = await oneHeld(a.seen)
    leaving.abort()
    expect(await answer).toBe('aborted')
    await eventually(() => expect(poll.gone).toBe(true))
  })

  it('whose node falls silent is answered that it may try again', async () => {
    const { a, b, session } = await twoNodes()
    const answer = ask(`${b.url}/polls?sid=${session}`, 'GET', {})
    await oneHeld(a.seen)
    cut = 'a'
    expect(await answer).toMatchObject({ status: 503, headers: { 'retry-after': '1' } })
    // And then nobody has the session any more: this node's own word on it.
    expect((await ask(`${b.url}/polls?sid=${session}`, 'GET', {})).status).toBe(400)
    expect(b.seen.strangers).toEqual([session])
  })

  it('that a node has carried which falls silent is given up', async () => {
    const { a, b, session } = await twoNodes()
    const answer = ask(`${b.url}/polls?sid=${session}`, 'GET', {})
    const poll = await oneHeld(a.seen)
    cut = 'b'
    await eventually(() => expect(poll.gone).toBe(true))
    expect((await answer).status).toBe(503)
  })

  it('stays where it is when no node is meant', async () => {
    const { b } = await twoNodes()
    for (const sid of ['x', 'unknown-session-0000000', '', '%00', 'a'.repeat(5_000)])
      expect((await ask(`${b.url}/polls?sid=${sid}`, 'GET', {})).status).toBe(400)
    expect(b.seen.strangers).toHaveLength(5)
  })

  it('for a WebSocket is not carried', async () => {
    const { b, session } = await twoNodes()
    const socket = connect(Number(new URL(b.url).port), '127.0.0.1')
    socket.write(
      `GET /polls?sid=${session} HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
        'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n',
    )
    const answer = await new Promise<string>((resolve) => socket.once('data', (bytes) => resolve(String(bytes))))
    socket.destroy()
    expect(answer).toMatch(/^HTTP\/1.1 400 /)
    expect(b.seen.upgrades).toEqual([`?sid=${session}`])
  })

  it('is not believed when it is none', async () => {
    const { a } = await twoNodes()
    const other = bus.broker('other')
    for (const bytes of [new Uint8Array(0), Uint8Array.of(0, 2, 123, 125), Uint8Array.of(0, 4, 110, 117, 108, 108)])
      await expect(other.ask('a', 'carried-request', bytes, 500)).rejects.toThrow()
    await other.close()
    expect(a.seen.held).toEqual([])
  })
})
