import type { Effect, JoinRequest, Outcome, Random, Refusal, Request } from '@rollcall/core'
import { describe, expect, test } from 'vitest'
import { plainCodec } from '../../src/plain/codec.ts'
import { PlainSession } from '../../src/plain/session.ts'
import { readVisit } from '../../src/plain/visit.ts'

const random: Random = { fraction: () => 0, token: () => 't' }
const ok: Outcome = { ok: true, result: null }
const no = (code: Refusal['code'], message = 'why'): Outcome => ({ ok: false, refusal: { code, message } })

function make(target: string, refusal: ((refusal: Refusal) => string | null) | null = null, format?: 'json') {
  const visit = readVisit(new URL(target, 'http://host'), '/plain', 64)
  if ('fault' in visit) throw new Error(visit.fault)
  const codec = plainCodec('message', format ?? 'text', 4)
  return new PlainSession({ visit, codec, refusal, pingMs: 1000, deadMs: 300 }, random, 0)
}

function requestIn(effects: readonly Effect[], at = 0): Request {
  const effect = effects[at]
  if (effect?.kind !== 'request') throw new Error(`${at} is no request: ${JSON.stringify(effects)}`)
  return effect.request
}

/** A session that has joined. */
function joined(
  target = '/plain/room:lobby',
  ...more: [refusal?: ((refusal: Refusal) => string | null) | null, format?: 'json']
) {
  const session = make(target, ...more)
  const join = requestIn(session.answer(requestIn(session.start()), ok))
  expect(session.answer(join, ok)).toEqual([])
  return session
}

const send = (payload: unknown): Effect => ({
  kind: 'request',
  request: { kind: 'send', ref: null, alias: 'room:lobby', event: 'message', payload, id: null },
})

