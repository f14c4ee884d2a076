import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { channel, contract } from '@rollcall/core'
import { phoenix } from '@rollcall/dialects/phoenix'
import { plain } from '@rollcall/dialects/plain'
import { exportJWK, generateKeyPair, SignJWT } from 'jose'
import { type Authenticate, allow, identify, jwt, memoryBus, refuse, rollcall } from 'rollcall'
import { describe, expect, test, vi } from 'vitest'
import { z } from 'zod'
import { Native } from '../support/native.ts'
import { RawSocket } from '../support/raw-socket.ts'
import { until } from '../support/until.ts'
import { afterwards, stage } from './stage.ts'

interface Shown {
  readonly user: string
  readonly livesMs?: number
  readonly issuedAt?: number
  readonly session?: string
}

const authenticate: Authenticate = ({ credentials }) => {
  const { user, livesMs, issuedAt, session } = credentials as Shown
  return identify(
    { id: user },
    {
      ...(livesMs && { expiresAt: Date.now() + livesMs }),
      ...(issuedAt && { issuedAt }),
      ...(session && { session }),
    },
  )
}

describe('rooms of others', () => {
  test('a history is for those who were let in', async () => {
    const { hello, join, app } = await stage({ authenticate })
    await (app.channel('private:k1') as unknown as { emit(event: string, text: string): Promise<unknown> }).emit(
      'note',
      'secret',
    )
    const friend = await join('private:k1', { credentials: { user: 'tyr' } }, { input: { key: 'k1' }, last: 10 })
    await friend.raw.until(() => friend.messages.length > 0, 'what was said')
    expect(friend.messages).toEqual(['secret'])
    const mallory = await hello({ credentials: { user: 'mallory' } })
    expect(await mallory.outcome('history', 'private:k1', {})).toBe('not_joined')
    expect(await mallory.outcome('join', 'private:k1', { input: { key: 'x' }, last: 10 })).toBe('refused')
    expect(await mallory.outcome('history', 'private:k1', {})).toBe('not_joined')
    expect(await mallory.outcome('roster', 'private:k1', {})).toBe('not_joined')
    expect(JSON.stringify(mallory.frames)).not.toContain('secret')
  })

  test('a token to resume with is worth nothing in other hands', async () => {
    const { hello, join } = await stage({ authenticate, graceMs: 5_000 })
    const tyr = await join('private:k1', { credentials: { user: 'tyr' } }, { input: { key: 'k1' } })
    const { resume, connection } = tyr.welcome
    const mallory = await hello({ credentials: { user: 'mallory' }, resume })
    expect(mallory.welcome).toMatchObject({ resumed: false, user: { id: 'mallory' } })
    expect(mallory.welcome['connection']).not.toBe(connection)
    expect(await mallory.outcome('join', 'private:k1', {})).toBe('invalid_payload')
    tyr.raw.destroy()
    const again = await hello({ credentials: { user: 'mallory' }, resume })
    expect(again.welcome['resumed']).toBe(false)
    expect(await again.outcome('join', 'private:k1', {})).toBe('invalid_payload')
    const back = await hello({ credentials: { user: 'tyr' }, resume })
    expect(back.welcome).toMatchObject({ resumed: true, connection })
  })

  test('what a client asks not to be told, or to be told, changes nothing: only a join that was let in does', async () => {
    const { hello, join } = await stage({ authenticate })
    const mallory = await hello({ credentials: { user: 'mallory' } })
    for (const options of [{ filter: '*' }, { topics: ['room:a'] }, { all: true }])
      expect(await mallory.outcome('join', 'private:k1', { ...options, input: { key: 'x' } })).toBe('refused')
    expect(await mallory.outcome('join', 'room:{room}', {})).toBe('ok')
    expect(await mallory.outcome('join', 'room:*', {})).toBe('ok')
    const tyr = await join('room:a', { credentials: { user: 'tyr' } })
    await tyr.ask('send', 'room:a', 'message', 'among us')
    await tyr.raw.until(() => tyr.messages.length > 0, 'the message')
    expect(await mallory.outcome('send', 'room:a', 'message', 'x')).toBe('not_joined')
    expect(mallory.messages).toEqual([])
    expect(tyr.messages).toEqual(['among us'])
  })

  test('nothing comes after a leave, nor after a kick', async () => {
    const { join, app } = await stage({ authenticate })
    const [tyr, bob, eve] = await Promise.all(
      ['tyr', 'bob', 'eve'].map((user) => join('room:a', { credentials: { user } })),
    )
    await bob!.ask('leave', 'room:a')
    await app.channel('room:a').kick({ user: 'eve' }, 'rude')
    await eve!.first('left')
    await tyr!.ask('send', 'room:a', 'message', 'who is still here?')
    await tyr!.raw.until(() => tyr!.messages.length > 0, 'the message')
    // What had come to them would have come before the answer.
    for (const each of [bob, eve]) await each!.ask('ping')
    expect([tyr, bob, eve].map((each) => each!.messages)).toEqual([['who is still here?'], [], []])
  })
})

