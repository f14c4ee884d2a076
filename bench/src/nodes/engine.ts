import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { connect, createServer } from 'node:net'

/** What nodes meet at. */
export interface Engine {
  readonly url: string
  readonly version: string
}

const PATIENCE_MS = 10_000

/** Starts a nats-server with JetStream, its files in a folder. It ends with this process. */
export async function startNats(folder: string): Promise<Engine> {
  const port = await freePort()
  await start('nats-server', ['-a', '127.0.0.1', '-p', String(port), '-js', '-sd', folder], port)
  return { url: `nats://127.0.0.1:${port}`, version: await versionOf('nats-server', /v([\d.]+)/) }
}

/** Starts a redis-server that keeps nothing on disk. It ends with this process. */
export async function startRedis(folder: string): Promise<Engine> {
  const port = await freePort()
  const args = ['--bind', '127.0.0.1', '--port', String(port), '--save', '', '--appendonly', 'no', '--dir', folder]
  await start('redis-server', args, port)
  return { url: `redis://127.0.0.1:${port}`, version: await versionOf('redis-server', /v=([\d.]+)/) }
}

async function start(command: string, args: readonly string[], port: number): Promise<void> {
  const child = spawn(command, args, { stdio: 'ignore' })
  process.on('exit', () => child.kill('SIGKILL'))
  let failure: string | null = null
  child.once('error', () => {
    failure = `${command} is missing: apt-get install ${command}`
  })
  child.once('exit', (code) => {
    failure ??= `${command} ended with ${code}`
  })
  for (const deadline = performance.now() + PATIENCE_MS; !(await answers(port)); ) {
    if (failure !== null || performance.now() > deadline) throw new Error(failure ?? `${command} does not listen`)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', () => resolve(false))
  })
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() => resolve(typeof address === 'object' && address ? address.port : 0))
    })
  })
}

async function versionOf(command: string, pattern: RegExp): Promise<string> {
  const child = spawn(command, ['--version'], { stdio: ['ignore', 'pipe', 'ignore'] })
  let text = ''
  child.stdout.setEncoding('utf8').on('data', (part: string) => {
    text += part
  })
  await once(child, 'close')
  return pattern.exec(text)?.[1] ?? 'unknown'
}
