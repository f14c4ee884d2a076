import { connect } from 'node:http2'
import type { Socket } from 'socket.io-client'
import { describe, expect, it } from 'vitest'
import { until } from '../support/until.ts'
import { missingOpenssl } from './certificate.ts'
import { kinds, missing } from './proxy.ts'
import { stage } from './stage.ts'

/** So many that by no chance worth a thought all addresses lead to one node: where that depends on ports, too, it is a toss. */
const COUNT = 22

describe.each(kinds)('behind $name with a second node, which does not know the first,', (kind) => {
  const why = missing(kind) ?? missingOpenssl
  const test = it.skipIf(why)
  if (why) it.skip(`nothing is tried: ${why}`)

  test('clients that poll stay with theirs, and go to the other when it ends', async () => {
    const { apps, socketIo } = await stage(kind, { nodes: 2 })
    const sockets: Socket[] = []
    for (let i = 0; i < COUNT; i++) {
      const socket = await socketIo(i % 2 === 0 ? 'polling' : 'upgraded', { from: `127.0.${i}.${i * 7 + 2}` })
      for (const text of ['a', 'b', 'c']) await socket.timeout(15_000).emitWithAck('message', text)
      sockets.push(socket)
    }
    // A poll that came to the other one would have been the end of its session.
    const at = apps.map((app) => app.stats().connections)
    expect(at[0]! + at[1]!).toBe(COUNT)
    expect(at.every((count) => count >= 1)).toBe(true)

    await apps[0]!.close({ timeoutMs: 200, drainMs: 0, retryAfterMs: 10, spreadMs: 50 })
    await until(() => apps[1]!.stats().connections === COUNT, { what: 'all at the second', deadlineMs: 40_000 })
    await until(() => sockets.every(({ connected }) => connected))
    for (const socket of sockets) await socket.timeout(15_000).emitWithAck('message', 'd')
  })
})

describe('a WebSocket inside HTTP/2, as browsers have it where a server offers it', () => {
  const kind = kinds.find(({ name }) => name === 'haproxy')!
  const why = missing(kind) ?? missingOpenssl

  it.skipIf(why)(why ? `is not tried: ${why}` : 'comes through HAProxy as one of HTTP/1.1', async () => {
    const { proxy, certificate, apps } = await stage(kind)
    const url = proxy.url.replace('localhost', '127.0.0.1')
    const session = connect(url, { ca: certificate.cert })
    session.on('error', () => {})
    try {
      await until(() => session.remoteSettings?.enableConnectProtocol, { what: 'the offer of HAProxy' })
      const stream = session.request({
        ':method': 'CONNECT',
        ':protocol': 'websocket',
        ':path': '/rollcall',
        origin: url,
        'sec-websocket-version': '13',
        'sec-websocket-protocol': 'rollcall.v1',
      })
      stream.on('error', () => {})
      const status = await new Promise((resolve) => stream.once('response', (headers) => resolve(headers[':status'])))
      expect(status).toBe(200)
      await until(() => [...apps[0]!.connections()].length === 1)
    } finally {
      session.destroy()
    }
  })
})