describe('credentials', () => {
  test('that end in two seconds end the connection then, unless they are refreshed', async () => {
    const { hello } = await stage({ authenticate })
    const began = performance.now()
    const [late, refreshed] = [
      await hello({ credentials: { user: 'late', livesMs: 2_000 } }),
      await hello({ credentials: { user: 'fresh', livesMs: 2_000 } }),
    ]
    expect(await refreshed.outcome('refresh', { user: 'fresh', livesMs: 60_000 })).toBe('ok')
    expect(await late.end()).toBe(4004)
    const lived = performance.now() - began
    expect(lived).toBeGreaterThan(1_900)
    expect(lived).toBeLessThan(15_000)
    await refreshed.ask('ping')
  })

  test('that were revoked on one node are out on the other within two seconds, also while they are away', async () => {
    const bus = memoryBus()
    const a = await stage({ authenticate, broker: bus.broker('a'), graceMs: 60_000 })
    const b = await stage({ authenticate, broker: bus.broker('b'), graceMs: 60_000 })
    const old = { user: 'mallory', issuedAt: Date.now() - 60_000 }
    const here = await a.join('room:a', { credentials: old })
    const there = await b.join('room:a', { credentials: old })
    const away = await b.join('room:a', { credentials: old })
    const { resume } = away.welcome
    away.raw.destroy()
    await until(() => [...b.app.connections()].length === 1)
    const began = performance.now()
    await a.app.revoke({ user: 'mallory' })
    expect(await Promise.all([here.end(), there.end()])).toEqual([4403, 4403])
    expect(performance.now() - began).toBeLessThan(2_000)
    for (const { url } of [a, b]) {
      const again = await Native.open(url)
      again.say('hello', { credentials: old, resume })
      expect(await again.end()).toBe(4402)
    }
    const anew = await b.hello({ credentials: { user: 'mallory', issuedAt: Date.now() + 2_000 }, resume })
    expect(anew.welcome['resumed']).toBe(false)
  })

  test('of one session that was revoked are out everywhere, resumed or away, and the user’s others are not', async () => {
    const bus = memoryBus()
    const a = await stage({ authenticate, broker: bus.broker('a'), graceMs: 60_000 })
    const b = await stage({ authenticate, broker: bus.broker('b'), graceMs: 60_000 })
    const stolen = { user: 'tyr', session: 'stolen', issuedAt: Date.now() - 60_000 }
    const kept = { user: 'tyr', session: 'kept', issuedAt: Date.now() - 60_000 }
    const here = await a.join('room:a', { credentials: stolen })
    // This one came over from the other node.
    const before = await a.join('room:a', { credentials: stolen })
    before.raw.destroy()
    const moved = await b.hello({ credentials: stolen, resume: before.welcome.resume })
    expect(moved.welcome['resumed']).toBe(true)
    const away = await b.join('room:a', { credentials: stolen })
    const mine = await b.join('room:a', { credentials: kept })
    const mineAway = await b.join('room:a', { credentials: kept })
    for (const lost of [away, mineAway]) lost.raw.destroy()
    await until(() => [...b.app.connections()].length === 2)
    const began = performance.now()
    expect(await a.app.revoke({ session: 'stolen' })).toBe(2)
    expect(await Promise.all([here.end(), moved.end()])).toEqual([4403, 4403])
    expect(performance.now() - began).toBeLessThan(2_000)
    for (const { url } of [a, b])
      for (const { welcome } of [here, moved, away]) {
        const again = await Native.open(url)
        again.say('hello', { credentials: { ...stolen, issuedAt: Date.now() + 60_000 }, resume: welcome.resume })
        expect(await again.end()).toBe(4402)
      }
    await mine.ask('ping')
    const back = await b.hello({ credentials: kept, resume: mineAway.welcome.resume })
    expect(back.welcome['resumed']).toBe(true)
  })

  test.each([
    ['a WebSocket of Phoenix', '/socket/websocket?vsn=2.0.0&token=guess', true],
    ['a long poll of Phoenix', '/socket/longpoll?vsn=2.0.0&token=guess', false],
    ['a native client', '/rollcall', true],
  ])('that are refused are counted and told of, for %s', async (_, path, webSocket) => {
    const told: object[] = []
    const note = (fields: object) => void told.push(fields)
    const { app, url, ask } = await stage({
      authenticate: () => refuse('who are you?'),
      dialects: [phoenix()],
      logger: { info: note, warn: note, error: note },
    })
    if (path === '/rollcall') {
      const native = await Native.open(url)
      native.say('hello', { credentials: 'guess' })
      expect(await native.end()).toBe(4402)
    } else if (webSocket) expect((await ask(path)).status).toBe(403)
    else await (await fetch(url + path)).text()
    expect(app.stats().refusals).toEqual({ unauthorized: 1 })
    expect(told).toContainEqual(
      expect.objectContaining({ event: 'request_refused', request: 'hello', code: 'unauthorized' }),
    )
    expect(JSON.stringify(told)).not.toContain('guess')
  })

  test('count for nothing where who is away was put out meanwhile', async () => {
    const { app, hello, join } = await stage({ authenticate, graceMs: 60_000 })
    const credentials = { user: 'tyr' }
    const [gone, kicked] = [await join('room:a', { credentials }), await join('room:a', { credentials })]
    for (const lost of [gone, kicked]) lost.raw.destroy()
    await until(() => [...app.connections()].length === 0)
    await app.disconnect({ connection: String(gone.welcome['connection']) })
    await app.channel('room:a').kick({ connection: String(kicked.welcome['connection']) })
    const again = await hello({ credentials, resume: gone.welcome.resume })
    expect(again.welcome['resumed']).toBe(false)
    const back = await hello({ credentials, resume: kicked.welcome.resume })
    expect(back.welcome['resumed']).toBe(true)
    expect(await back.outcome('send', 'room:a', 'message', 'still here?')).toBe('not_joined')
  })
})

