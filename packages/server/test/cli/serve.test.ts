import { createServer } from 'node:net'
import { describe, expect, test } from 'vitest'
import { folderOf, rollcall, usesTheCommand } from './command.ts'

usesTheCommand()

const contract = `
import { channel, contract } from '@rollcall/core'
import { z } from 'zod'
export const rooms = contract({
  'room:{room}': channel({ send: { message: z.string() }, emit: { message: z.string() } }),
})
`
const handlers = `{
  'room:{room}': { join: () => allow(), message: ({ channel }, text) => channel.emit('message', text) },
}`

describe('rollcall serve', () => {
  test.each([
    [
      'TypeScript that exports app',
      'app.ts',
      `import { allow, type App, rollcall } from 'rollcall'
       import { rooms } from './rooms.ts'
       export const app: App<(typeof rooms)['channels']> = rollcall(rooms, ${handlers} satisfies object)`,
    ],
    [
      'TypeScript that no Node runs by itself',
      'app.ts',
      `import { allow, rollcall } from 'rollcall'
       import { rooms } from './rooms'
       enum Path { One = '/rollcall' }
       class Options { constructor(readonly path: string = Path.One) {} }
       export default rollcall(rooms, ${handlers}, new Options())`,
    ],
    [
      'JavaScript with a default export',
      'app.js',
      `import { allow, rollcall } from 'rollcall'
       import { rooms } from './rooms.js'
       export default await Promise.resolve(rollcall(rooms, ${handlers}))`,
    ],
  ])('serves %s', async (_, file, program) => {
    const cwd = folderOf({ [file]: program, 'rooms.ts': contract, 'rooms.js': contract })
    const server = rollcall(['serve', file, '--port', '0'], { cwd })
    const [, url] = await server.says(/^listening on (http:\/\/localhost:\d+)\n$/)
    const health = await fetch(`${url}/api/v1/health`)
    expect(await health.json()).toEqual({ live: true, ready: true })
    server.process.kill('SIGTERM')
    expect(await server.result()).toMatchObject({ code: 0, err: 'stopping\n' })
  })

  test('takes PORT and HOST of the environment', async () => {
    const cwd = folderOf({ 'app.ts': appThat(''), 'rooms.ts': contract })
    const server = rollcall(['serve', 'app.ts'], { cwd, env: { PORT: '0', HOST: '0.0.0.0' } })
    await server.says(/listening on http:\/\/localhost:(?!8210)\d+/)
    server.process.kill('SIGINT')
    expect((await server.result()).code).toBe(0)
  })

  test('ends well when its terminal is closed, unless the program has a use for that', async () => {
    const cwd = folderOf({
      'app.ts': appThat(''),
      'own.ts': appThat("process.on('SIGHUP', () => process.stdout.write('hung up\\n'))"),
      'rooms.ts': contract,
    })
    const server = rollcall(['serve', 'app.ts', '--port=0'], { cwd })
    await server.says(/listening/)
    server.process.kill('SIGHUP')
    expect(await server.result()).toMatchObject({ code: 0, err: 'stopping\n' })
    const own = rollcall(['serve', 'own.ts', '--port=0'], { cwd })
    await own.says(/listening/)
    own.process.kill('SIGHUP')
    await own.says(/hung up/)
    own.process.kill('SIGTERM')
    expect((await own.result()).code).toBe(0)
  })

  test('tells clients to come back before it ends', async () => {
    const cwd = folderOf({ 'app.ts': appThat(''), 'rooms.ts': contract })
    const server = rollcall(['serve', 'app.ts', '--port=0'], { cwd })
    const [, url = ''] = await server.says(/on (\S+)/)
    const client = rollcall(['join', 'room:a', '--url', url, '--stay'])
    await client.says(/in room:a/)
    server.process.kill('SIGTERM')
    expect((await server.result()).code).toBe(0)
    await client.says(/connection lost \(the server is stopping\), trying again in [1-3] s/, 'err')
  })

  test('ends though the program holds on to something', async () => {
    const cwd = folderOf({ 'app.ts': appThat('setInterval(() => {}, 1000)'), 'rooms.ts': contract })
    const server = rollcall(['serve', 'app.ts', '--port', '0'], { cwd })
    await server.says(/listening/)
    server.process.kill('SIGTERM')
    expect((await server.result()).code).toBe(0)
  })

  test.each([
    [[], 'in this process'],
    [['--workers', '1'], 'in a worker'],
  ])('with --log keeps history there (%j, %s)', async (workers) => {
    const log = `import { memoryLog } from 'rollcall'
      import { systemClock, systemRandom } from '@rollcall/core'
      const kept = memoryLog({ clock: systemClock, random: systemRandom })
      export const log = { ...bound(kept), append: (topic, ...rest) => (process.stderr.write('kept ' + topic + '\\n'), kept.append(topic, ...rest)) }
      function bound(it) { return Object.fromEntries(['readAfter', 'readBefore', 'top', 'follow', 'close'].map((name) => [name, (...all) => it[name](...all)])) }`
    const kept = contract.replace(
      'emit: { message: z.string() }',
      'emit: { message: z.string() }, history: { messages: 5 }',
    )
    const cwd = folderOf({ 'app.ts': appThat(''), 'rooms.ts': kept, 'log.js': log })
    const server = rollcall(['serve', 'app.ts', '--port', '0', '--log', 'log.js', ...workers], { cwd })
    const [, url = ''] = await server.says(/on (http:\/\/localhost:\d+)/)
    const client = rollcall(['join', 'room:a', '--url', url])
    client.process.stdin.end('hi\n')
    expect((await client.result()).code).toBe(0)
    await server.says(/^kept room:a$/m, 'err')
    server.process.kill('SIGTERM')
    expect((await server.result()).code).toBe(0)
  })

  test('ends when it is told to before its workers listen', async () => {
    const slow = `process.stdout.write('loading\\n'); await new Promise((resolve) => setTimeout(resolve, 60_000))`
    const cwd = folderOf({ 'slow.js': slow })
    const server = rollcall(['serve', 'slow.js', '--port', '0', '--workers', '2'], { cwd })
    await server.says(/loading/)
    server.process.kill('SIGTERM')
    expect(await server.result()).toEqual({ code: 0, out: 'loading\n', err: 'stopping\n' })
  })

  test.each([
    ['an app that throws', ['throws.ts', '--port', '0']],
    ['a port that cannot be had', ['app.ts', '--host', '192.0.2.1', '--port', '0']],
    ['workers that cannot start', ['throws.ts', '--port', '0', '--workers', '2']],
    ['workers without a port', ['app.ts', '--host', '192.0.2.1', '--port', '0', '--workers', '2']],
  ])('ends, its log closed, with %s', async (_, args) => {
    const log = `export const log = { append() {}, follow() {}, close: async () => (clearInterval(open), console.log('closed')) }
      const open = setInterval(() => {}, 1000)`
    const throws = `throw new Error('no database')`
    const cwd = folderOf({ 'app.ts': appThat(''), 'rooms.ts': contract, 'throws.ts': throws, 'log.js': log })
    const result = await rollcall(['serve', ...args, '--log', 'log.js'], { cwd }).result()
    expect([result.code, result.out]).toEqual([1, 'closed\n'])
  })

  test.each([
    ['no file', [], 2, /^rollcall: serve needs the file of an app: rollcall serve app.ts\nSee rollcall --help\n$/],
    ['two files', ['a.ts', 'b.ts'], 2, /^rollcall: serve takes one file, not also b.ts\n/],
    ['a file that is not there', ['nothing.ts'], 1, /^rollcall: There is no file .*nothing\.ts\n$/],
    ['a folder', ['.'], 1, /^rollcall: There is no file /],
    ['a file that exports nothing', ['empty.ts'], 1, /^rollcall: empty.ts must export what .* It exports nothing\.\n$/],
    ['a file that exports something else', ['other.ts'], 1, /It exports app, default, helper\.\n$/],
    [
      'a file that throws',
      ['throws.ts'],
      1,
      /^rollcall: throws.ts failed to load:\nError: no database\n {4}at .*throws\.ts/,
    ],
    ['a file with a syntax error', ['broken.ts'], 1, /^rollcall: broken.ts failed to load:\n/],
    ['a file whose import is missing', ['lost.ts'], 1, /^rollcall: lost.ts failed to load:\n[\s\S]*not-there/],
    ['a port that is none', ['app.ts', '--port', '8210x'], 2, /^rollcall: The port must be 0 to 65535, not "8210x"\n/],
    ['a port too high', ['app.ts', '--port', '65536'], 2, /^rollcall: The port must be 0 to 65535, not "65536"\n/],
    ['an unknown option', ['app.ts', '--prot', '1'], 2, /^rollcall: Unknown option '--prot'\n/],
    ['an option without value', ['app.ts', '--port'], 2, /^rollcall: Option '--port <value>' argument missing\n/],
    ['no workers', ['app.ts', '--workers', '0'], 2, /^rollcall: The workers must be 1 to 1024, or auto, not "0"\n/],
    [
      'half a worker',
      ['app.ts', '--workers', '1.5'],
      2,
      /^rollcall: The workers must be 1 to 1024, or auto, not "1.5"\n/,
    ],
    ['too many workers', ['app.ts', '--workers', '1025'], 2, /^rollcall: The workers must be 1 to 1024, or auto/],
    ['workers, and no file', ['nothing.ts', '--workers', '2'], 1, /^rollcall: There is no file .*nothing\.ts\n$/],
    [
      'workers of a file that exports nothing',
      ['empty.ts', '--workers', '2'],
      1,
      /^rollcall: empty\.ts must export what /,
    ],
    ['a log that is not there', ['app.ts', '--log', 'nothing.ts'], 1, /^rollcall: There is no file .*nothing\.ts\n$/],
    [
      'a log that is none',
      ['app.ts', '--log', 'other.ts'],
      1,
      /^rollcall: other\.ts must export a log.* It exports app, default, helper\.\n$/,
    ],
    [
      'a log that throws',
      ['app.ts', '--log', 'throws.ts', '--workers', '2'],
      1,
      /^rollcall: throws\.ts failed to load:\nError: no database\n/,
    ],
    [
      'an address of another machine',
      ['app.ts', '--host', '192.0.2.1', '--port', '0'],
      1,
      /is no address of this machine\n$/,
    ],
  ])('with %s says what to do', async (_, args, code, message) => {
    const cwd = folderOf({
      'app.ts': appThat(''),
      'rooms.ts': contract,
      'empty.ts': '',
      'other.ts': 'export default 7; export const app = { listen: 1 }; export function helper() {}',
      'throws.ts': `throw new Error('no database')`,
      'broken.ts': 'export const app = {',
      'lost.ts': `import './not-there.ts'`,
    })
    const result = await rollcall(['serve', ...args], { cwd }).result()
    expect([result.out, result.code]).toEqual(['', code])
    expect(result.err).toMatch(message)
  })

  test('on a port that is in use says so', async () => {
    const other = createServer().listen(0, '127.0.0.1')
    await new Promise((resolve) => other.once('listening', resolve))
    const { port } = other.address() as { port: number }
    const cwd = folderOf({ 'app.ts': appThat(''), 'rooms.ts': contract })
    const result = await rollcall(['serve', 'app.ts', '--port', String(port)], { cwd }).result()
    expect(result).toEqual({
      code: 1,
      out: '',
      err: `rollcall: Cannot listen on 127.0.0.1:${port}: the port is in use. Choose another one with --port\n`,
    })
    other.close()
  })
})

describe('rollcall', () => {
  test.each([
    [[], 0, /^rollcall: the realtime server for TypeScript\n/],
    [['--help'], 0, /rollcall join room:lobby/],
    [['help', 'serve'], 0, /^rollcall serve <file>/],
    [['serve', '--help'], 0, /^rollcall serve <file>/],
    [['join', '-h'], 0, /^rollcall join <topic>/],
    [['help', '__proto__'], 0, /^rollcall: the realtime server/],
    [['--version'], 0, /^\d+\.\d+\.\d+\n$/],
  ])('%j', async (args, code, out) => {
    const result = await rollcall(args).result()
    expect(result).toEqual({ code, out: expect.stringMatching(out), err: '' })
  })

  test.each([[['start']], [['constructor']], [['--port', '1']]])('%j is not understood', async (args) => {
    const result = await rollcall(args).result()
    expect(result).toEqual({
      code: 2,
      out: '',
      err: `rollcall: There is no command "${args[0]}"\nSee rollcall --help\n`,
    })
  })
})

function appThat(does: string): string {
  return `import { allow, rollcall } from 'rollcall'
    import { rooms } from './rooms.ts'
    ${does}
    export const app = rollcall(rooms, ${handlers})`
}
