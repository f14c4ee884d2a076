import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { locate } from '../../scripts/provide.mjs'
import { until } from '../support/until.ts'
import type { Certificate } from './certificate.ts'
import { shipped, substitute } from './substitute.ts'

/** What a proxy is to be run with. */
export interface Plan {
  /** Its files. */
  readonly folder: string
  readonly certificate: Certificate
  /** The ports of the nodes behind it. */
  readonly nodes: readonly number[]
  readonly httpPort: number
  readonly httpsPort: number
  /** A port for whatever else it opens. */
  readonly adminPort: number
  /** After how much silence it ends a WebSocket, instead of the 90 s of its configuration. */
  readonly silence?: string
}

/** A proxy that a configuration of docs/deploy is for. */
export interface Kind {
  readonly name: 'nginx' | 'caddy' | 'haproxy'
  readonly file: string
  /** Whether it ends silent WebSockets at all. */
  readonly endsSilence: boolean
  /** The shipped file, with other ports, paths and sizes. */
  configuration(plan: Plan): string
  readonly args: (file: string) => readonly string[]
  reload(started: Started): Promise<unknown>
}

const asRoot = process.getuid?.() === 0
const run = promisify(execFile)

const nginx: Kind = {
  name: 'nginx',
  file: 'nginx.conf',
  endsSilence: true,
  configuration: ({ folder, certificate, nodes, httpPort, httpsPort, silence }) =>
    substitute(shipped('nginx.conf'), {
      '/run/nginx.pid': join(folder, 'nginx.pid'),
      '/var/log/nginx/error.log': join(folder, 'error.log'),
      '/var/log/nginx/access.log': join(folder, 'access.log'),
      'worker_processes auto': 'worker_processes 1',
      'worker_rlimit_nofile 210000': 'worker_rlimit_nofile 4000',
      'worker_connections 200000': 'worker_connections 2000',
      'listen 80;\n        server_name chat.example.com': `listen 127.0.0.1:${httpPort};\n        server_name localhost`,
      'listen 443 ssl http2;\n        server_name chat.example.com': `listen 127.0.0.1:${httpsPort} ssl http2;\n        server_name localhost`,
      '/etc/ssl/rollcall/fullchain.pem': certificate.certFile,
      '/etc/ssl/rollcall/privkey.pem': certificate.keyFile,
      'server 127.0.0.1:8210;': nodes.map((port) => `server 127.0.0.1:${port};`).join('\n'),
      ...(silence && {
        'proxy_read_timeout 90s': `proxy_read_timeout ${silence}`,
        'proxy_send_timeout 90s': `proxy_send_timeout ${silence}`,
      }),
    }),
  args: (file) => ['-c', file, '-g', 'daemon off;'],
  reload: ({ child }) => renewed(child, 'SIGHUP'),
}

const caddy: Kind = {
  name: 'caddy',
  file: 'Caddyfile',
  endsSilence: false,
  configuration: ({ certificate, nodes, httpPort, httpsPort, adminPort }) =>
    substitute(shipped('Caddyfile'), {
      'admin localhost:2019': `admin localhost:${adminPort}`,
      'http_port 80': `http_port ${httpPort}`,
      'https_port 443': `https_port ${httpsPort}`,
      'chat.example.com {': 'localhost {',
      '# tls /etc/ssl/rollcall/fullchain.pem /etc/ssl/rollcall/privkey.pem': `tls ${certificate.certFile} ${certificate.keyFile}`,
      'reverse_proxy 127.0.0.1:8210': `reverse_proxy ${nodes.map((port) => `127.0.0.1:${port}`).join(' ')}`,
    }),
  args: (file) => ['run', '--config', file, '--adapter', 'caddyfile'],
  reload: ({ program, file, plan }) =>
    run(program, [
      'reload',
      '--force',
      '--config',
      file,
      '--adapter',
      'caddyfile',
      '--address',
      `localhost:${plan.adminPort}`,
    ]),
}

