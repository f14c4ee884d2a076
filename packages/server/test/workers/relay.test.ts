import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { createServer, type IncomingMessage, request as requestOf, type Server, type ServerResponse } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Duplex } from 'node:stream'
import { afterEach, describe, expect, it, vi } from 'vitest'
import type { App } from '../../src/index.ts'
import { ownedBy } from '../../src/workers/affinity.ts'
import { Relay } from '../../src/workers/relay.ts'
import { eventually } from '../support/eventually.ts'

const undo: (() => unknown)[] = []
afterEach(async () => {
  for (const task of undo.splice(0).reverse()) await task()
})

type Answer = (request: IncomingMessage, response: ServerResponse) => void

interface Worker {
  readonly relay: Relay
  readonly port: number
  /** What the other worker's requests come to. */
  inner(): Server
  readonly answer: ReturnType<typeof vi.fn<Answer>>
  readonly upgraded: ReturnType<typeof vi.fn<(request: IncomingMessage, socket: Duplex, head: Buffer) => void>>
}

/** Workers 1 and 2, each with a port. What carries a `session` in its query goes to whoever has that. */
async function twoWorkers(answer: Answer = (_, response) => response.end('here')): Promise<[Worker, Worker]> {
  const folder = mkdtempSync(join(tmpdir(), 'rollcall-relay-'))
  undo.push(() => rmSync(folder, { recursive: true, force: true }))
  const nodes = ['w1-a', 'w2-b']
  const open = async (number: number): Promise<Worker> => {
    const node = nodes[number - 1]!
    const peers = () => nodes.filter((other) => other !== node)
    const relay = new Relay({ folder, number, node, workers: 2, peers })
    const own = vi.fn(answer)
    const upgraded = vi.fn((request: IncomingMessage, socket: Duplex, head: Buffer) => {
      socket.write(
        `HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: echo\r\n\r\n${request.socket.remoteAddress} `,
      )
      socket.write(head)
      socket.pipe(socket)
    })
    const servers: Server[] = []
    const attach = (server: Server) => {
      servers.push(server)
      const sessionOf = ({ url = '' }: IncomingMessage) => new URL(url, 'http://x').searchParams.get('session')
      server.on('request', (request, response) => {
        const session = sessionOf(request)
        if (session === null || !relay.passOn(session, request, response)) own(request, response)
      })
      server.on('upgrade', (request, socket, head) => {
        const session = sessionOf(request)
        if (session === null || !relay.passOnUpgrade(session, request, socket, head)) upgraded(request, socket, head)
      })
      return () => {}
    }
    await relay.open({ attach } as unknown as App)
    const server = createServer().listen(0, '127.0.0.1')
    attach(server)
    await new Promise((resolve) => server.once('listening', resolve))
    undo.push(
      () => server.closeAllConnections(),
      () => server.close(),
      () => relay.cleanUp(),
    )
    return { relay, port: (server.address() as AddressInfo).port, inner: () => servers[0]!, answer: own, upgraded }
  }
  return [await open(1), await open(2)]
}

const ofTwo = ownedBy('session', 2, 2)
const urlOf = ({ port }: Worker, session = ofTwo) => `http://127.0.0.1:${port}/poll?session=${session}`

