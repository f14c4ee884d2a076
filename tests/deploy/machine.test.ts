import { execFile, execFileSync, spawnSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { serverSessionOptions } from '@rollcall/core'
import { describe, expect, it, test } from 'vitest'
import { Native } from '../support/native.ts'
import { root, startProgram } from '../support/program.ts'
import { guideFolder } from './guide.ts'
import { afterwards, temporaryFolder } from './stage.ts'
import { shipped, substitute } from './substitute.ts'

const unit = shipped('rollcall.service')
const container = shipped('Dockerfile')

/** What a line of a unit says. */
function setting(name: string): string {
  const [, value] = unit.match(new RegExp(`^${name}=(.*)$`, 'm')) ?? []
  if (value === undefined) throw new Error(`the unit has no ${name}`)
  return value
}

/** The server's sources. */
const sources = readdirSync(join(root, 'packages/server/src'), { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.ts'))
  .map((file) => readFileSync(join(root, 'packages/server/src', file), 'utf8'))

/** A number that they name; the greatest, if several do. */
function constant(name: string): number {
  const found = sources.flatMap((source) => [...source.matchAll(new RegExp(`\\b${name}(?: =|:) ([\\d_]+)`, 'g'))])
  if (found.length === 0) throw new Error(`the server has no ${name}`)
  return Math.max(...found.map(([, value = '']) => Number(value.replaceAll('_', ''))))
}

/** Whatever matches, in seconds. */
function seconds(file: string, setting: string): number {
  const [, value] = shipped(file).match(new RegExp(`^\\s+${setting} (\\d+)s;?$`, 'm')) ?? []
  if (value === undefined) throw new Error(`${file} has no ${setting}`)
  return Number(value)
}

describe('how long silence may last', () => {
  // A dialect's ping, and how long its answer may take, with some to spare.
  const { pingMs, deadMs } = serverSessionOptions({})
  const [engineMs, answerMs] = [25_000, 20_000]
  const least = Math.max(pingMs + deadMs, engineMs + answerMs) / 1000 + 10

  test.each([
    ['nginx.conf', 'proxy_read_timeout'],
    ['nginx.conf', 'proxy_send_timeout'],
    ['haproxy.cfg', 'timeout tunnel'],
    ['haproxy.cfg', 'timeout client'],
    ['haproxy.cfg', 'timeout server'],
  ])('%s: %s is longer than Rollcall is silent', (file, name) => {
    expect(least).toBe(55)
    expect(seconds(file, name)).toBeGreaterThanOrEqual(least)
  })

  test('Caddy is told no end of it', () => {
    expect(shipped('Caddyfile')).not.toMatch(
      /^\s*(read_timeout|write_timeout|stream_timeout|read_body|response_header)/m,
    )
  })
})

describe('the systemd unit', () => {
  const why =
    spawnSync('systemd-analyze', ['--version'], { stdio: 'ignore' }).status === 0 ? null : 'no systemd-analyze'

  it.skipIf(why)(why ? `is not checked: ${why}` : 'is one that systemd takes, and that gives little away', () => {
    const file = join(temporaryFolder(), 'rollcall.service')
    writeFileSync(file, substitute(unit, { '/usr/bin/node': process.execPath }))
    const verdict = spawnSync('systemd-analyze', ['verify', file], { encoding: 'utf8' })
    expect([verdict.status, verdict.stdout, verdict.stderr]).toEqual([0, '', ''])
    // From 0 to 100 since systemd 250; a service without any of this has 96.
    const [version = 0] = execFileSync('systemd-analyze', ['--version'], { encoding: 'utf8' }).match(/\d+/) ?? []
    if (Number(version) < 250) return
    const exposed = spawnSync('systemd-analyze', ['security', '--offline=true', '--threshold=20', file])
    expect(exposed.status).toBe(0)
  })

  test('leaves more time to stop than stopping takes', () => {
    const stopMs = Number(setting('TimeoutStopSec')) * 1000
    const drainMs = constant('MAX_DRAIN_MS')
    const answerMs = constant('ANSWER_MS')
    const timeoutMs = constant('timeoutMs')
    const workersMs = constant('STOP_MS')
    expect([drainMs, answerMs, timeoutMs, workersMs]).toEqual([5_000, 1_000, 5_000, 20_000])
    expect(stopMs).toBeGreaterThanOrEqual(5_000 + Math.max(drainMs + answerMs + timeoutMs, workersMs))
  })

  test('has descriptors for all connections that Rollcall lets in', () => {
    const connections = constant('connections')
    expect(Number(setting('LimitNOFILE'))).toBeGreaterThanOrEqual(connections + 1_000)
  })

  test('has a command that serves, and that ends well when it is told to, also if no client answers', async () => {
    const [program, ...args] = setting('ExecStart').split(' ')
    expect([program, setting('WorkingDirectory')]).toEqual(['/usr/bin/node', '/srv/rollcall'])
    const environment = substitute(setting('Environment'), { 'PORT=8210': 'PORT=0' })
    const env = Object.fromEntries(environment.split(' ').map((pair) => pair.split('=') as [string, string]))
    const server = await startProgram(process.execPath, /listening on (\S+)/, { args, env, cwd: guideFolder() })
    afterwards(async () => void (await server.stop()))
    const clients = await Promise.all(Array.from({ length: 20 }, () => Native.join(server.ready[1]!, 'room:lobby')))
    expect(await server.stop('SIGTERM')).toEqual({ code: 0, signal: null })
    await Promise.all(clients.map((client) => client.end()))
    // Each was told to come back, and when.
    expect(clients.map(({ frames }) => frames.some(([kind]) => kind === 'closing'))).toEqual(clients.map(() => true))
    expect(new Set(clients.map(({ closeCode }) => closeCode))).toEqual(new Set([4100]))
  })
})

test('health is told to simple checks too, of HTTP/1.0 and without a Host', async () => {
  const args = ['node_modules/rollcall/dist/cli/main.js', 'serve', 'app.ts', '--port', '0']
  const server = await startProgram(process.execPath, /localhost:(\d+)/, { args, cwd: guideFolder() })
  afterwards(async () => void (await server.stop()))
  const answer = await new Promise<string>((resolve, reject) => {
    let text = ''
    const socket = connect(Number(server.ready[1]), '127.0.0.1', () => {
      socket.write('GET /api/v1/health/ready HTTP/1.0\r\n\r\n')
    })
    socket.setEncoding('utf8').on('data', (part: string) => {
      text += part
    })
    socket.once('end', () => resolve(text)).once('error', reject)
  })
  const [head = '', body] = answer.split('\r\n\r\n')
  expect([head.split('\r\n')[0], body]).toEqual(['HTTP/1.1 200 OK', '{"live":true,"ready":true}'])
})

describe('the container file', () => {
  // Continued lines as one.
  const lines = container.replaceAll(/\\\n\s*/g, '').split('\n')
  const list = (instruction: RegExp): string[] => {
    const line = lines.find((each) => instruction.test(each))
    return JSON.parse(line?.replace(/^[^[]*/, '') ?? 'null') as string[]
  }

  test('runs the command of the unit, as nobody in particular, without a shell', () => {
    expect(list(/^CMD \[/)).toEqual(['node', ...setting('ExecStart').split(' ').slice(1)])
    expect(lines.indexOf('USER node')).toBeGreaterThan(lines.findLastIndex((line) => line.startsWith('COPY')))
    expect(lines.findLast((line) => line.startsWith('ENV'))).toContain('HOST=0.0.0.0 PORT=8210')
  })

  test('asks whether the server lives, and notices if it does not', async () => {
    const server = await startProgram(process.execPath, /listening on http:\/\/localhost:(\d+)/, {
      args: [...setting('ExecStart').split(' ').slice(1), '--port', '0'],
      cwd: guideFolder(),
    })
    afterwards(async () => void (await server.stop()))
    const [node, ...args] = list(/^HEALTHCHECK/)
    expect(node).toBe('node')
    const ask = () =>
      promisify(execFile)(process.execPath, args, { env: { ...process.env, PORT: server.ready[1] } }).then(
        () => 0,
        (error: { code: unknown }) => error.code,
      )
    expect(await ask()).toBe(0)
    await server.stop()
    expect(await ask()).toBe(1)
  })
})

describe('the kernel settings', () => {
  const settings = new Map(
    [...shipped('sysctl.conf').matchAll(/^-?([a-z][\w.-]+) = (.*)$/gm)].map(([, name = '', value = '']) => [
      name,
      value,
    ]),
  )
  const number = (name: string) => Number(settings.get(name))

  test('are ones that a kernel has', () => {
    expect(settings.size).toBe(11)
    // A container, or a kernel without a firewall, has fewer of them.
    const lines = shipped('sysctl.conf').split('\n')
    const needed = lines.filter((line) => /^[a-z]/.test(line)).map((line) => line.split(' ')[0] ?? '')
    const paths = needed.map((name) => `/proc/sys/${name.replaceAll('.', '/')}`)
    if (existsSync('/proc/sys/net/core/somaxconn')) expect(paths.filter((path) => !existsSync(path))).toEqual([])
  })

  test('let the unit and the proxies have what they ask for', () => {
    expect(number('fs.nr_open')).toBeGreaterThanOrEqual(Number(setting('LimitNOFILE')))
    expect(number('fs.file-max')).toBeGreaterThanOrEqual(3 * 100_000)
    expect(number('net.core.somaxconn')).toBeGreaterThanOrEqual(constant('backlog'))
    const [first = 0, last = 0] = (settings.get('net.ipv4.ip_local_port_range') ?? '').split(' ').map(Number)
    // What the guide says of one proxy, one node and one address.
    expect(last - first + 1).toBe(55_296)
    expect(settings.get('net.ipv4.ip_local_reserved_ports')).toBe('8210')
  })
})