describe('keys', () => {
  async function issuer(name: string) {
    const pair = await generateKeyPair('ES256')
    const asked: string[] = []
    // The same key id as every other issuer's.
    const jwk = { ...(await exportJWK(pair.publicKey)), kid: 'k1', alg: 'ES256' }
    const server = createServer((request, response) => {
      asked.push(request.url ?? '')
      response.setHeader('content-type', 'application/json').end(JSON.stringify({ keys: [jwk] }))
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    afterwards(() => {
      server.closeAllConnections()
      server.close()
    })
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    const sign = (claims: object, header: object = {}) =>
      new SignJWT({ sub: 'tyr', exp: Math.floor(Date.now() / 1000) + 60, iss: name, ...claims })
        .setProtectedHeader({ alg: 'ES256', kid: 'k1', ...header })
        .sign(pair.privateKey)
    return { url, asked, sign, check: jwt({ jwksUrl: `${url}/keys`, issuer: name, algorithms: ['ES256'] }) }
  }

  const admits = async (url: string, token: string) => {
    const native = await Native.open(url)
    afterwards(() => native.raw.destroy())
    native.say('hello', { credentials: { token } })
    await native.raw.until(() => native.frames.length > 0 || native.closeCode !== undefined, 'a verdict')
    return native.closeCode ?? 'welcome'
  }

  test('of two issuers with the same id are not taken for each other, and alg none is no key', async () => {
    const [us, them] = [await issuer('us'), await issuer('them')]
    const either: Authenticate = async (given) => {
      const first = await us.check(given)
      return 'allowed' in first ? them.check(given) : first
    }
    const { url } = await stage({ authenticate: either })
    expect(await admits(url, await us.sign({}))).toBe('welcome')
    expect(await admits(url, await them.sign({}))).toBe('welcome')
    expect(await admits(url, await them.sign({ iss: 'us' }))).toBe(4402)
    expect(await admits(url, await us.sign({ iss: 'them' }))).toBe(4402)
    const [, payload] = (await us.sign({})).split('.')
    const none = Buffer.from('{"alg":"none","kid":"k1"}').toString('base64url')
    expect(await admits(url, `${none}.${payload}.`)).toBe(4402)
    const hmac = await new SignJWT({ sub: 'tyr', iss: 'us', exp: Math.floor(Date.now() / 1000) + 60 })
      .setProtectedHeader({ alg: 'HS256', kid: 'k1' })
      .sign(new TextEncoder().encode('a secret of at least thirty-two bytes'))
    expect(await admits(url, hmac)).toBe(4402)
  })

  test('are fetched from where the server was told, whatever a token says', async () => {
    const [us, evil] = [await issuer('us'), await issuer('evil')]
    const { url } = await stage({ authenticate: us.check })
    for (const header of [{ jku: `${evil.url}/jku` }, { x5u: `${evil.url}/x5u` }, { kid: `${evil.url}/kid` }])
      expect(await admits(url, await evil.sign({ iss: evil.url }, header))).toBe(4402)
    expect(await admits(url, await evil.sign({ iss: 'us', aud: evil.url }))).toBe(4402)
    expect(evil.asked).toEqual([])
  })
})

const SECRET = 'secret detail of the database at 10.0.0.7'

describe('what breaks inside', () => {
  const broken = contract({
    'a:{x}': channel({
      send: { message: z.string(), judged: z.string().transform(() => fail()) },
      emit: { message: z.string() },
      call: { ask: { input: z.string(), output: z.string() }, wrong: { input: z.string(), output: z.string() } },
      presence: z.object({ name: z.string() }),
      history: {},
    }),
    'b:{x}': channel({ send: { message: z.string() }, emit: { message: z.string() } }),
    'c:{x}': channel({ emit: { message: z.string() } }),
  })

  function fail(): never {
    throw new Error(SECRET)
  }

  test('is told to nobody outside: a fixed text, and the process lives', async () => {
    const errors: string[] = []
    const app = rollcall(
      broken,
      {
        'a:{x}': {
          join: () => allow(),
          leave: fail,
          message: async () => fail(),
          judged: fail,
          ask: fail,
          wrong: () => ({ secret: SECRET }) as unknown as string,
        },
        'b:{x}': { join: () => allow(), permit: fail, message: fail },
        'c:{x}': { join: fail },
      },
      {
        authenticate: ({ credentials }) => (credentials === 'break' ? fail() : { id: 'u' }),
        dialects: [plain({ refusal: fail })],
        onError: (what, error) => void errors.push(`${what} ${String(error)}`),
        api: { token: 'of-the-backend' },
      },
    )
    app.observe(fail)
    const { url } = await app.listen({ port: 0 })
    afterwards(() => app.close({ timeoutMs: 200 }))
    const seen: string[] = []
    const natives: Native[] = []
    const open = async (hello: object) => {
      const native = await Native.open(url)
      natives.push(native)
      native.say('hello', hello)
      return native
    }
    const refused = await open({ credentials: 'break' })
    expect(await refused.end()).toBe(4101)
    const native = await open({ credentials: 'fine' })
    await native.first('welcome')
    app.channel('a:1').observe(fail)
    expect(await native.outcome('join', 'a:1', { presence: { name: 'x' } })).toBe('ok')
    expect(await native.outcome('send', 'a:1', 'message', 'x')).toBe('internal')
    expect(await native.outcome('send', 'a:1', 'judged', 'x')).toBe('invalid_payload')
    expect(await native.outcome('call', 'a:1', 'ask', 'x')).toBe('internal')
    expect(await native.outcome('call', 'a:1', 'wrong', 'x')).toBe('internal')
    expect(await native.outcome('join', 'b:1')).toBe('ok')
    expect(await native.outcome('send', 'b:1', 'message', 'x')).toBe('unauthorized')
    expect(await native.outcome('join', 'c:1')).toBe('internal')
    expect(await native.outcome('leave', 'a:1')).toBe('ok')
    await app.channel('a:1').emit('message', 'x')
    await native.ask('ping')
    const listening = await RawSocket.open(`${url}/plain/a:1`)
    listening.write(Buffer.from([0x81, 0x81, 0, 0, 0, 0, 0x78]))
    await listening.until(() => listening.ended || listening.closeCode !== undefined, 'the close')
    for (const raw of [listening, ...natives.map((each) => each.raw)]) {
      seen.push(raw.head, ...raw.frames.map(({ payload }) => payload.toString('latin1')))
      raw.destroy()
    }
    const wrongBody = await fetch(`${url}/api/v1/topics/a%3A1/messages`, {
      method: 'POST',
      headers: { authorization: 'Bearer of-the-backend', 'content-type': 'application/json' },
      body: '{"event":"message","payload":7}',
    })
    seen.push(await wrongBody.text())
    for (const text of seen) expect(text).not.toMatch(/secret|10\.0\.0\.7|node_modules|\.ts:|at .*\(/)
    expect(errors.filter((error) => error.includes(SECRET)).length).toBeGreaterThan(5)
  })
})

describe('secrets', () => {
  test('of clients reach no log, also where everything fails', async () => {
    const token = 't0ken-that-must-not-be-seen'
    const written: string[] = []
    const spies = [process.stdout, process.stderr].map((stream) =>
      vi.spyOn(stream, 'write').mockImplementation((chunk) => {
        written.push(String(chunk))
        return true
      }),
    )
    try {
      const app = rollcall(
        contract({ 'room:{room}': channel({ send: { message: z.string() }, emit: { message: z.string() } }) }),
        {
          'room:{room}': {
            join: () => {
              throw new Error('the join broke')
            },
            message: () => {},
          },
        },
        {
          dialects: [plain()],
          authenticate: ({ credentials }) => {
            if (JSON.stringify(credentials).includes('break')) throw new Error('authenticate broke')
            return { id: 'u' }
          },
        },
      )
      const { url } = await app.listen({ port: 0 })
      for (const query of [
        `token=${token}`,
        `token=${token}&name=break`,
        `token=${token}&last=x`,
        `token=${token}%ff`,
      ]) {
        const raw = await RawSocket.open(`${url}/plain/room:a?${query}`)
        await raw.until(() => raw.closeCode !== undefined || raw.ended, 'the close')
        raw.destroy()
      }
      for (const credentials of [{ token }, { token, break: true }, [token]]) {
        const native = await Native.open(url, { headers: { authorization: `Bearer ${token}`, cookie: `s=${token}` } })
        native.say('hello', { credentials, resume: token })
        native.say('join', 1, `room:${'a'}`)
        native.raw.write(Buffer.from([0x81, 0x05]))
        await native.raw.until(() => native.closeCode !== undefined || native.raw.ended, 'the close')
        native.raw.destroy()
      }
      const metrics = JSON.stringify([app.stats(), await (await fetch(`${url}/api/v1/health?token=${token}`)).text()])
      await app.close({ timeoutMs: 200 })
      expect(metrics).not.toContain(token)
    } finally {
      for (const spy of spies) spy.mockRestore()
    }
    expect(written.join('')).toContain('the join broke')
    expect(written.join('')).not.toContain(token)
  })
})
