import { once } from 'node:events'
import { createServer } from 'node:http'
import { connect, type Socket } from 'node:net'
import { expect, test } from 'vitest'
import { afterwards, serve } from './support.ts'

/** Asks for a WebSocket, and answers the status line. */
async function upgrade(port: number, path: string): Promise<string> {
  const socket: Socket = connect(port, '127.0.0.1')
  const key = Buffer.from('the sample nonce').toString('base64')
  socket.write(
    `GET ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
      `Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${key}\r\nSec-WebSocket-Protocol: rollcall.v1\r\n\r\n`,
  )
  const [bytes] = await once(socket, 'data')
  socket.destroy()
  return String(bytes).split('\r\n')[0] ?? ''
}

test('an upgrade at a path of nobody is refused, on a server of our own', async () => {
  const { url } = await serve()
  const port = Number(new URL(url).port)
  expect(await upgrade(port, '/rollcall')).toBe('HTTP/1.1 101 Switching Protocols')
  expect(await upgrade(port, '/nowhere')).toBe('HTTP/1.1 404 Not Found')
})

test('on a shared one it is left to whoever listens, and refused where nobody does', async () => {
  const { app } = await serve()
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  afterwards(async () => server.close())
  const { port } = server.address() as { port: number }
  app.attach(server)
  expect(await upgrade(port, '/nowhere')).toBe('HTTP/1.1 404 Not Found')
  server.on('upgrade', ({ url }, socket) => {
    if (url === '/nowhere') socket.end('HTTP/1.1 418 Theirs\r\n\r\n')
  })
  expect(await upgrade(port, '/nowhere')).toBe('HTTP/1.1 418 Theirs')
  expect(await upgrade(port, '/rollcall')).toBe('HTTP/1.1 101 Switching Protocols')
})

test('requests of a shared server are left to whoever comes to listen later', async () => {
  const { app } = await serve()
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  afterwards(async () => server.close())
  const { port } = server.address() as { port: number }
  app.attach(server)
  expect((await fetch(`http://127.0.0.1:${port}/nowhere`)).status).toBe(404)
  server.on('request', (_, response) => response.writeHead(418).end())
  expect((await fetch(`http://127.0.0.1:${port}/nowhere`)).status).toBe(418)
})
