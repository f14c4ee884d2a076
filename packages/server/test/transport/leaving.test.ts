import { once } from 'node:events'
import { createServer } from 'node:http'
import { type AddressInfo, connect, type Socket } from 'node:net'
import { channel, contract } from '@rollcall/core'
import { afterEach, describe, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { z } from 'zod'
import { allow, type Limits, rollcall } from '../../src/index.ts'

const closing: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close()
})

const [TEXT, CLOSE, PING, RESERVED] = [0x81, 0x88, 0x89, 0xf1]
const MIB = 1_048_576
// Small ones are worth nothing after far fewer bytes.
const SMALL = 300_000

/** A frame under a mask of zeros. */
function frame(head: number, payload: string): Buffer {
  const body = Buffer.from(payload)
  return Buffer.concat([Buffer.of(head, 0x80 | body.length, 0, 0, 0, 0), body])
}

async function stage(limits: Partial<Limits>) {
  const app = rollcall(
    contract({ room: channel({ send: { message: z.string() } }) }),
    { room: { join: () => allow(), message: () => {} } },
    { limits },
  )
  const server = createServer()
  app.attach(server)
  const sockets: Socket[] = []
  server.on('connection', (socket) => void sockets.push(socket))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  closing.push(
    () => server.close(),
    () => app.close({ timeoutMs: 200 }),
  )
  const putOut = async () => {
    for (const { id } of app.connections()) expect(await app.disconnect({ connection: id }, 'go')).toBe(1)
  }
  return { putOut, sockets, port: (server.address() as AddressInfo).port }
}

/** Somebody who has said hello, and does not care what is answered. */
async function stubborn(port: number): Promise<Socket> {
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true }).on('error', () => {})
  closing.push(() => socket.destroy())
  socket.write(
    'GET /rollcall HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n' +
      'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: rollcall.v1\r\n\r\n',
  )
  await once(socket, 'data')
  socket.write(frame(TEXT, '["hello",{}]'))
  await once(socket, 'data')
  socket.resume()
  return socket
}

/** Somebody who has said hello, and closes as the RFC says. */
async function orderly(port: number): Promise<WebSocket> {
  const client = new WebSocket(`ws://127.0.0.1:${port}/rollcall`, ['rollcall.v1'])
  closing.push(() => client.terminate())
  await once(client, 'open')
  client.send('["hello",{}]')
  await once(client, 'message')
  return client
}

describe('who has been told to go and sends on', () => {
  const flood = (head: number, payload: string) =>
    Buffer.concat(Array.from({ length: 4_096 }, () => frame(head, payload)))
  const message = '["send",1,"room","message","!"]'

  test.each([
    ['messages, put out by the app', null, flood(TEXT, message), SMALL],
    ['pings, put out by the app', null, flood(PING, ''), SMALL],
    ['messages, put out as too fast', flood(TEXT, message), flood(TEXT, message), SMALL],
    ['pings, put out as too many', flood(PING, ''), flood(PING, ''), SMALL],
    ['anything, behind a frame that is none', frame(RESERVED, ''), Buffer.alloc(65_536, 1), MIB],
    ['anything, behind its own close', frame(CLOSE, ''), Buffer.alloc(65_536, 1), MIB],
  ])('%s: is read for a little, and cut', async (_, offence, chunk, most) => {
    const { putOut, sockets, port } = await stage({ closeMs: 500, strikes: 10 })
    const socket = await stubborn(port)
    const [there] = sockets as [Socket]
    if (offence) socket.write(offence)
    else await putOut()
    const pour = setInterval(() => {
      for (let i = 0; i < 64 && socket.writableLength < 4 * MIB; i++) socket.write(chunk)
    })
    await once(there, 'close')
    clearInterval(pour)
    expect(socket.bytesWritten + socket.writableLength).toBeGreaterThan(2 * MIB)
    expect(there.bytesRead).toBeLessThan(most)
  })

  test('a few hundred messages that were under way are no reason: its close is heard', async () => {
    const { putOut, sockets, port } = await stage({ closeMs: 60_000, bytesPerSecond: 1e9, messageBurst: 10_000 })
    const client = await orderly(port)
    const [there] = sockets as [Socket]
    const gone = once(there, 'close')
    await putOut()
    for (let i = 0; i < 900; i++) client.send(message)
    expect((await once(client, 'close'))[0]).toBe(4403)
    await gone
  })

  test('nor is that it was read more slowly', async () => {
    const { putOut, sockets, port } = await stage({ closeMs: 60_000, bytesPerSecond: 1_000, messageBurst: 10_000 })
    const client = await orderly(port)
    const [there] = sockets as [Socket]
    for (let i = 0; i < 100; i++) client.send(message)
    await once(there, 'pause')
    await putOut()
    await Promise.all([once(client, 'close'), once(there, 'close')])
  })
})
