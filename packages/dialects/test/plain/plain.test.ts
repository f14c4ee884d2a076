import { channel, contract } from '@rollcall/core'
import { type PlainOptions, plain } from '@rollcall/dialects/plain'
import { type App, allow, Refuse, refuse, rollcall } from 'rollcall'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { WebSocket } from 'ws'
import { z } from 'zod'

const rooms = contract({
  'room:{room}': channel({
    send: { message: z.string().min(1).max(20), other: z.string() },
    emit: { message: z.unknown(), other: z.string() },
    presence: z.object({ name: z.string().max(10), away: z.boolean().optional() }),
  }),
  'log:{room}': channel({ send: { message: z.string() }, emit: { message: z.string() }, history: { messages: 100 } }),
  'private:{room}': channel({
    join: z.object({ invite: z.string() }),
    send: { message: z.string() },
    emit: { message: z.string() },
  }),
  'thing:{room}': channel({
    send: { message: z.object({ n: z.number() }) },
    emit: { message: z.object({ n: z.number() }) },
  }),
})

const closing: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of closing.splice(0)) await close()
})

interface Listener {
  readonly app: App<(typeof rooms)['channels']>
  readonly seen: unknown[]
  connect(target: string, options?: { readonly pongs?: boolean; readonly origin?: string }): Promise<Plain>
  readonly url: string
}

async function listen(...mounts: PlainOptions[]): Promise<Listener> {
  const seen: unknown[] = []
  const app = rollcall(
    rooms,
    {
      'room:{room}': {
        join: async () => {
          await new Promise((resolve) => setImmediate(resolve))
          return allow()
        },
        message: ({ channel }, text) => {
          if (text === 'forbidden') throw new Refuse('not that word')
          return channel.emit('message', text)
        },
        other: ({ channel }, text) => channel.emit('other', text),
      },
      'log:{room}': { join: () => allow(), message: ({ channel }, text) => channel.emit('message', text) },
      'private:{room}': {
        join: ({ input }) => (input.invite === 'please' ? allow() : refuse('an invitation is needed')),
        message: ({ channel }, text) => channel.emit('message', text),
      },
      'thing:{room}': { join: () => allow(), message: ({ channel }, thing) => channel.emit('message', thing) },
    },
    {
      dialects: mounts.length === 0 ? [plain()] : mounts.map(plain),
      authenticate: ({ credentials, dialect, connection }) => {
        seen.push({ dialect, credentials })
        return { id: (credentials as { user?: string }).user ?? connection }
      },
    },
  )
  const { url } = await app.listen({ port: 0 })
  closing.push(() => app.close({ timeoutMs: 200 }))
  return {
    app,
    seen,
    url,
    connect: (target, options) => Plain.connect(`${url.replace('http', 'ws')}${target}`, options),
  }
}

class Plain {
  readonly got: unknown[] = []
  readonly socket: WebSocket
  closed: [code: number, reason: string] | null = null
  pings = 0

  constructor(socket: WebSocket) {
    this.socket = socket
    socket.on('message', (bytes: Buffer, isBinary) => this.got.push(isBinary ? [...bytes] : bytes.toString()))
    socket.on('ping', () => this.pings++)
    socket.on('close', (code, reason) => {
      this.closed = [code, reason.toString()]
    })
  }

  static async connect(
    url: string,
    { pongs = true, origin }: { pongs?: boolean; origin?: string } = {},
  ): Promise<Plain> {
    const client = new Plain(new WebSocket(url, { autoPong: pongs, ...(origin !== undefined && { origin }) }))
    closing.push(async () => client.socket.terminate())
    await new Promise((resolve, reject) => client.socket.once('open', resolve).once('error', reject))
    return client
  }
}

// Over sockets, on machines that have much else to do.
vi.setConfig({ testTimeout: 60_000 })
const PATIENT = { timeout: 15_000, interval: 5 }
const becomes = <T>(read: () => T, expected: T) => vi.waitFor(() => expect(read()).toEqual(expected), PATIENT)

