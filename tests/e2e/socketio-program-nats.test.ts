import { once } from 'node:events'
import type { Server as HttpServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Server } from '@rollcall/dialects/socket.io/server'
import { natsBroker } from '@rollcall/nats'
import { io as connectTo, type Socket } from 'socket.io-client'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { missingNats, startNats, type TestNats } from '../support/nats.ts'
import { until } from '../support/until.ts'

describe.skipIf(missingNats)('a program of the server API of Socket.IO, three times on NATS', () => {
  let nats: TestNats
  const servers: Server[] = []
  const sockets: Socket[] = []
  const errors: string[] = []

  beforeAll(async () => {
    nats = await startNats()
    for (const node of ['a', 'b', 'c']) {
      const broker = await natsBroker({ node, prefix: 'test.program', servers: nats.url })
      const io = new Server({ broker, onError: (what, error) => void errors.push(`${what}: ${String(error)}`) })
      io.on('connection', (socket) => {
        void socket.join('room')
        socket.on('say', (text) => io.to('room').emit('heard', text))
      })
      io.on('count', (answer: (n: number) => void) => answer(io.sockets.sockets.size))
      io.listen(0)
      const http = io.httpServer as HttpServer
      if (!http.listening) await once(http, 'listening')
      const socket = connectTo(`http://localhost:${(http.address() as AddressInfo).port}`, {
        transports: ['websocket'],
      })
      servers.push(io)
      sockets.push(socket)
      await until(() => socket.connected)
    }
    for (const io of servers) await until(async () => (await io.fetchSockets()).length === 3)
  })

  afterAll(async () => {
    for (const socket of sockets) socket.disconnect()
    for (const io of servers) await io.close()
    await nats.dispose()
    expect(errors).toEqual([])
  })

  test('is one to its clients', async () => {
    const [io] = servers as [Server]
    const heard: unknown[] = []
    for (const socket of sockets) socket.on('heard', (text) => heard.push(text))
    for (let n = 0; n < 100; n++) sockets[n % 3]?.emit('say', n)
    await until(() => heard.length === 300)
    expect(new Set(heard).size).toBe(100)
    for (const [n, socket] of sockets.entries()) socket.on('q', (bytes, answer) => answer({ n, bytes }))
    const answers = (await io.timeout(10_000).emitWithAck('q', Buffer.from('x'))) as { n: number; bytes: Buffer }[]
    expect(answers.map(({ n, bytes }) => `${n}${bytes}`).sort()).toEqual(['0x', '1x', '2x'])
    expect(await io.serverSideEmitWithAck('count')).toEqual([1, 1])
    const all = await io.in('room').fetchSockets()
    expect(all.map(({ id }) => id).sort()).toEqual(sockets.map(({ id }) => id).sort())
  })

  test('goes on with what is left', async () => {
    const [io] = servers as [Server]
    await servers[2]?.close()
    sockets[2]?.disconnect()
    expect(await io.timeout(10_000).emitWithAck('q', Buffer.from('x'))).toHaveLength(2)
    io.disconnectSockets()
    await until(() => sockets.every(({ connected }) => !connected))
  })
})
