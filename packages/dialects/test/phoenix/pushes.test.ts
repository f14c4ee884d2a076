import { describe, expect, test } from 'vitest'
import { HandSession, no, ok } from './hand-session.ts'

const T = 'room:a'
const UNMATCHED = { status: 'error', response: { reason: 'unmatched topic' } }
const OK = { status: 'ok', response: {} }
const reply = (joinRef: unknown, ref: unknown, payload: unknown = OK, topic = T) => [
  joinRef,
  ref,
  topic,
  'phx_reply',
  payload,
]
const close = (joinRef: unknown, payload: unknown = {}) => [joinRef, joinRef, T, 'phx_close', payload]
const error = (code: string, reason = 'why') => ({ status: 'error', response: { reason, code } })

describe('an event', () => {
  test('on a topic that is not joined is unmatched', () => {
    const hand = HandSession.open()
    hand.say('1', '4', T, 'message', 'hi')
    hand.say(null, '5', 'nope', 'message', 'hi')
    expect(hand.take()).toEqual([reply(null, '4', UNMATCHED), reply(null, '5', UNMATCHED, 'nope')])
    expect(hand.kinds).toEqual([])
  })

  test('is a send', () => {
    const hand = HandSession.open()
    hand.join(T)
    hand.say('1', '2', T, 'message', 'hi')
    expect(hand.asked).toMatchObject([{ kind: 'send', alias: T, event: 'message', payload: 'hi', id: null }])
    hand.answer(ok({ position: { epoch: 'e', offset: 7 } }))
    expect(hand.take()).toEqual([reply('1', '2', { status: 'ok', response: { position: ['e', 7] } })])
  })

  test('that the contract calls a call is one, and its reply is the response', () => {
    const hand = HandSession.open()
    hand.join(T)
    hand.say('1', '2', T, 'twice', 21)
    expect(hand.asked).toMatchObject([{ kind: 'call', alias: T, name: 'twice', payload: 21 }])
    hand.answer(ok(42))
    expect(hand.take()).toEqual([reply('1', '2', { status: 'ok', response: 42 })])
  })

  test('may have bytes', () => {
    const hand = HandSession.open()
    hand.join('bare:a')
    const sent = Buffer.concat([Buffer.from([0, 1, 1, 6, 5]), Buffer.from('12bare:atwice'), Buffer.from([7])])
    hand.raw(new Uint8Array(sent))
    expect(hand.asked).toMatchObject([{ kind: 'send', event: 'twice', payload: new Uint8Array([7]) }])
  })

  test.each(['toString', '__proto__', 'constructor', 'phx_reply', 'phx_close', ''])('named %j is a send', (event) => {
    const hand = HandSession.open()
    hand.join(T)
    hand.say('1', '2', T, event, {})
    expect(hand.asked).toMatchObject([{ kind: 'send', event }])
    hand.answer(no('unknown_event'))
    expect(hand.take()).toEqual([reply('1', '2', error('unknown_event'))])
  })

  test.each(['rate_limited', 'invalid_payload', 'unauthorized'] as const)(
    'that is refused as %s is told so',
    (code) => {
      const hand = HandSession.open()
      hand.join(T)
      hand.say('1', '2', T, 'message', 'hi')
      hand.answer(no(code))
      expect(hand.take()).toEqual([reply('1', '2', error(code))])
      expect(hand.kinds).toEqual([])
    },
  )

  test('whose channel has ended meanwhile is unmatched', () => {
    const hand = HandSession.open()
    hand.join(T)
    hand.say('1', '2', T, 'message', 'hi')
    hand.answer(no('not_joined'))
    expect(hand.take()).toEqual([reply(null, '2', UNMATCHED)])
  })

  test('whose handler breaks ends its channel, and no other', () => {
    const hand = HandSession.open()
    hand.join(T, '1')
    hand.join('room:b', '2')
    hand.say('1', '3', T, 'message', 'hi')
    hand.answer(no('internal'))
    hand.answer(ok())
    expect(hand.take()).toEqual([
      reply('1', '3', error('internal')),
      ['1', '1', T, 'phx_error', { reason: 'channel_crash' }],
    ])
    hand.say('1', '4', T, 'message', 'hi')
    hand.say('2', '5', 'room:b', 'message', 'hi')
    expect(hand.take()).toEqual([reply(null, '4', UNMATCHED)])
    expect(hand.kinds).toEqual(['send'])
    hand.say('6', '6', T, 'phx_join', {})
    expect(hand.kinds).toEqual(['send', 'join'])
  })

  test('whose handler breaks behind the end of its channel ends nothing', () => {
    const hand = HandSession.open()
    hand.join(T, '1')
    hand.say('1', '2', T, 'message', 'hi')
    hand.say('1', '3', T, 'phx_leave', {})
    hand.tick(5_000)
    const [send, leave] = hand.asked.splice(0)
    hand.do(hand.session.answer(leave!, ok(), 0))
    hand.join(T, '4')
    hand.do(hand.session.answer(send!, no('internal'), 0))
    expect(hand.take()).toEqual([reply('1', '2', error('internal'))])
    expect(hand.kinds).toEqual([])
  })
})

