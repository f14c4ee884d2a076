import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import { type AddressInfo, connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect as connectTls } from 'node:tls'
import { expect, test } from 'vitest'
import { boundHalfOpen } from '../../src/http/half-open.ts'
import { eventually } from '../support/eventually.ts'
import { afterwards } from './support.ts'

const nobody = () => false

async function listening(
  server: Server,
  perAddress: number,
  exempt?: (address: string) => boolean,
  total = 1_000,
): Promise<number> {
  const undo = boundHalfOpen(server, { perAddress, total, ...(exempt && { exempt }) })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  afterwards(async () => {
    undo()
    server.closeAllConnections()
    server.close()
  })
  return (server.address() as AddressInfo).port
}

/** Sockets, and how many of them are still there. */
async function knock(port: number, count: number) {
  const sockets: Socket[] = []
  for (let i = 0; i < count; i++) {
    const socket = connect(port, '127.0.0.1')
    socket.on('error', () => {})
    sockets.push(socket)
  }
  afterwards(async () => {
    for (const socket of sockets) socket.destroy()
  })
  await Promise.all(sockets.map((socket) => once(socket, 'connect').catch(() => {})))
  return { sockets, left: () => sockets.filter((socket) => !socket.closed).length }
}

const ok = () => createServer((_, response) => response.end('ok'))

test('sockets of an address that ask for nothing are cut beyond the limit', async () => {
  const port = await listening(ok(), 3, nobody)
  const { left } = await knock(port, 4)
  await eventually(() => expect(left()).toBe(3))
})

test('those of all addresses together are cut beyond the total', async () => {
  const port = await listening(ok(), 3, nobody, 5)
  const from = (address: string) => {
    const socket = connect({ port, host: '127.0.0.1', localAddress: address })
    socket.on('error', () => {})
    afterwards(async () => void socket.destroy())
    return socket
  }
  const sockets = ['127.0.0.2', '127.0.0.3', '127.0.0.4', '127.0.0.5', '127.0.0.6', '127.0.0.7'].map(from)
  await eventually(() => expect(sockets.filter((socket) => !socket.closed)).toHaveLength(5))
  const last = sockets.find((socket) => !socket.closed)
  last?.destroy()
  // A place is free again.
  await eventually(async () => {
    const another = from('127.0.0.8')
    another.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n')
    const answered = once(another, 'data').then(String, () => '')
    const cut = once(another, 'close').then(() => '')
    expect(await Promise.race([answered, cut])).toContain('200 OK')
  })
})

test('who has asked for something is not counted any more, nor who is gone', async () => {
  const server = ok()
  const ends: Promise<unknown>[] = []
  server.on('connection', (socket) => ends.push(once(socket, 'close')))
  const port = await listening(server, 3, nobody)
  const first = await knock(port, 3)
  first.sockets[0]!.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n')
  await once(first.sockets[0]!, 'data')
  first.sockets[1]!.destroy()
  // It is gone when the server knows.
  await Promise.race(ends)
  const second = await knock(port, 3)
  await eventually(() => expect(second.left()).toBe(2))
})

test('a header that trickles in is not asking yet', async () => {
  const port = await listening(ok(), 3, nobody)
  const first = await knock(port, 3)
  for (const socket of first.sockets) socket.write('GET / HTTP/1.1\r\nHost: x\r\nx-slow: ')
  const second = await knock(port, 1)
  await eventually(() => expect([first.left(), second.left()]).toEqual([3, 0]))
})

test('this machine’s own are not counted', async () => {
  const port = await listening(ok(), 3)
  const { left, sockets } = await knock(port, 10)
  sockets[9]!.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n')
  await once(sockets[9]!, 'data')
  expect(left()).toBe(10)
})

test('over TLS who has asked is not counted either', async ({ skip }) => {
  const folder = mkdtempSync(join(tmpdir(), 'rollcall-tls-'))
  afterwards(async () => rmSync(folder, { recursive: true }))
  const [keyFile, certFile] = [join(folder, 'key.pem'), join(folder, 'cert.pem')]
  const args = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '1']
  try {
    execFileSync('openssl', [...args, '-subj', '/CN=localhost', '-keyout', keyFile, '-out', certFile], {
      stdio: 'ignore',
    })
  } catch {
    skip('openssl is missing, which makes the certificate')
  }
  const server = createTlsServer({ key: readFileSync(keyFile), cert: readFileSync(certFile) }, (_, response) =>
    response.end('ok'),
  )
  const port = await listening(server, 2, nobody)
  // More at a time than may be half open, one after another.
  for (let i = 0; i < 5; i++) {
    const socket = connectTls({ port, host: '127.0.0.1', rejectUnauthorized: false })
    socket.on('error', () => {})
    afterwards(async () => socket.destroy())
    await once(socket, 'secureConnect')
    socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n')
    expect(String((await once(socket, 'data'))[0])).toContain('200 OK')
  }
})