const haproxy: Kind = {
  name: 'haproxy',
  file: 'haproxy.cfg',
  endsSilence: true,
  configuration: ({ certificate, nodes, httpPort, httpsPort, silence }) =>
    substitute(shipped('haproxy.cfg'), {
      // Nobody else may become somebody else.
      ...(!asRoot && { '    user haproxy\n    group haproxy\n    chroot /var/lib/haproxy\n': '' }),
      'maxconn 100000': 'maxconn 1000',
      'bind :80\n': `bind 127.0.0.1:${httpPort}\n`,
      'bind :443 ': `bind 127.0.0.1:${httpsPort} `,
      '/etc/haproxy/rollcall.pem': certificate.bothFile,
      'server one 127.0.0.1:8210': nodes.map((port, i) => `server node-${i} 127.0.0.1:${port}`).join('\n    '),
      ...(silence && { 'timeout tunnel 90s': `timeout tunnel ${silence}` }),
    }),
  args: (file) => ['-W', '-f', file],
  reload: ({ child }) => renewed(child, 'SIGUSR2'),
}

export const kinds: readonly Kind[] = [nginx, caddy, haproxy]

/** Why a proxy cannot be run, or null. */
export function missing({ name }: Kind): string | null {
  const found = locate(name)
  return found.path === undefined ? found.reason : null
}

interface Started {
  readonly child: ChildProcess
  readonly program: string
  readonly file: string
  readonly plan: Plan
}

/** One that runs. */
export interface RunningProxy {
  readonly kind: Kind
  readonly plan: Plan
  /** `https://localhost:<port>` */
  readonly url: string
  /** Gives it its configuration again, and waits until it has taken it. */
  reload(): Promise<void>
  /** Ends it at once, and starts it again. */
  restart(): Promise<void>
  /** Ends it. Idempotent. */
  stop(): Promise<void>
}

/** Starts a proxy on the configuration that is shipped for it. */
export async function startProxy(kind: Kind, plan: Plan): Promise<RunningProxy> {
  const found = locate(kind.name)
  if (found.path === undefined) throw new Error(found.reason)
  const file = join(plan.folder, kind.file)
  writeFileSync(file, kind.configuration(plan))
  const program = found.path
  let child = await launch(program, kind.args(file), plan)
  return {
    kind,
    plan,
    url: `https://localhost:${plan.httpsPort}`,
    async reload() {
      await kind.reload({ child, program, file, plan })
    },
    async restart() {
      await end(child)
      child = await launch(program, kind.args(file), plan)
    },
    stop: () => end(child),
  }
}

async function launch(program: string, args: readonly string[], { folder, httpsPort }: Plan): Promise<ChildProcess> {
  // Caddy keeps its state there.
  const env = { ...process.env, HOME: folder, XDG_DATA_HOME: folder, XDG_CONFIG_HOME: folder }
  const child = spawn(program, args, { cwd: folder, env, stdio: ['ignore', 'pipe', 'pipe'] })
  let text = ''
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (part: string) => {
      text = (text + part).slice(-4_000)
    })
  let ended: string | null = null
  child.once('error', (error) => {
    ended = error.message
  })
  child.once('exit', (code, signal) => {
    ended = `ended with ${signal ?? code}`
  })
  try {
    await until(() => ended !== null || accepts(httpsPort), { what: `${program} to listen` })
    if (ended !== null) throw new Error(ended)
  } catch (error) {
    await end(child)
    throw new Error(`${program} does not run: ${String(error)}; it printed:\n${text}`)
  }
  return child
}

async function end(child: ChildProcess): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return
  const exited = new Promise((resolve) => child.once('exit', resolve))
  // What the master of several processes does not do in time is not left to it: they would stay.
  const kill = setTimeout(() => {
    for (const pid of childrenOf(child))
      try {
        process.kill(pid, 'SIGKILL')
      } catch {
        // It has ended in this moment.
      }
    child.kill('SIGKILL')
  }, 1_500)
  child.kill('SIGTERM')
  await exited
  clearTimeout(kill)
}

/** Tells a master process to replace its workers, and waits for the new ones. */
async function renewed(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  const before = new Set(childrenOf(child))
  child.kill(signal)
  await until(() => childrenOf(child).some((pid) => !before.has(pid)), { what: 'new workers' })
}

function childrenOf({ pid }: ChildProcess): number[] {
  return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(/\s+/).filter(Boolean).map(Number)
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', () => resolve(false))
  })
}
