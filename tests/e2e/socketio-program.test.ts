// The small server program of the Socket.IO world, with its require line changed and a free port, as a process of its own.
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { io as connectTo, type Socket } from 'socket.io-client'
import { afterAll, afterEach, expect, test } from 'vitest'
import { type Program, root, startProgram } from '../support/program.ts'
import { until } from '../support/until.ts'

const PROGRAM = `
const io = require('@rollcall/dialects/socket.io/server')()
const util = require('util')
io.on('connection', socket => {
  console.log('client connected!', util.inspect(socket))
  socket.on('disconnect', () => console.log('client disconnected!', util.inspect(socket)))
  socket.on('message', message => { console.log('received message:', message); io.emit('message', message) })
})
io.listen(0, { pingTimeout: 2000, pingInterval: 5000 })
`

const programs: Program[] = []
const sockets: Socket[] = []
// Below the repository, so that the program finds our packages as an application would.
const cache = join(root, 'node_modules/.cache')
mkdirSync(cache, { recursive: true })
const folder = mkdtempSync(join(cache, 'program-'))

afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.disconnect()
  for (const program of programs.splice(0)) await program.stop()
})
afterAll(() => rmSync(folder, { recursive: true }))

async function start(source: string, name = 'program.cjs'): Promise<{ program: Program; url: string }> {
  const file = join(folder, name)
  writeFileSync(file, source)
  const program = await startProgram(process.execPath, /listening on (\d+)/, { args: [file] })
  programs.push(program)
  return { program, url: `http://localhost:${program.ready[1]}` }
}

const TELL = "io.httpServer.on('listening', () => console.log('listening on', io.httpServer.address().port))\n"

async function connected(url: string, transports: string[]): Promise<Socket> {
  const socket = connectTo(url, { transports })
  sockets.push(socket)
  await until(() => socket.connected, { what: 'the connection' })
  return socket
}

test.each([[['websocket']], [['polling']], [['polling', 'websocket']]])(
  'the program runs, and a client over %j gets its message back',
  async (transports) => {
    const { program, url } = await start(PROGRAM + TELL)
    const socket = await connected(url, transports)
    const got: unknown[] = []
    socket.on('message', (message) => got.push(message))
    socket.emit('message', 'hello, this is Tyr')
    await until(() => got.length === 1)
    expect(got).toEqual(['hello, this is Tyr'])
    const { id } = socket
    socket.disconnect()
    await until(() => program.output().includes('client disconnected!'))
    const output = program.output()
    expect(output).toContain(`client connected! Socket {\n  id: '${id}'`)
    expect(output).toContain('received message: hello, this is Tyr')
    expect(output).toMatch(/client disconnected! Socket \{\n {2}id: '[\w-]+',\n {2}nsp: '\/',\n {2}connected: false/)
    // No warnings, no megabytes.
    expect(output).not.toMatch(/warning/i)
    expect(output.length).toBeLessThan(2_000)
  },
)

test('its intervals are told to clients, and kept', async () => {
  const { program, url } = await start(PROGRAM.replace('pingInterval: 5000', 'pingInterval: 300') + TELL)
  const answer = await fetch(`${url}/socket.io/?EIO=4&transport=polling`)
  expect(await answer.text()).toContain('"pingInterval":300,"pingTimeout":2000')
  const socket = await connected(url, ['websocket'])
  await new Promise<void>((resolve) => socket.io.engine.once('heartbeat', resolve))
  // It does not answer any more. With the intervals of default it would be found out after 25 to 45 s.
  Object.assign(socket.io.engine.transport, { send: () => {} })
  await until(() => program.output().includes('client disconnected!'), { deadlineMs: 15_000 })
})

test('a module gets the same', async () => {
  const source = `
    import io, { Server, Namespace, Socket, BroadcastOperator, RemoteSocket } from '@rollcall/dialects/socket.io/server'
    import { createRequire } from 'node:module'
    const required = createRequire(import.meta.url)('@rollcall/dialects/socket.io/server')
    console.log(required === io, io.Server === Server, typeof Namespace, typeof Socket, typeof RemoteSocket, typeof BroadcastOperator)
    const server = new Server(0)
    server.on('connection', (socket) => socket.emit('hello', server instanceof required.Server))
    server.httpServer.on('listening', () => console.log('listening on', server.httpServer.address().port))
  `
  const { program, url } = await start(source, 'program.mjs')
  expect(program.output()).toContain('true true function function function function')
  const socket = connectTo(url, { transports: ['websocket'] })
  sockets.push(socket)
  expect(await new Promise((resolve) => socket.on('hello', resolve))).toBe(true)
})

test('the program of the guide does what it says', async () => {
  const page = readFileSync(join(root, 'docs/guide/from-socketio.md'), 'utf8')
  const [, source = ''] = /```js\n\/\/ server\.cjs\n([\s\S]*?)```/.exec(page) ?? []
  const { url } = await start(source.replace('Server(3000', 'Server(0') + TELL)
  const stranger = connectTo(url, { transports: ['websocket'] })
  sockets.push(stranger)
  const refused = await new Promise<Error>((resolve) => stranger.on('connect_error', resolve))
  expect(refused.message).toBe('who are you?')
  // One after the other: who is there is told in the order in which they came.
  const come = async (name: string): Promise<Socket> => {
    const socket = connectTo(url, { transports: ['websocket'], auth: { name } })
    sockets.push(socket)
    await until(() => socket.connected)
    return socket
  }
  const tyr = await come('Tyr')
  const eve = await come('Eve')
  expect(await tyr.timeout(10_000).emitWithAck('message', 'hi')).toBe('heard')
  expect(await eve.timeout(10_000).emitWithAck('who')).toEqual(['Tyr', 'Eve'])
  // Who comes later is told what was said.
  const bob = connectTo(url, { transports: ['websocket'], auth: { name: 'Bob' } })
  sockets.push(bob)
  const told = await new Promise((resolve) => bob.on('message', resolve))
  expect(told).toEqual({ name: 'Tyr', text: 'hi' })
})

test('a port that is taken ends it in words', async () => {
  const { url } = await start(PROGRAM + TELL)
  const { port } = new URL(url)
  const source = `${PROGRAM.replace('listen(0', `listen(${port}`)}\nconsole.log('waits')`
  const file = join(folder, 'second.cjs')
  writeFileSync(file, source)
  const second = await startProgram(process.execPath, /waits/, { args: [file] })
  programs.push(second)
  expect((await second.exited).code).toBe(1)
  expect(second.output()).toContain('EADDRINUSE')
})

test('closing it lets the process end by itself, whatever its clients do', async () => {
  const source = `${PROGRAM}${TELL}
io.of('/').on('connection', () => { if (io.engine.clientsCount === 2) setTimeout(() => io.close(), 50) })
`
  const { program, url } = await start(source)
  await connected(url, ['websocket'])
  const polling = connectTo(url, { transports: ['polling'], reconnection: false })
  sockets.push(polling)
  expect(await program.exited).toEqual({ code: 0, signal: null })
})
