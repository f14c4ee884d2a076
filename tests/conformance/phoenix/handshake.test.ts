import { once } from 'node:events'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { until } from '../../support/until.ts'
import { dial, open, request, upgrade } from './raw.ts'
import { type Room, room } from './room.ts'

let server: Room
// One for each test: connections of the test before would be counted with its own.
beforeEach(async () => {
  server = await room()
})
afterEach(() => server.close())

const statusOf = (answer: string) => Number(answer.split(' ')[1])
const bodyOf = (answer: string) => answer.slice(answer.indexOf('\r\n\r\n') + 4)
const ask = (target: string, headers?: Readonly<Record<string, string>>, method?: string) =>
  request(server.port, upgrade(target, headers, method), (answer) => answer.startsWith('HTTP/1.1 101'))
const SOCKET = '/socket/websocket?vsn=2.0.0'

describe('an upgrade', () => {
  test.each([
    ['/socket/websocket', 1],
    ['/socket/websocket?vsn=1.0.0', 1],
    ['/socket/websocket?vsn=2.0.0', 2],
    ['/socket/websocket?a[b]=c&vsn=2.0.0', 2],
  ])('to %s is of protocol %i', async (target, version) => {
    const client = new WebSocket(`ws://localhost:${server.port}${target}`)
    await once(client, 'open')
    const heard = once(client, 'message')
    client.send(
      version === 1
        ? '{"topic":"phoenix","event":"heartbeat","payload":{},"ref":"1"}'
        : '[null,"1","phoenix","heartbeat",{}]',
    )
    const [reply] = (await heard) as [Buffer]
    expect(reply.toString()).toBe(
      version === 1
        ? '{"topic":"phoenix","event":"phx_reply","payload":{"status":"ok","response":{}},"ref":"1"}'
        : '[null,"1","phoenix","phx_reply",{"status":"ok","response":{}}]',
    )
    client.terminate()
  })

  test('negotiates no extension and no subprotocol that was not offered', async () => {
    const answer = await ask(SOCKET, { 'Sec-WebSocket-Extensions': 'permessage-deflate' })
    expect(statusOf(answer)).toBe(101)
    expect(answer).toContain('Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=')
    expect(answer.toLowerCase()).not.toMatch(/sec-websocket-(protocol|extensions)/)
  })

  test.each([
    ['of another version', '/socket/websocket?vsn=3.0.0', {}],
    ['of a version that is no text', '/socket/websocket?vsn[]=2.0.0', {}],
    ['that the application refuses', '/socket/websocket?vsn=2.0.0&user=nobody', {}],
    ['with another subprotocol', SOCKET, { 'Sec-WebSocket-Protocol': 'graphql-ws' }],
    ['with a token that is no base64', SOCKET, { 'Sec-WebSocket-Protocol': 'phoenix, base64url.bearer.phx.!' }],
    ['with parameters nested too deep', `/socket/websocket?vsn=2.0.0&a${'[b]'.repeat(100)}=1`, {}],
  ])('%s is answered with 403 and an empty body', async (_, target, headers) => {
    const answer = await ask(target, headers)
    expect([statusOf(answer), bodyOf(answer)]).toEqual([403, ''])
  })

  test.each([
    ['http://evil.example', 403],
    ['null', 403],
    ['http://localhost.evil.example', 403],
    ['http://localhost', 101],
  ])('from the page %s is answered with %i', async (origin, status) => {
    expect(statusOf(await ask(SOCKET, { Origin: origin }))).toBe(status)
  })

  test.each([
    ['busy=1', 503, 'retry-after: 3'],
    ['fail=1', 500, ''],
  ])('that cannot be judged now, %s, is answered with %i', async (query, status, header) => {
    const answer = await ask(`${SOCKET}&${query}`)
    expect([statusOf(answer), bodyOf(answer)]).toEqual([status, ''])
    expect(answer.toLowerCase()).toContain(header)
    expect(answer).not.toContain('secret')
  })

  test.each(['POST', 'PUT', 'HEAD'])('with %s is answered with 400', async (method) => {
    expect(statusOf(await ask(SOCKET, {}, method))).toBe(400)
  })

  test('that is none is answered with 400 and what is missing', async () => {
    for (const method of ['GET', 'POST', 'DELETE']) {
      const response = await fetch(`${server.url}${SOCKET}`, { method })
      expect([response.status, await response.text()]).toEqual([
        400,
        `'connection' header must contain 'upgrade', got ["keep-alive"]`,
      ])
    }
  })

  test('whose client is gone before it is judged costs nothing', async () => {
    for (let i = 0; i < 50; i++) {
      const socket = await dial(server.port)
      socket.write(upgrade(SOCKET).replaceAll('\n', '\r\n'), () => socket.destroy())
    }
    await until(() => server.credentials.length > 0)
    await until(() => [...server.app.connections()].length === 0)
    await server.close()
    expect(server.errors).toEqual([])
  })
})

describe('credentials', () => {
  test('are the parameters', async () => {
    const client = await open(server.port, 'user=tyr&a[b]=c&vsn=2.0.0')
    expect(JSON.stringify(server.credentials)).toBe('[{"user":"tyr","a":{"b":"c"}}]')
    const [connection] = [...server.app.connections()]
    expect([connection?.user, connection?.dialect]).toEqual([{ id: 'tyr' }, 'phoenix'])
    client.lose()
    await until(() => [...server.app.connections()].length === 0)
  })

  test.each([
    ['standard base64', 'Pz8/Pj4+'],
    ['base64 for URLs', 'Pz8_Pj4-'],
  ])('have the token of the subprotocol, in %s', async (_, token) => {
    const answer = await ask(`${SOCKET}&user=tyr`, {
      'Sec-WebSocket-Protocol': `phoenix, base64url.bearer.phx.${token}`,
    })
    expect(statusOf(answer)).toBe(101)
    expect(answer).toContain('\r\nSec-WebSocket-Protocol: phoenix\r\n')
    expect(JSON.stringify(server.credentials)).toBe('[{"user":"tyr","token":"???>>>"}]')
  })

  test('named __proto__ are as any others', async () => {
    await ask(`${SOCKET}&__proto__[user]=nobody&constructor=1`)
    expect(JSON.stringify(server.credentials)).toBe('[{"__proto__":{"user":"nobody"},"constructor":"1"}]')
    expect(({} as { user?: string }).user).toBeUndefined()
  })
})

test('a server that stops refuses whom it has not judged yet', async () => {
  let decide: (user: { id: string }) => void = () => {}
  const slow = await room({}, { authenticate: () => new Promise((resolve) => (decide = resolve)) })
  const answer = request(slow.port, upgrade(SOCKET))
  await until(() => decide.name !== 'decide')
  const closing = slow.close()
  decide({ id: 'tyr' })
  expect(statusOf(await answer)).toBe(503)
  await closing
})

test('an application that never decides is not waited for', async () => {
  const slow = await room({}, { authenticate: () => new Promise(() => {}), limits: { helloMs: 100 } })
  expect(statusOf(await request(slow.port, upgrade(SOCKET)))).toBe(503)
  await slow.close()
})