describe('a plain WebSocket', () => {
  test('chats with whatever else is in the channel', async () => {
    const { app, connect } = await listen()
    const [tyr, bob] = [await connect('/plain/room:lobby?name=Tyr'), await connect('/plain/room:lobby')]
    tyr.socket.send('hi')
    await becomes(() => [tyr.got, bob.got], [['hi'], ['hi']])
    await app.channel('room:lobby').emit('message', 'from the server')
    await app.channel('room:lobby').emit('other', 'not told')
    await app.channel('room:lobby').emit('message', { n: 1 })
    await app.channel('room:lobby').emit('message', new Uint8Array([1, 2]))
    await becomes(() => bob.got, ['hi', 'from the server', '{"n":1}', [1, 2]])
    expect((await app.channel('room:lobby').members()).map(({ meta }) => meta)).toEqual([{ name: 'Tyr' }])
  })

  test('may send at once: what comes before the join is done waits for it, in order', async () => {
    const { connect } = await listen()
    const tyr = await connect('/plain/room:lobby')
    for (const text of ['one', 'two', 'three']) tyr.socket.send(text)
    await becomes(() => tyr.got, ['one', 'two', 'three'])
  })

  test('its messages carry the name that it is seen under', async () => {
    const { app, connect } = await listen()
    const from: unknown[] = []
    app.channel('room:lobby').observe((event) => event.kind === 'message' && from.push(event.from))
    const tyr = await connect('/plain/room:lobby?name=Tyr&user=u1')
    tyr.socket.send('hi')
    await becomes(() => from, [{ key: 'u1', connection: expect.any(String), name: 'Tyr' }])
  })

  test('authenticate gets name, user and token of the query', async () => {
    const { seen, connect } = await listen()
    await connect('/plain/room:lobby?name=Tyr&user=u1&token=t1&other=x')
    await connect('/plain/room:lobby')
    expect(seen).toEqual([
      { dialect: 'plain', credentials: { name: 'Tyr', user: 'u1', token: 't1' } },
      { dialect: 'plain', credentials: {} },
    ])
  })

  test('other parameters are what the channel wants to be told', async () => {
    const { connect } = await listen()
    const tyr = await connect('/plain/private:a?invite=please')
    tyr.socket.send('in')
    await becomes(() => tyr.got, ['in'])
  })

  test('presence can be given whole, or be off', async () => {
    const { app, connect } = await listen()
    const presence = encodeURIComponent('{"name":"Bob","away":true}')
    await connect(`/plain/room:lobby?name=Tyr&presence=${presence}`)
    await connect('/plain/room:lobby?name=Eve&presence=off')
    const members = async () => (await app.channel('room:lobby').members()).map(({ meta }) => meta)
    await vi.waitFor(async () => expect(await members()).toEqual([{ name: 'Bob', away: true }]), PATIENT)
  })

  test('last begins with the newest messages', async () => {
    const { app, connect } = await listen()
    for (const text of ['one', 'two', 'three']) await app.channel('log:a').emit('message', text)
    const late = await connect('/plain/log:a?last=2')
    late.socket.send('four')
    await becomes(() => late.got, ['two', 'three', 'four'])
  })

  test('a name is no hindrance where nobody is shown', async () => {
    const { connect } = await listen()
    const tyr = await connect('/plain/log:a?name=Tyr')
    tyr.socket.send('hi')
    await becomes(() => tyr.got, ['hi'])
  })

  test.each([
    ['/plain', 4400, 'name a topic, as in /plain/room:lobby'],
    ['/plain/%ff', 4400, 'the topic is not a valid URL encoding'],
    ['/plain/room:a?last=x', 4400, 'last must be a whole number from 0'],
    ['/plain/nothing', 4407, 'There is no channel "nothing"'],
    ['/plain/private:a?invite=x', 4403, 'an invitation is needed'],
    ['/plain/private:a', 4408, /^The join input of private:a is not valid: /],
    ['/plain/room:a?name=a%20name%20too%20long', 4408, /^The presence for room:a is not valid: name: /],
    ['/plain/room:a?presence={}', 4408, /^The presence for room:a is not valid: name: /],
    ['/plain/log:a?presence={}', 4408, 'log:a has no presence'],
  ])('%s is closed with %i', async (target, code, reason) => {
    const { connect } = await listen()
    const client = await connect(target)
    await becomes(() => client.closed?.[0], code)
    expect(client.closed?.[1]).toMatch(reason)
    expect(client.got).toEqual([])
  })

  test.each([
    ['', 4408, /^message on room:a is not valid: /],
    ['x'.repeat(21), 4408, /^message on room:a is not valid: /],
    ['forbidden', 4403, /^not that word$/],
    [new Uint8Array([1]), 4408, /^message on room:a is not valid: /],
  ])('a message that is refused closes it, and says why', async (frame, code, reason) => {
    const { connect } = await listen()
    const [tyr, bob] = [await connect('/plain/room:a'), await connect('/plain/room:a')]
    tyr.socket.send('fine')
    tyr.socket.send(frame)
    await becomes(() => tyr.closed?.[0], code)
    expect(tyr.closed?.[1]).toMatch(reason)
    await becomes(() => bob.got, ['fine'])
    expect(bob.closed).toBeNull()
  })

  test('with `refusal` it is told in a frame instead, and goes on', async () => {
    const { connect } = await listen({ refusal: ({ code }) => `! ${code}` })
    const tyr = await connect('/plain/room:a')
    for (const text of ['', 'forbidden', 'fine']) tyr.socket.send(text)
    await vi.waitFor(() => expect(tyr.got).toHaveLength(3), PATIENT)
    expect([...tyr.got].sort()).toEqual(['! invalid_payload', '! refused', 'fine'])
  })

  test('too fast is closed with its own code', async () => {
    const { connect } = await listen()
    const tyr = await connect('/plain/room:a')
    for (let i = 0; i < 400; i++) tyr.socket.send('x')
    await becomes(() => tyr.closed?.[0], 4405)
  })

  test('as JSON, and with another event, beside the first', async () => {
    const { seen, connect } = await listen(
      {},
      { name: 'json', path: '/json', format: 'json' },
      { name: 'o', path: '/a/b', event: 'other' },
    )
    const [things, other] = [await connect('/json/thing:a'), await connect('/a/b/room:a/x')]
    things.socket.send('{"n":1}')
    await becomes(() => things.got, ['{"n":1}'])
    other.socket.send('by another event')
    await becomes(() => other.got, ['by another event'])
    expect(seen).toMatchObject([{ dialect: 'json' }, { dialect: 'o' }])
    things.socket.send('{"n":')
    await becomes(() => things.closed, [4400, 'The message is not JSON'])
  })

  test('is pinged below its messages: who answers stays, who does not is closed', async () => {
    const { connect } = await listen({ pingMs: 50, deadMs: 1_500 })
    const [lively, dead] = [
      await connect('/plain/room:a?user=a'),
      await connect('/plain/room:a?user=b', { pongs: false }),
    ]
    await vi.waitFor(() => expect(dead.closed).toEqual([4000, 'no ping was answered in time']), PATIENT)
    await vi.waitFor(() => expect(lively.pings).toBeGreaterThan(1), PATIENT)
    expect([lively.closed, lively.got, dead.got]).toEqual([null, [], []])
  })

  test('a page of another origin may not connect, and a plain request is told what is missing', async () => {
    const { url, connect } = await listen()
    await expect(connect('/plain/room:a', { origin: 'https://evil.example' })).rejects.toThrow('403')
    const answer = await fetch(`${url}/plain/room:a`)
    expect([answer.status, await answer.text()]).toEqual([426, 'This is a WebSocket endpoint'])
  })
})
