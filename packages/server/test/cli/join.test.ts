import { once } from 'node:events'
import { type AddressInfo, connect, createServer } from 'node:net'
import { bytes, channel, contract } from '@rollcall/core'
import { afterEach, describe, expect, onTestFinished, test } from 'vitest'
import { z } from 'zod'
import { type App, allow, Refuse, type RollcallOptions, refuse, rollcall as serve } from '../../src/index.ts'
import { rollcall, usesTheCommand } from './command.ts'

usesTheCommand()

const rooms = contract({
  'room:{room}': channel({
    send: { message: z.string().min(1).max(100) },
    emit: { message: z.string(), file: bytes(), note: z.object({ title: z.string() }) },
    presence: z.object({ name: z.string() }),
  }),
  'log:{room}': channel({ send: { message: z.string() }, emit: { message: z.string() }, history: {} }),
  'private:{room}': channel({ join: z.object({ invite: z.string() }), emit: { message: z.string() } }),
  'count:{room}': channel({ presence: z.object({ name: z.string() }), roster: 'count' }),
})

const apps: App<(typeof rooms)['channels']>[] = []
afterEach(async () => {
  for (const app of apps.splice(0)) await app.close({ timeoutMs: 200 })
})

async function open(options: RollcallOptions = {}) {
  const app = serve(
    rooms,
    {
      'room:{room}': {
        join: ({ params }) => (params.room === 'closed' ? refuse('come back tomorrow') : allow()),
        message: ({ channel }, text) => {
          if (text === 'forbidden') throw new Refuse('not that word')
          return channel.emit('message', text)
        },
      },
      'log:{room}': { join: () => allow(), message: ({ channel }, text) => channel.emit('message', text) },
      'private:{room}': {
        join: ({ input }) => (input.invite === 'please' ? allow() : refuse('an invitation is needed')),
      },
      'count:{room}': { join: () => allow() },
    },
    { graceMs: 100, ...options },
  )
  apps.push(app)
  const listening = await app.listen({ port: 0 })
  return {
    app,
    ...listening,
    join: (topic: string, ...args: string[]) => rollcall(['join', topic, '--url', listening.url, ...args]),
  }
}

const time = String.raw`\d\d:\d\d:\d\d`