describe('presence', () => {
  test('is changed by events of its own', () => {
    const hand = HandSession.open()
    hand.join(T)
    hand.say('1', '2', T, 'presence', { name: 'Tyr', away: true })
    hand.say('1', '3', T, 'presence', 'off')
    expect(hand.asked).toMatchObject([
      { kind: 'track', alias: T, meta: { name: 'Tyr', away: true } },
      { kind: 'untrack', alias: T },
    ])
    hand.answer(ok())
    hand.answer(ok())
    expect(hand.take()).toEqual([reply('1', '2'), reply('1', '3')])
  })

  test.each(['own:a', 'bare:a'])('is not where the contract says otherwise: %s', (topic) => {
    const hand = HandSession.open()
    hand.join(topic)
    hand.say('1', '2', topic, 'presence', 'x')
    expect(hand.asked).toMatchObject([{ kind: 'send', event: 'presence' }])
  })

  const version = { epoch: 'e', version: 2 }
  const entries = [{ id: 'c', key: 'tyr', rev: 3, meta: { name: 'Tyr' } }]
  const told = ['1', null, T, 'presence_state', { tyr: { metas: [{ name: 'Tyr', phx_ref: 'c:3' }] } }]

  test('that had passed the client by is told whole', () => {
    const hand = HandSession.open()
    hand.join(T)
    hand.do(hand.session.notify({ kind: 'roster', alias: T, roster: { version, entries } }))
    expect(hand.take()).toEqual([told])
  })

  test('of which only the difference is known is asked for whole', () => {
    const hand = HandSession.open()
    hand.join(T)
    const roster = { version, since: 0, joins: entries, updates: [], leaves: [] }
    hand.do(hand.session.notify({ kind: 'roster', alias: T, roster }))
    expect(hand.asked).toMatchObject([{ kind: 'roster', alias: T, since: null }])
    hand.answer(ok({ version, entries }))
    expect(hand.take()).toEqual([told])
  })

  test('that cannot be asked for now is asked for later', () => {
    const hand = HandSession.open()
    hand.join(T)
    const roster = { version, since: 0, joins: [], updates: [], leaves: [] }
    hand.do(hand.session.notify({ kind: 'roster', alias: T, roster }))
    hand.answer(no('rate_limited'))
    hand.tick(1_000)
    expect(hand.kinds).toEqual(['roster'])
    hand.answer(ok({ version, entries }))
    expect(hand.take()).toEqual([told])
    hand.tick(2_000)
    expect(hand.kinds).toEqual([])
  })
})

describe('told by the server', () => {
  test('that it is out, a client is told why, and is out', () => {
    const hand = HandSession.open()
    hand.join(T, '5')
    hand.do(hand.session.notify({ kind: 'left', alias: T, reason: 'spam' }))
    expect(hand.take()).toEqual([close('5', { reason: 'spam' })])
    hand.say('5', '6', T, 'message', 'hi')
    expect(hand.take()).toEqual([reply(null, '6', UNMATCHED)])
  })

  test('that messages are lost, it has to join again', () => {
    const hand = HandSession.open()
    hand.join(T, '5')
    const position = { epoch: 'e', offset: 9 }
    hand.do(hand.session.notify({ kind: 'gap', alias: T, reason: 'too_old', position }))
    hand.answer(ok())
    expect(hand.take()).toEqual([['5', '5', T, 'phx_error', { reason: 'messages were lost', gap: 'too_old' }]])
  })

  test('that it stops, the connection is closed, and no channel is told that it is over', () => {
    const hand = HandSession.open()
    hand.join(T)
    hand.do(hand.session.notify({ kind: 'closing', reason: 'stopping', retryAfterMs: 1, spreadMs: 1 }))
    expect([hand.closed, hand.take()]).toEqual([{ code: 1012, reason: 'stopping' }, []])
  })

  test.each(['left', 'gap', 'roster'] as const)('of a topic that it is not in, it is told nothing: %s', (kind) => {
    const hand = HandSession.open()
    const roster = { version: { epoch: 'e', version: 1 }, entries: [] }
    const position = { epoch: 'e', offset: 1 }
    hand.do(hand.session.notify({ kind, alias: T, reason: 'too_old', position, roster } as never))
    expect([hand.take(), hand.kinds]).toEqual([[], []])
  })
})