describe('a plain session', () => {
  test('says hello with what the query gives, then joins the topic of the path', () => {
    const session = make('/plain/room:lobby?name=Tyr&token=abc&invite=x&last=5')
    const hello = session.start()
    expect(hello).toEqual([
      {
        kind: 'request',
        request: { kind: 'hello', ref: null, credentials: { name: 'Tyr', token: 'abc' }, resume: null },
      },
    ])
    expect(requestIn(session.answer(requestIn(hello), ok))).toMatchObject({
      kind: 'join',
      topic: 'room:lobby',
      alias: 'room:lobby',
      input: { invite: 'x' },
      presence: { name: 'Tyr' },
      since: { last: 5 },
      roster: null,
    })
  })

  test('stays unseen unless asked', () => {
    const session = make('/plain/room:lobby?user=u')
    expect((requestIn(session.answer(requestIn(session.start()), ok)) as JoinRequest).presence).toBeUndefined()
  })

  test('sends what came early right behind its join', () => {
    const session = make('/plain/room:lobby')
    const hello = requestIn(session.start())
    expect(session.receive('one', 0)).toEqual([])
    expect(session.receive(new Uint8Array([2]), 0)).toEqual([])
    const effects = session.answer(hello, ok)
    expect(requestIn(effects).kind).toBe('join')
    expect(effects.slice(1)).toEqual([send('one'), send(new Uint8Array([2]))])
  })

  test.each([
    ['frames', 257, 1],
    ['bytes', 3, 100_000],
  ])('bounds what comes early, by %s', (_, count, size) => {
    const session = make('/plain/room:lobby')
    session.start()
    for (let i = 1; i < count; i++) expect(session.receive('x'.repeat(size), 0)).toEqual([])
    expect(session.receive('x'.repeat(size), 0)).toMatchObject([{ kind: 'close', code: 4405 }])
    expect(session.receive('x', 0)).toEqual([])
  })

  test('a name does not keep a client out of a channel without presence', () => {
    const session = make('/plain/room:lobby?name=Tyr')
    const join = requestIn(session.answer(requestIn(session.start()), ok))
    const again = requestIn(session.answer(join, no('no_presence')))
    expect(again).toMatchObject({ kind: 'join', presence: undefined })
    expect(session.answer(again, no('no_presence'))).toMatchObject([{ kind: 'close', code: 4408 }])
  })

  test('asking for presence does, where there is none', () => {
    const session = make('/plain/room:lobby?presence={}')
    const join = requestIn(session.answer(requestIn(session.start()), ok))
    expect(session.answer(join, no('no_presence'))).toMatchObject([{ kind: 'close', code: 4408 }])
  })

  test.each([
    ['unauthorized', 4402],
    ['unavailable', 4101],
    ['internal', 1011],
  ] as const)('a hello refused as %s closes with %i', (code, closeCode) => {
    const session = make('/plain/room:lobby')
    const hello = requestIn(session.start())
    expect(session.answer(hello, no(code))).toEqual([{ kind: 'close', code: closeCode, reason: 'why' }])
    expect(session.receive('x', 0)).toEqual([])
    expect(session.tick(1e9)).toEqual([])
  })

  test.each([
    ['refused', 4403],
    ['unknown_topic', 4407],
    ['invalid_payload', 4408],
    ['unavailable', 4101],
    ['internal', 1011],
  ] as const)('a join refused as %s closes with %i', (code, closeCode) => {
    const session = make('/plain/room:lobby')
    const join = requestIn(session.answer(requestIn(session.start()), ok))
    expect(session.answer(join, no(code))).toEqual([{ kind: 'close', code: closeCode, reason: 'why' }])
  })

  test.each([
    ['invalid_payload', 4408],
    ['refused', 4403],
    ['rate_limited', 4405],
    ['unavailable', 4101],
    ['unknown_event', 4408],
  ] as const)('a message refused as %s closes with %i', (code, closeCode) => {
    const session = joined()
    const request = requestIn(session.receive('x', 0))
    expect(session.answer(request, no(code))).toEqual([{ kind: 'close', code: closeCode, reason: 'why' }])
    expect(session.answer(request, no(code))).toEqual([])
  })

  test('a reason is cut to what a close frame holds, and tells when to try again', () => {
    const session = joined()
    const refusal = { code: 'unavailable', message: 'm'.repeat(200), retryAfterMs: 1500 } as const
    const [close] = session.answer(requestIn(session.receive('x', 0)), { ok: false, refusal })
    expect(close).toMatchObject({ code: 4101, reason: expect.stringMatching(/^m{90,}… \(try again in 2 s\)$/) })
    expect((close as { reason: string }).reason.length).toBeLessThanOrEqual(120)
  })

  test('with `refusal` the connection stays, and is told so', () => {
    const session = joined('/plain/room:lobby', ({ code, message }) => `! ${code}: ${message}`)
    const request = requestIn(session.receive('x', 0))
    expect(session.answer(request, no('invalid_payload', 'too long'))).toEqual([
      { kind: 'write', payload: '! invalid_payload: too long' },
    ])
    expect(session.receive('y', 0)).toEqual([send('y')])
  })

  test('with a `refusal` that answers null nothing is told', () => {
    const session = joined('/plain/room:lobby', () => null)
    expect(session.answer(requestIn(session.receive('x', 0)), no('refused'))).toEqual([])
  })

  test('a `refusal` that throws closes', () => {
    const session = joined('/plain/room:lobby', () => {
      throw new Error('broken')
    })
    expect(session.answer(requestIn(session.receive('x', 0)), no('refused'))).toMatchObject([
      { kind: 'close', code: 1011 },
    ])
  })

  test.each([
    ['{', 4400],
    ['[[[[[]]]]]', 4404],
  ])('%s as JSON closes with %i', (frame, code) => {
    const session = joined('/plain/room:lobby', null, 'json')
    expect(session.receive('[1]', 0)).toEqual([send([1])])
    expect(session.receive(frame, 0)).toMatchObject([{ kind: 'close', code }])
    expect(session.receive('[1]', 0)).toEqual([])
  })

  test('a bad frame among those that came early ends the rest', () => {
    const session = make('/plain/room:lobby', null, 'json')
    const hello = requestIn(session.start())
    for (const frame of ['1', '{', '2']) session.receive(frame, 0)
    expect(session.answer(hello, ok).map(({ kind }) => kind)).toEqual(['request', 'request', 'close'])
  })

  test('is closed when kicked, and when messages are lost', () => {
    const gap = { kind: 'gap', alias: 'room:lobby', reason: 'too_old', position: { epoch: 'e', offset: 9 } } as const
    expect(joined().notify({ kind: 'left', alias: 'room:lobby', reason: 'spam' })).toEqual([
      { kind: 'close', code: 4403, reason: 'spam' },
    ])
    expect(joined().notify(gap)).toEqual([{ kind: 'close', code: 4003, reason: 'messages were lost' }])
    expect(joined().notify({ kind: 'closing', reason: 'r', retryAfterMs: 1, spreadMs: 1 })).toEqual([])
  })

  test('pings after silence, and ends without an answer', () => {
    const session = joined()
    expect(session.tick(499)).toEqual([])
    expect(session.tick(500)).toEqual([{ kind: 'ping' }])
    expect(session.tick(799)).toEqual([])
    expect(session.tick(800)).toEqual([{ kind: 'close', code: 4000, reason: 'no ping was answered in time' }])
  })

  test.each([
    ['a pong', (session: PlainSession) => session.alive(700)],
    ['a message', (session: PlainSession) => void session.receive('x', 700)],
  ])('%s is a sign of life', (_, live) => {
    const session = joined()
    session.tick(500)
    live(session)
    expect(session.tick(1699)).toEqual([])
    expect(session.tick(1700)).toEqual([{ kind: 'ping' }])
  })
})