describe('rollcall join', () => {
  test('shows who is here, who comes and goes, and what is said', async () => {
    const { join } = await open()
    const tyr = join('room:lobby', '--name', 'Tyr')
    await tyr.says(new RegExp(`^${time} in room:lobby, here \\(1\\): Tyr\n`))
    const bob = join('room:lobby', '--name', 'Bob')
    await bob.says(/here \(2\): Tyr, Bob\n/)
    await tyr.says(new RegExp(`${time} Bob joined\n`))
    bob.type('hi, this is Bob\n')
    await tyr.says(new RegExp(`${time} Bob: hi, this is Bob\n`))
    await bob.says(/Bob: hi, this is Bob\n/)
    bob.process.kill('SIGINT')
    expect((await bob.result()).code).toBe(0)
    await tyr.says(new RegExp(`${time} Bob left\n`))
    tyr.process.kill('SIGTERM')
    expect(await tyr.result()).toMatchObject({ code: 0, err: '' })
  })

  test('in a pipe sends each line in order, and ends when all are accepted', async () => {
    const { app, join } = await open()
    const heard: unknown[] = []
    app.channel('log:a').observe((event) => event.kind === 'message' && heard.push(event.payload))
    const sender = join('log:a', '--name', 'Tyr')
    const lines = Array.from({ length: 300 }, (_, i) => `line ${i + 1}`)
    sender.process.stdin.end(lines.join('\n'))
    expect((await sender.result()).code).toBe(0)
    // More than the burst that a server takes at once: what was refused for speed was sent again, in its place.
    expect(heard).toEqual(lines)
  })

  test('echo hi | rollcall join', async () => {
    const { join } = await open()
    const listener = join('room:lobby', '--stay')
    await listener.says(/in room:lobby/)
    const echo = join('room:lobby', '--name', 'Echo')
    echo.process.stdin.end('hi\n')
    expect((await echo.result()).code).toBe(0)
    await listener.says(/Echo joined\n[\s\S]*Echo: hi\n[\s\S]*Echo left\n/)
  })

  test('--stay stays though the input has ended', async () => {
    const { app, join } = await open()
    const listener = join('room:lobby', '--stay')
    listener.process.stdin.end()
    await listener.says(/in room:lobby/)
    await app.channel('room:lobby').emit('message', 'still there?')
    await listener.says(/server: still there\?\n/)
  })

  test('a line that is refused is told, and the end is a failure', async () => {
    const { join } = await open()
    const sender = join('room:lobby')
    sender.process.stdin.end(`forbidden\n${'x'.repeat(101)}\nfine\n`)
    const { code, err, out } = await sender.result()
    expect(code).toBe(1)
    expect(err).toMatch(/^not sent: not that word\nnot sent: message on room:lobby is not valid: .*\n$/)
    expect(out).toMatch(/: fine\n/)
  })

  test('--json tells programs', async () => {
    const { app, join } = await open()
    const tyr = join('room:lobby', '--name', 'Tyr', '--json')
    await tyr.says(/"joined"/)
    tyr.type('hi\n')
    await tyr.says(/"sent"/)
    const bob = join('room:lobby', '--name', 'Bob')
    await tyr.says(/"presence"/)
    await app.channel('room:lobby').emit('message', 'from the server')
    await tyr.says(/from the server/)
    bob.process.kill('SIGINT')
    await tyr.says(/"left"/)
    tyr.process.kill('SIGINT')
    await tyr.ended
    const member = (name: string) => ({
      key: expect.any(String),
      meta: { name },
      entries: [{ id: expect.any(String), meta: { name } }],
    })
    expect(tyr.json).toEqual([
      { kind: 'joined', topic: 'room:lobby', members: [member('Tyr')], count: 1, again: false, reply: null },
      {
        kind: 'message',
        topic: 'room:lobby',
        event: 'message',
        payload: 'hi',
        from: { key: expect.any(String), connection: expect.any(String), name: 'Tyr' },
        at: expect.any(Number),
        position: null,
        recovered: false,
      },
      { kind: 'sent', position: null },
      { kind: 'presence', change: 'joined', member: member('Bob') },
      expect.objectContaining({ kind: 'message', payload: 'from the server', from: null }),
      { kind: 'presence', change: 'left', member: member('Bob') },
      { kind: 'left' },
    ])
  })

  test('--event shows and sends another one; bytes are base64', async () => {
    const { app, join } = await open()
    const files = join('room:lobby', '--event', 'file', '--json')
    await files.says(/"joined"/)
    await app.channel('room:lobby').emit('message', 'not this')
    await app.channel('room:lobby').emit('file', new Uint8Array([0, 255]))
    await files.says(/"message"/)
    expect(files.json.filter(({ kind }) => kind === 'message')).toMatchObject([
      { event: 'file', payload: 'AP8=', encoding: 'base64' },
    ])
    const notes = join('room:lobby', '--event', 'note')
    await notes.says(/in room:lobby/)
    await app.channel('room:lobby').emit('note', { title: 'n' })
    await notes.says(/server: \{"title":"n"\}\n/)
  })

  test('--last begins with older messages', async () => {
    const { app, join } = await open()
    for (const text of ['one', 'two', 'three']) await app.channel('log:a').emit('message', text)
    const late = join('log:a', '--last', '2', '--stay')
    await late.says(/server: two\n.*server: three\n/)
    expect(late.out).not.toContain('one')
  })

  test('--input is what the channel wants to be told', async () => {
    const { join } = await open()
    await join('private:a', '--input', '{"invite":"please"}', '--stay').says(/in private:a/)
    expect(await join('private:a', '--input', '{"invite":"x"}').result()).toEqual({
      code: 1,
      out: '',
      err: 'rollcall: an invitation is needed\n',
    })
  })

  test('credentials are name, user and token; the token also from the environment', async () => {
    const seen: unknown[] = []
    const { url, join } = await open({
      authenticate: ({ credentials, connection }) => {
        seen.push(credentials)
        return { id: connection }
      },
    })
    await join('room:a', '--name', 'Tyr', '--user', 'u1', '--token', 't1', '--stay').says(/in room/)
    await rollcall(['join', 'room:a', '--url', url, '--stay'], { env: { ROLLCALL_TOKEN: 't2' } }).says(/in room/)
    await join('room:a', '--stay').says(/in room/)
    expect(seen).toEqual([{ name: 'Tyr', user: 'u1', token: 't1' }, { token: 't2' }, undefined])
  })

  test('a name does not keep out of a channel that shows nobody', async () => {
    const { join } = await open()
    const tyr = join('log:a', '--name', 'Tyr', '--stay')
    await tyr.says(/in log:a, here \(0\)\n/)
    await tyr.says(/nobody is shown in this channel\n/, 'err')
  })

  test('a channel that tells only counts', async () => {
    const { join } = await open()
    const tyr = join('count:a', '--name', 'Tyr', '--stay')
    await tyr.says(/in count:a, here \(1\)\n/)
    join('count:a', '--name', 'Bob', '--stay')
    await tyr.says(/here \(2\)\n/)
  })

  test('comes back after a restart, and says so', async () => {
    const { app, port } = await open()
    // The port of a server that has ended may be another program's before the next server asks for it.
    let target: number | null = port
    const front = createServer((socket) => {
      socket.on('error', () => {})
      if (target === null) return socket.destroy()
      const there = connect(target, '127.0.0.1')
      there.on('error', () => {}).on('close', () => socket.destroy())
      socket.on('close', () => there.destroy())
      return socket.pipe(there).pipe(socket)
    })
    front.listen(0, '127.0.0.1')
    await once(front, 'listening')
    onTestFinished(() => void front.close())
    const url = `http://127.0.0.1:${(front.address() as AddressInfo).port}`
    const tyr = rollcall(['join', 'room:lobby', '--url', url, '--name', 'Tyr'])
    await tyr.says(/in room:lobby/)
    target = null
    await app.close({ retryAfterMs: 50, spreadMs: 1, timeoutMs: 500 })
    await tyr.says(/connection lost/, 'err')
    const { app: again, port: next } = await open()
    target = next
    await tyr.says(/back in room:lobby, here \(1\): Tyr\n/)
    await again.channel('room:lobby').emit('message', 'hello again')
    await tyr.says(/server: hello again\n/)
  })

  test('removed by the application, it ends', async () => {
    const { app, join } = await open()
    const [kicked, ended] = [join('room:lobby', '--stay'), join('room:other', '--stay')]
    await Promise.all([kicked.says(/in room/), ended.says(/in room/)])
    for (const { id } of app.connections()) await app.channel('room:lobby').kick({ connection: id }, 'spam')
    expect(await kicked.result()).toMatchObject({ code: 1, err: 'rollcall: Removed from room:lobby: spam\n' })
    for (const { id } of app.connections()) await app.disconnect({ connection: id }, 'banned')
    expect(await ended.result()).toMatchObject({ code: 1, err: 'rollcall: The server ended the connection: banned\n' })
  })

  test('what others send cannot drive the terminal', async () => {
    const { app, join } = await open()
    const tyr = join('room:lobby', '--stay')
    await tyr.says(/in room/)
    await app.channel('room:lobby').emit('message', '\u001b[2J\u0007\u009b31m\u202egnp.exe\r\nfake: line\u0000')
    await tyr.says(/fake: line/)
    expect(tyr.out).toMatch(/server: \ufffd\[2J\ufffd\ufffd31m\ufffdgnp\.exe\ufffd\ufffdfake: line\ufffd\n$/)
  })

  test('a reader that has seen enough ends it', async () => {
    const { app, join } = await open()
    const tyr = join('room:lobby', '--stay')
    await tyr.says(/in room/)
    tyr.process.stdout.destroy()
    const emitting = setInterval(() => void app.channel('room:lobby').emit('message', 'x'), 10)
    expect(await once(tyr.process, 'exit')).toEqual([0, null])
    clearInterval(emitting)
  })

  test.each([
    ['no topic', [], 2, /^rollcall: join needs a topic: rollcall join room:lobby\n/],
    ['two topics', ['a', 'b'], 2, /^rollcall: join takes one topic, not also b\n/],
    ['a url that is none', ['a', '--url', 'nonsense'], 2, /^rollcall: --url must be like http/],
    ['a url of another kind', ['a', '--url', 'ftp://localhost'], 2, /^rollcall: --url must be like http/],
    [
      'input that is no JSON',
      ['a', '--input', '{'],
      2,
      /^rollcall: --input must be JSON, such as '\{"invite":"…"\}'\n/,
    ],
    [
      'a last that is no number',
      ['a', '--last', '-1'],
      2,
      /^rollcall: (--last must be|Option '--last' argument is ambiguous)/,
    ],
    ['an unknown option', ['a', '--nome', 'x'], 2, /^rollcall: Unknown option '--nome'\n/],
    [
      'nobody there',
      ['a', '--url', 'http://127.0.0.1:1'],
      1,
      /^rollcall: Cannot reach http:\/\/127\.0\.0\.1:1\/rollcall: connect ECONNREFUSED/,
    ],
  ])('with %s says what is wrong', async (_, args, code, message) => {
    const result = await rollcall(['join', ...args]).result()
    expect([result.out, result.code]).toEqual(['', code])
    expect(result.err).toMatch(message)
  })

  test.each([
    ['nothing', 'rollcall: There is no channel "nothing"\n'],
    ['room:closed', 'rollcall: come back tomorrow\n'],
  ])('a topic that is refused, %s, ends it', async (topic, err) => {
    const { join } = await open()
    expect(await join(topic).result()).toEqual({ code: 1, out: '', err })
  })

  test('a server that refuses who it is ends it', async () => {
    const { join } = await open({ authenticate: () => refuse('who are you?') })
    expect(await join('room:a').result()).toEqual({ code: 1, out: '', err: expect.stringMatching(/who are you\?\n$/) })
  })

  test('something that is no Rollcall is told', async () => {
    const { url } = await open()
    const result = await rollcall(['join', 'room:a', '--url', `${url}/nowhere`]).result()
    expect(result).toMatchObject({
      code: 1,
      err: expect.stringMatching(/Cannot reach .*\/nowhere: Unexpected server response: 404\n$/),
    })
  })
})
