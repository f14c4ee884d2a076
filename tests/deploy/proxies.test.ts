import { get } from 'node:http'
import { describe, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import { until } from '../support/until.ts'
import { missingOpenssl } from './certificate.ts'
import { kinds, missing } from './proxy.ts'
import { stage } from './stage.ts'

/** The status that a handshake from a page of this origin gets. */
function handshake(url: string, cert: string, origin: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(url.replace('http', 'ws'), ['rollcall.v1'], { ca: cert, family: 4, origin })
    socket.once('open', () => {
      socket.close()
      resolve(101)
    })
    socket.once('unexpected-response', (request, { statusCode = 0 }) => {
      request.destroy()
      resolve(statusCode)
    })
    socket.once('error', reject)
  })
}

describe.each(kinds)('behind $name, as docs/deploy has it,', (kind) => {
  const why = missing(kind) ?? missingOpenssl
  const test = it.skipIf(why)
  if (why) it.skip(`nothing is tried: ${why}`)

  test('native clients talk over TLS, and see each other', async () => {
    const { native } = await stage(kind)
    const [one, two] = [native().client, native().client]
    const heard: string[] = []
    const rooms = [one, two].map((client, i) => client.join('room:lobby', { presence: { name: `n${i}` } }))
    rooms[1]!.on('message', (text) => void heard.push(text))
    await until(() => rooms.every(({ presence }) => presence.members().length === 2))
    await rooms[0]!.send('message', 'hi')
    await until(() => heard.length === 1)
    expect(heard).toEqual(['hi'])
  })

  test.each(['polling', 'upgraded'] as const)('clients of Socket.IO talk, %s', async (way) => {
    const { socketIo, native } = await stage(kind)
    const room = native().client.join('room:lobby')
    const heard: string[] = []
    room.on('message', (text) => void heard.push(text))
    await until(() => room.state.kind === 'joined')
    const socket = await socketIo(way)
    const got: unknown[] = []
    socket.on('message', (text: unknown) => void got.push(text))
    for (const text of ['one', 'two', 'three']) await socket.timeout(15_000).emitWithAck('message', text)
    await until(() => heard.length === 3 && got.length === 3)
    expect([heard, got]).toEqual([
      ['one', 'two', 'three'],
      ['one', 'two', 'three'],
    ])
    expect(socket.io.engine.transport.name).toBe(way === 'polling' ? 'polling' : 'websocket')
  })

  test('whoever comes without TLS is sent to it', async () => {
    const { proxy } = await stage(kind)
    const answer = await new Promise<[number | undefined, string | undefined]>((resolve, reject) => {
      const headers = { host: 'localhost' }
      get({ host: '127.0.0.1', port: proxy.plan.httpPort, path: '/rollcall?a=1', headers }, (response) => {
        response.resume()
        resolve([response.statusCode, response.headers.location])
      }).once('error', reject)
    })
    expect(answer[0]).toBeOneOf([301, 308])
    expect(answer[1]).toMatch(/^https:\/\/localhost(:\d+)?\/rollcall\?a=1$/)
  })

  test('a client’s address is where it comes from, whatever it claims', async () => {
    const { native, socketIo } = await stage(kind)
    const spoofs = ['203.0.113.7', '203.0.113.7, 198.51.100.9', '']
    const addresses: string[] = []
    for (const [i, spoof] of spoofs.entries()) {
      const coming = { from: `127.0.0.${i + 2}`, headers: { 'X-Forwarded-For': spoof, 'X-Real-IP': '203.0.113.8' } }
      addresses.push(await native(coming).client.join('room:lobby').call('whence', null))
      addresses.push(await (await socketIo('polling', coming)).timeout(15_000).emitWithAck('whence', null))
    }
    expect(addresses).toEqual(['127.0.0.2', '127.0.0.2', '127.0.0.3', '127.0.0.3', '127.0.0.4', '127.0.0.4'])
  })

  test('pages of the same host are let in, those of others are not', async () => {
    const { proxy, certificate } = await stage(kind)
    const { port } = new URL(proxy.url)
    const origins = [
      proxy.url,
      'https://evil.example',
      `https://localhost.evil.example:${port}`,
      'https://localhost',
      'null',
    ]
    const statuses: number[] = []
    for (const origin of origins) statuses.push(await handshake(`${proxy.url}/rollcall`, certificate.cert, origin))
    expect(statuses).toEqual([101, 403, 403, 403, 403])
  })

  test('clients that have nothing to say stay', async () => {
    const { native, socketIo, apps } = await stage(kind, { pingMs: 500, ...(kind.endsSilence && { silence: '4s' }) })
    const quiet = native()
    const room = quiet.client.join('room:lobby')
    const heard: string[] = []
    room.on('message', (text) => void heard.push(text))
    const socket = await socketIo('upgraded')
    const { id } = socket
    // One a second, as the server looks: more than twice as long as silence may last.
    await until(() => quiet.pings >= 9)
    await apps[0]!.channel('room:lobby').emit('message', 'still here?')
    await until(() => heard.length === 1)
    expect([quiet.opened, heard, socket.connected, socket.id === id]).toEqual([1, ['still here?'], true, true])
  })

  if (kind.endsSilence)
    test('and would not if nobody pinged them', async () => {
      const { native } = await stage(kind, { silence: '1s' })
      const quiet = native()
      quiet.client.join('room:lobby')
      await until(() => quiet.opened > 1)
      expect(quiet.pings).toBe(0)
    })

  test('nothing is missed while it is reloaded, and started again', async () => {
    const { native, proxy, apps } = await stage(kind)
    const wire = native()
    const room = wire.client.join('room:lobby')
    const heard: string[] = []
    const gaps: string[] = []
    room.on('message', (text) => void heard.push(text))
    room.onGap(({ reason }) => void gaps.push(reason))
    await until(() => room.state.kind === 'joined')

    const said: string[] = []
    const more = () => {
      const count = said.length + 20
      return until(() => heard.length >= count)
    }
    const speaker = setInterval(() => {
      const text = String(said.length)
      said.push(text)
      apps[0]!
        .channel('room:lobby')
        .emit('message', text)
        .catch((error: unknown) => gaps.push(String(error)))
    }, 2)
    try {
      await more()
      await proxy.reload()
      await more()
      await proxy.restart()
      await until(() => wire.opened > 1)
      await more()
    } finally {
      clearInterval(speaker)
    }
    await until(() => heard.length >= said.length)
    expect([heard, gaps]).toEqual([said, []])
    const other = native().client.join('room:lobby')
    await other.send('message', 'and all others can come')
  })
})
