import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { exportJWK, generateKeyPair, SignJWT } from 'jose'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Identity, jwt } from '../../src/index.ts'
import { handshake } from '../support/peer.ts'

const SECRET = 'a secret of at least thirty-two bytes'
const bytes = new TextEncoder().encode(SECRET)
const soon = () => Math.floor(Date.now() / 1000) + 60

const ask = (authenticate: ReturnType<typeof jwt>, credentials: unknown) =>
  authenticate({ credentials, handshake: handshake(), dialect: 'rollcall', data: {}, connection: 'c' })

const sign = (claims: object, alg = 'HS256', key: Uint8Array = bytes) =>
  new SignJWT({ sub: 'alice', ...claims }).setProtectedHeader({ alg }).sign(key)

describe('a token with a shared secret', () => {
  const authenticate = jwt({ secret: SECRET, algorithms: ['HS256'], issuer: 'us', audience: 'chat' })

  it('makes a user that expires', async () => {
    const exp = soon()
    const token = await sign({ name: 'Alice', iss: 'us', aud: 'chat', exp, iat: 5 })
    for (const credentials of [token, { token }]) {
      const identity = (await ask(authenticate, credentials)) as Identity
      expect(identity).toBeInstanceOf(Identity)
      expect(identity).toMatchObject({ user: { id: 'alice', name: 'Alice' }, expiresAt: exp * 1000, issuedAt: 5000 })
    }
  })

  it.each<[string, object, string | null]>([
    ['its sid', { sid: 's1', jti: 'j1' }, 's1'],
    ['its jti, without a sid', { jti: 'j1' }, 'j1'],
    ['its jti, with a sid that is no text', { sid: 7, jti: 'j1' }, 'j1'],
    ['none, without a text', { sid: {}, jti: 7 }, null],
    ['none', {}, null],
  ])('has %s for a session', async (_, claims, session) => {
    const token = await sign({ iss: 'us', aud: 'chat', exp: soon(), ...claims })
    expect(await ask(authenticate, token)).toMatchObject({ session })
  })

  it('has the session that the application reads from it', async () => {
    const own = jwt({ secret: SECRET, algorithms: ['HS256'], session: ({ device }) => String(device) })
    expect(await ask(own, await sign({ exp: soon(), device: 'd1', sid: 's1' }))).toMatchObject({ session: 'd1' })
  })

  it.each([
    ['none at all', undefined, 'a token is needed'],
    ['a number', 7, 'a token is needed'],
    ['a token field of the prototype', {}, 'a token is needed'],
    ['nonsense', 'x.y.z', 'the token is not valid'],
    ['one that is far too long', 'x'.repeat(10_000), 'the token is too long'],
  ])('%s is refused', async (_, credentials, message) => {
    expect(await ask(authenticate, credentials)).toMatchObject({ allowed: false, refusal: { message } })
  })

  it.each([
    ['without exp', { iss: 'us', aud: 'chat' }, 'the token is not valid'],
    ['expired by more than the tolerance', { iss: 'us', aud: 'chat', exp: soon() - 200 }, 'the token has expired'],
    ['of another issuer', { iss: 'them', aud: 'chat', exp: soon() }, 'the token is not valid'],
    ['for another audience', { iss: 'us', aud: 'bank', exp: soon() }, 'the token is not valid'],
    ['without a subject', { sub: undefined, iss: 'us', aud: 'chat', exp: soon() }, 'the token is not valid'],
  ])('%s is refused', async (_, claims, message) => {
    expect(await ask(authenticate, await sign(claims))).toMatchObject({ allowed: false, refusal: { message } })
  })

  it('with an algorithm that is not on the list, or none, is refused', async () => {
    const other = await sign({ iss: 'us', aud: 'chat', exp: soon() }, 'HS512', new Uint8Array(64))
    const [, payload] = (await sign({ iss: 'us', aud: 'chat', exp: soon() })).split('.')
    const none = `${Buffer.from('{"alg":"none"}').toString('base64url')}.${payload}.`
    for (const token of [other, none])
      expect(await ask(authenticate, token)).toMatchObject({ refusal: { message: 'the token is not valid' } })
  })
})

describe('a token with published keys', () => {
  const asked: string[] = []
  const server = createServer()
  let url = ''
  let good: CryptoKey
  let evil: CryptoKey

  beforeAll(async () => {
    const pair = await generateKeyPair('ES256')
    good = pair.privateKey
    evil = (await generateKeyPair('ES256')).privateKey
    const jwk = { ...(await exportJWK(pair.publicKey)), kid: 'k1', alg: 'ES256' }
    server.on('request', (request, response) => {
      asked.push(request.url ?? '')
      response.setHeader('content-type', 'application/json')
      response.end(JSON.stringify({ keys: [jwk] }))
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  })
  afterAll(() => void server.close())

  const make = (key: CryptoKey, header: object, iss = 'us') =>
    new SignJWT({ sub: 'alice', exp: soon(), iss }).setProtectedHeader({ alg: 'ES256', ...header }).sign(key)

  it('is checked with the key that it names, and keys are fetched once', async () => {
    const authenticate = jwt({ jwksUrl: `${url}/keys`, issuer: 'us', algorithms: ['ES256'] })
    for (let i = 0; i < 5; i++)
      expect(await ask(authenticate, await make(good, { kid: 'k1' }))).toMatchObject({ user: { id: 'alice' } })
    expect(await ask(authenticate, await make(evil, { kid: 'k1' }))).toMatchObject({ allowed: false })
    expect(await ask(authenticate, await make(good, { kid: 'k1' }, 'them'))).toMatchObject({ allowed: false })
    for (let i = 0; i < 20; i++) await ask(authenticate, await make(evil, { kid: `unknown${i}` }))
    expect(asked.filter((path) => path === '/keys').length).toBeLessThanOrEqual(2)
  })

  it('cannot make the server ask anywhere else', async () => {
    const authenticate = jwt({ jwksUrl: `${url}/keys2`, issuer: 'us', algorithms: ['ES256'] })
    await ask(authenticate, await make(evil, { kid: 'x', jku: `${url}/evil`, x5u: `${url}/evil` }, `${url}/evil`))
    expect(asked.some((path) => path.includes('evil'))).toBe(false)
  })
})

describe('options that would believe more than they say', () => {
  it.each([
    ['no key', { algorithms: ['HS256'] }],
    ['both kinds of key', { secret: SECRET, jwksUrl: 'https://x', issuer: 'us', algorithms: ['HS256'] }],
    ['a short secret', { secret: 'short', algorithms: ['HS256'] }],
    ['no algorithm', { secret: SECRET, algorithms: [] }],
    ['an algorithm of the other kind', { secret: SECRET, algorithms: ['RS256'] }],
    ['none', { secret: SECRET, algorithms: ['none'] }],
    ['published keys without an issuer', { jwksUrl: 'https://x', algorithms: ['ES256'] }],
  ])('%s is refused when the server is made', (_, options) => {
    expect(() => jwt(options)).toThrow(TypeError)
  })
})