describe('a request that comes to the wrong worker', () => {
  it('is answered by the right one, body, headers and all', async () => {
    const [one, two] = await twoWorkers(async (request, response) => {
      let body = ''
      for await (const chunk of request) body += chunk
      response.writeHead(201, { 'x-of': 'two', 'set-cookie': ['a=1', 'b=2'] })
      response.end(`${request.method} ${request.url} ${request.headers['x-mine']} ${body}`)
    })
    const answer = await fetch(urlOf(one), { method: 'POST', body: 'hi', headers: { 'x-mine': 'yes' } })
    expect([answer.status, answer.headers.get('x-of'), answer.headers.getSetCookie()]).toEqual([
      201,
      'two',
      ['a=1', 'b=2'],
    ])
    expect(await answer.text()).toBe(`POST /poll?session=${ofTwo} yes hi`)
    expect([one.answer.mock.calls.length, two.answer.mock.calls.length]).toEqual([0, 1])
  })

  it('leaves no connection behind, and loses no answer that is faster than its question', async () => {
    const [one, two] = await twoWorkers((_, response) => response.end('at once'))
    for (let i = 0; i < 100; i++) {
      const answer = await fetch(urlOf(one), { method: 'POST', body: 'x'.repeat(i * 100) })
      expect(await answer.text()).toBe('at once')
    }
    const open = () => new Promise<number>((resolve) => two.inner().getConnections((_, count) => resolve(count)))
    await eventually(async () => expect(await open()).toBe(0))
  })

  it('keeps the address of its client, which cannot claim another', async () => {
    const [one, two] = await twoWorkers((request, response) => response.end(request.socket.remoteAddress))
    const headers = { 'X-Rollcall-Address': '6.6.6.6' }
    expect(await (await fetch(urlOf(one), { headers })).text()).toBe('127.0.0.1')
    expect(two.answer.mock.calls[0]![0].headers).not.toHaveProperty('x-rollcall-address')
  })

  it('is not passed on again by one who takes it for another’s', async () => {
    const [one] = await twoWorkers()
    // As seen by two, one of three workers, it is the third's: they must not throw it to and fro.
    const session = ownedBy('x', 2, 2)
    expect(await (await fetch(urlOf(one, session))).text()).toBe('here')
  })

  it('ends for the right one when the client goes away', async () => {
    const gone = vi.fn()
    const [one, two] = await twoWorkers((_, response) => response.on('close', gone))
    const request = requestOf(urlOf(one))
    request.on('error', () => {})
    request.end()
    await eventually(() => expect(two.answer).toHaveBeenCalledTimes(1))
    request.destroy()
    await eventually(() => expect(gone).toHaveBeenCalledTimes(1))
  })

  it('is told to come again while the right one is away, or ends before it has answered', async () => {
    const [one, two] = await twoWorkers((_, response) => response.destroy())
    expect((await fetch(urlOf(one))).status).toBe(503)
    two.relay.cleanUp()
    const answer = await fetch(urlOf(one))
    expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '1'])
  })

  it('is cut off where the right one is in the middle of the answer', async () => {
    const [one] = await twoWorkers((_, response) => {
      response.writeHead(200, { 'content-length': '10' })
      response.write('half', () => response.destroy())
    })
    await expect(fetch(urlOf(one)).then((answer) => answer.text())).rejects.toThrow()
  })

  it('with its own session, or none, stays', async () => {
    const [one, two] = await twoWorkers()
    await fetch(urlOf(one, ownedBy('session', 1, 2)))
    await fetch(`http://127.0.0.1:${one.port}/`)
    expect([one.answer.mock.calls.length, two.answer.mock.calls.length]).toEqual([2, 0])
    expect(one.relay.sessionId('abc')).toBe(ownedBy('abc', 1, 2))
  })
})

describe('an upgrade that comes to the wrong worker', () => {
  const ask = `GET /poll?session=${ofTwo} HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: echo\r\nX-Rollcall-Address: 6.6.6.6\r\n\r\n`

  it('becomes a connection to the right one, with what was sent along', async () => {
    const [one, two] = await twoWorkers()
    const socket = connect(one.port, '127.0.0.1')
    undo.push(() => socket.destroy())
    let heard = ''
    socket.setEncoding('latin1').on('data', (text: string) => (heard += text))
    socket.write(`${ask}early `)
    await eventually(() => expect(heard).toMatch(/\r\n\r\n127\.0\.0\.1 early $/))
    socket.write('later')
    await eventually(() => expect(heard).toMatch(/early later$/))
    expect([one.upgraded.mock.calls.length, two.upgraded.mock.calls.length]).toEqual([0, 1])
    const far = two.upgraded.mock.calls[0]![1]
    const closed = new Promise((resolve) => far.once('close', resolve))
    socket.destroy()
    await closed
  })

  it('is refused while the right one is away', async () => {
    const [one, two] = await twoWorkers()
    two.relay.cleanUp()
    const socket = connect(one.port, '127.0.0.1')
    socket.on('error', () => {})
    const closed = new Promise((resolve) => socket.once('close', resolve))
    socket.resume().write(ask)
    await closed
    expect(two.upgraded).not.toHaveBeenCalled()
  })
})

describe('the place where workers meet', () => {
  it('is gone with the last of them', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'rollcall-relay-'))
    const relays = [1, 2].map(
      (number) => new Relay({ folder, number, node: `w${number}-x`, workers: 2, peers: () => [] }),
    )
    for (const relay of relays) await relay.open({ attach: () => () => {} } as unknown as App)
    relays[0]!.cleanUp()
    expect(existsSync(folder)).toBe(true)
    relays[1]!.cleanUp()
    expect(existsSync(folder)).toBe(false)
    relays[1]!.cleanUp()
  })

  it('must not have too long a path', async () => {
    const folder = join(tmpdir(), 'x'.repeat(120))
    const relay = new Relay({ folder, number: 1, node: 'w1-x', workers: 2, peers: () => [] })
    await expect(relay.open({ attach: () => () => {} } as unknown as App)).rejects.toThrow(/is too long for a socket/)
    const request = { socket: {} } as IncomingMessage
    // Then all is as it would be without others.
    expect(relay.passOn(ofTwo, request, {} as ServerResponse)).toBe(false)
  })
})
