import type { RosterState } from '@rollcall/core'
import { describe, expect, test } from 'vitest'
import { HandSession, joined, no, ok } from './hand-session.ts'

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

describe('a connect', () => {
  test('says hello with the credentials of the handshake', () => {
    expect(new HandSession().asked).toEqual([
      { kind: 'hello', ref: null, credentials: { name: 'Tyr' }, resume: null, token: 'none' },
    ])
  })

  test('holds what comes early until it is let in', () => {
    const hand = new HandSession()
    hand.say('1', '1', T, 'phx_join', {})
    hand.say(null, '2', 'phoenix', 'heartbeat', {})
    expect([hand.kinds, hand.written]).toEqual([['hello'], []])
    hand.answer(ok())
    expect(hand.kinds).toEqual(['join'])
    expect(hand.take()).toEqual([reply(null, '2', OK, 'phoenix')])
  })

  test.each([
    ['frames', 257, 1],
    ['bytes', 3, 100_000],
  ])('bounds what comes early, by %s', (_, count, size) => {
    const hand = new HandSession()
    for (let i = 1; i < count; i++) hand.raw('x'.repeat(size))
    expect(hand.closed).toBeNull()
    hand.raw('x'.repeat(size))
    expect(hand.closed?.code).toBe(1008)
  })

  test.each([
    ['unauthorized', 1008],
    ['refused', 1008],
    ['unavailable', 1013],
    ['internal', 1013],
  ] as const)('that is refused as %s after all closes with %i', (code, closeCode) => {
    const hand = new HandSession()
    hand.answer(no(code))
    expect(hand.closed).toEqual({ code: closeCode, reason: 'why' })
  })
})

describe('a heartbeat', () => {
  test.each([
    ['"1"', '1'],
    ['1', 1],
    ['null', null],
    ['{"a":[1]}', { a: [1] }],
  ])('with ref %s is answered with it', (ref, expected) => {
    const hand = HandSession.open()
    hand.raw(`["9",${ref},"phoenix","heartbeat",{}]`)
    expect(hand.take()).toEqual([reply(null, expected, OK, 'phoenix')])
  })

  test('is one on its own topic alone', () => {
    const hand = HandSession.open()
    hand.say(null, '1', T, 'heartbeat', {})
    hand.say(null, '2', 'phoenix', 'beat', {})
    expect(hand.take()).toEqual([reply(null, '1', UNMATCHED), reply(null, '2', UNMATCHED, 'phoenix')])
  })
})

describe('a join', () => {
  test('asks for the topic with what its payload says', () => {
    const hand = HandSession.open()
    hand.say('1', '1', T, 'phx_join', { name: 'Tyr', last: 5, invitation: 'x' })
    expect(hand.asked).toMatchObject([
      {
        kind: 'join',
        topic: T,
        alias: T,
        input: { name: 'Tyr', invitation: 'x' },
        presence: { name: 'Tyr' },
        since: { last: 5 },
        roster: null,
      },
    ])
  })

  test('is answered with what the application said, then with who is here', () => {
    const hand = HandSession.open()
    hand.say('1', '2', T, 'phx_join', {})
    const roster: RosterState = {
      version: { epoch: 'e', version: 1 },
      entries: [{ id: 'c', key: 'tyr', rev: 1, meta: { name: 'Tyr' } }],
    }
    hand.answer(joined({ roster, reply: { hello: 1 }, position: { epoch: 'e', offset: 3 } }))
    expect(hand.take()).toEqual([
      reply('1', '2', { status: 'ok', response: { position: ['e', 3], recovery: 'fresh', hello: 1 } }),
      ['1', null, T, 'presence_state', { tyr: { metas: [{ name: 'Tyr', phx_ref: 'c:1' }] } }],
    ])
  })

  test('of a channel that tells counts alone is told the count', () => {
    const hand = HandSession.open()
    hand.say('1', '1', T, 'phx_join', {})
    hand.answer(joined({ roster: { version: { epoch: 'e', version: 1 }, members: 1, entries: 2 } }))
    expect(hand.take()).toEqual([reply('1', '1'), ['1', null, T, 'presence_count', { members: 1, entries: 2 }]])
  })

  test('with refs that are null is answered with nulls', () => {
    const hand = HandSession.open()
    hand.say(null, null, T, 'phx_join', {})
    hand.answer(joined())
    expect(hand.take()).toEqual([reply(null, null)])
  })

  test.each(['nope:1', '', 'phoenix', '__proto__', 'room:\u0000', `room:${'x'.repeat(300)}`])(
    'of %j, which is no topic, is unmatched',
    (topic) => {
      const hand = HandSession.open()
      hand.say('6', '6', topic, 'phx_join', {})
      expect(hand.take()).toEqual([reply(null, '6', UNMATCHED, topic)])
      expect(hand.kinds).toEqual([])
    },
  )

  test.each([
    ['refused', error('refused')],
    ['internal', { status: 'error', response: { reason: 'join crashed' } }],
    ['too_many_channels', { status: 'error', response: { reason: 'too many channels joined' } }],
  ] as const)('that is refused as %s is told so, and the topic is free', (code, payload) => {
    const hand = HandSession.open()
    hand.say('1', '1', T, 'phx_join', {})
    hand.answer(no(code))
    expect(hand.take()).toEqual([reply('1', '1', payload)])
    hand.asked.length = 0
    hand.say('1', '2', T, 'message', 'hi')
    expect(hand.take()).toEqual([reply(null, '2', UNMATCHED)])
    hand.say('3', '3', T, 'phx_join', {})
    expect(hand.kinds).toEqual(['join'])
  })

  test('above the limit of channels is refused; the others stay, and one that is left makes room', () => {
    const hand = HandSession.open({ maxChannels: 2 })
    hand.join('room:1')
    hand.say('2', '2', 'room:2', 'phx_join', {})
    hand.say('3', '3', 'room:3', 'phx_join', {})
    const tooMany = { status: 'error', response: { reason: 'too many channels joined' } }
    expect(hand.take()).toEqual([reply('3', '3', tooMany, 'room:3')])
    // One in the place of another is no more.
    hand.say('4', '4', 'room:1', 'phx_join', {})
    expect(hand.kinds).toEqual(['join', 'leave'])
    hand.asked.reverse()
    hand.answer(ok())
    expect(hand.kinds).toEqual(['join', 'join'])
  })

  test('whose answer cannot be encoded is left again', () => {
    const hand = HandSession.open()
    hand.say('1', '1', T, 'phx_join', {})
    const [request] = hand.asked
    expect(() => hand.session.answer(request!, joined({ reply: { n: 1n } }), 0)).toThrow(TypeError)
    hand.answer(no('internal'))
    expect(hand.take()).toEqual([reply('1', '1', { status: 'error', response: { reason: 'join crashed' } })])
    expect(hand.kinds).toEqual(['leave'])
    hand.answer(ok())
    expect(hand.take()).toEqual([])
  })
})

describe('a second join of a topic', () => {
  test('takes the place of the first, which is closed behind the answer', () => {
    const hand = HandSession.open()
    hand.join(T, '1')
    hand.say('2', '2', T, 'phx_join', {})
    expect(hand.kinds).toEqual(['leave'])
    hand.answer(ok())
    expect(hand.written).toEqual([])
    hand.answer(joined())
    expect(hand.take()).toEqual([reply('2', '2'), close('1')])
  })

  test('that is refused ends the first all the same', () => {
    const hand = HandSession.open()
    hand.join(T, '1')
    hand.say('2', '2', T, 'phx_join', {})
    hand.answer(ok())
    hand.answer(no('refused'))
    expect(hand.take()).toEqual([reply('2', '2', error('refused')), close('1')])
  })

  test('waits for a first that is not decided', () => {
    const hand = HandSession.open()
    hand.say('1', '1', T, 'phx_join', {})
    hand.say('2', '2', T, 'phx_join', {})
    hand.say('2', '3', T, 'message', 'early')
    expect(hand.kinds).toEqual(['join'])
    hand.answer(joined())
    hand.answer(ok())
    hand.answer(joined())
    expect(hand.take()).toEqual([reply('1', '1'), reply('2', '2'), close('1')])
    expect(hand.asked).toMatchObject([{ kind: 'send', payload: 'early' }])
  })

  test('may wait as often as it likes, one after the other', () => {
    const hand = HandSession.open()
    hand.join(T, '0')
    for (let i = 1; i <= 100; i++) {
      hand.say(`${i}`, `${i}`, T, 'phx_join', {})
      hand.say(`${i}`, 'x', T, 'message', 'behind')
      hand.answer(ok())
      hand.answer(joined())
      hand.answer(ok())
    }
    expect([hand.closed, hand.kinds]).toEqual([null, []])
  })

  test('does not wait for ever', () => {
    const hand = HandSession.open()
    hand.say('1', '1', T, 'phx_join', {})
    hand.tick(8_000)
    hand.say('2', '2', T, 'phx_join', {})
    hand.tick(12_999)
    expect(hand.kinds).toEqual(['join'])
    hand.tick(13_000)
    expect(hand.kinds).toEqual(['join', 'leave', 'join'])
    expect(hand.take()).toEqual([reply('1', '1', error('closed', 'it was left before it was joined'))])
    const [first] = hand.asked.splice(0, 2)
    hand.do(hand.session.answer(first!, no('closed'), 13_000))
    expect(hand.take()).toEqual([])
    hand.answer(joined())
    expect(hand.take()).toEqual([reply('2', '2')])
  })

  test('is refused if the first cannot be left now', () => {
    const hand = HandSession.open()
    hand.join(T, '1')
    hand.say('2', '2', T, 'phx_join', {})
    hand.answer(no('rate_limited'))
    expect(hand.take()).toEqual([reply('1', '2', error('rate_limited'))])
    hand.say('1', '3', T, 'message', 'still in')
    expect(hand.kinds).toEqual(['send'])
  })
})

describe('a leave', () => {
  test('is answered, then the channel is closed', () => {
    const hand = HandSession.open()
    hand.join(T, '8')
    hand.say('8', '10', T, 'phx_leave', {})
    hand.answer(ok())
    expect(hand.take()).toEqual([reply('8', '10'), close('8')])
    hand.say('8', '11', T, 'message', 'late')
    expect(hand.take()).toEqual([reply(null, '11', UNMATCHED)])
  })

  test('of a topic that is not joined is answered', () => {
    const hand = HandSession.open()
    hand.say('8', '10', T, 'phx_leave', {})
    hand.say(null, '11', 'nope', 'phx_leave', {})
    expect(hand.take()).toEqual([reply('8', '10'), reply(null, '11', OK, 'nope')])
    expect(hand.kinds).toEqual([])
  })

  test('waits for a join that is not decided; what is sent behind it finds nobody', () => {
    const hand = HandSession.open()
    hand.say('1', '1', T, 'phx_join', {})
    hand.say('1', '2', T, 'phx_leave', {})
    hand.say('1', '3', T, 'message', 'late')
    hand.answer(joined())
    hand.answer(ok())
    expect(hand.take()).toEqual([reply('1', '1'), reply('1', '2'), close('1'), reply(null, '3', UNMATCHED)])
  })

  test('for a join that is refused is answered behind that', () => {
    const hand = HandSession.open()
    hand.say('1', '1', T, 'phx_join', {})
    hand.say('1', '2', T, 'phx_leave', {})
    hand.answer(no('refused'))
    expect(hand.take()).toEqual([reply('1', '1', error('refused')), reply('1', '2')])
  })

  test('gives up a join that takes too long, also if that comes to an end at last', () => {
    const hand = HandSession.open()
    hand.say('1', '1', T, 'phx_join', {})
    hand.say('1', '2', T, 'phx_leave', {})
    hand.tick(5_000)
    expect(hand.take()).toEqual([reply('1', '1', error('closed', 'it was left before it was joined')), reply('1', '2')])
    expect(hand.kinds).toEqual(['join', 'leave'])
    const [join, leave] = hand.asked.splice(0)
    hand.do(hand.session.answer(leave!, no('rate_limited'), 5_000))
    hand.do(hand.session.answer(join!, joined(), 9_000))
    expect([hand.take(), hand.kinds]).toEqual([[], ['leave']])
  })

  test('waits for the replies to what was sent before', () => {
    const hand = HandSession.open()
    hand.join(T, '1')
    hand.say('1', '2', T, 'message', 'goodbye')
    hand.say('1', '3', T, 'twice', 2)
    hand.say('1', '4', T, 'phx_leave', {})
    hand.say('1', '5', T, 'message', 'late')
    expect(hand.kinds).toEqual(['send', 'call'])
    hand.answer(ok())
    expect(hand.kinds).toEqual(['call'])
    hand.answer(ok(4))
    expect(hand.kinds).toEqual(['leave'])
    hand.answer(ok())
    expect(hand.take()).toEqual([
      reply('1', '2'),
      reply('1', '3', { status: 'ok', response: 4 }),
      reply('1', '4'),
      close('1'),
      reply(null, '5', UNMATCHED),
    ])
  })

  test('does not wait for ever for them', () => {
    const hand = HandSession.open()
    hand.join(T, '1')
    hand.say('1', '2', T, 'message', 'slow')
    hand.say('1', '3', T, 'phx_leave', {})
    hand.tick(4_999)
    expect(hand.kinds).toEqual(['send'])
    hand.tick(5_000)
    expect(hand.kinds).toEqual(['send', 'leave'])
    hand.asked.reverse()
    hand.answer(ok())
    hand.answer(ok())
    expect(hand.take()).toEqual([reply('1', '3'), close('1'), reply('1', '2')])
  })

  test('that cannot be now is refused, and the channel stays', () => {
    const hand = HandSession.open()
    hand.join(T, '1')
    hand.say('1', '2', T, 'phx_leave', {})
    hand.answer(no('rate_limited'))
    expect(hand.take()).toEqual([reply('1', '2', error('rate_limited'))])
    hand.say('1', '3', T, 'message', 'still in')
    expect(hand.kinds).toEqual(['send'])
  })
})

describe('what names another join', () => {
  test.each(['message', 'phx_leave', 'anything'])('is dropped: %s', (event) => {
    const hand = HandSession.open()
    hand.join(T, '5')
    hand.say('4', '9', T, event, {})
    hand.say(5, '9', T, event, {})
    expect([hand.take(), hand.kinds]).toEqual([[], []])
  })

  test.each([null, '5'])('is not what names %j', (joinRef) => {
    const hand = HandSession.open()
    hand.join(T, '5')
    hand.say(joinRef, '9', T, 'message', 'hi')
    hand.answer(ok())
    expect(hand.take()).toEqual([reply('5', '9')])
  })

  test('is dropped while the join is being decided, too', () => {
    const hand = HandSession.open()
    hand.say('5', '5', T, 'phx_join', {})
    hand.say('4', '6', T, 'message', 'old')
    hand.say('4', '7', T, 'phx_leave', {})
    expect([hand.take(), hand.kinds]).toEqual([[], ['join']])
  })
})

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

describe('a malformed frame', () => {
  test.each(['', '{', '[]', '["1","1","t","e"]', '[1,1,1,1,1]', '"text"', 'null'])('%j closes', (frame) => {
    const hand = HandSession.open()
    hand.join(T)
    hand.raw(frame)
    expect(hand.closed?.code).toBe(1011)
    hand.say('1', '2', T, 'message', 'hi')
    expect([hand.take(), hand.kinds]).toEqual([[], []])
  })

  test('among those that came early ends the rest', () => {
    const hand = new HandSession()
    hand.say(null, '1', 'phoenix', 'heartbeat', {})
    hand.raw('{')
    hand.say(null, '2', 'phoenix', 'heartbeat', {})
    hand.answer(ok())
    expect(hand.take()).toEqual([reply(null, '1', OK, 'phoenix')])
    expect(hand.closed?.code).toBe(1011)
  })

  test('of a client that sends no end while its channel is not decided ends it', () => {
    const hand = HandSession.open()
    hand.say('1', '1', T, 'phx_join', {})
    for (let i = 0; i < 64; i++) hand.say('1', `${i}`, T, 'phx_leave', {})
    expect(hand.closed).toBeNull()
    hand.say('1', '99', T, 'phx_leave', {})
    expect(hand.closed?.code).toBe(1008)
  })
})

describe('protocol 1', () => {
  const v1 = (topic: string, event: string, payload: unknown, ref: unknown) => ({ topic, event, payload, ref })

  test('has the same channels', () => {
    const hand = HandSession.open({}, { version: 1, binary: false })
    const say = (frame: object) => hand.raw(JSON.stringify(frame))
    say(v1(T, 'phx_join', {}, '2'))
    hand.answer(joined())
    say(v1(T, 'message', 'hi', '3'))
    hand.answer(ok())
    say(v1(T, 'phx_leave', {}, '4'))
    hand.answer(ok())
    expect(hand.take()).toEqual([
      v1(T, 'phx_reply', OK, '2'),
      v1(T, 'phx_reply', OK, '3'),
      v1(T, 'phx_reply', OK, '4'),
      v1(T, 'phx_close', {}, null),
    ])
  })

  test('takes the ref of a join for the join', () => {
    const hand = HandSession.open({}, { version: 1, binary: false })
    hand.raw(JSON.stringify(v1(T, 'phx_join', {}, '2')))
    hand.answer(joined())
    hand.raw(JSON.stringify({ ...v1(T, 'message', 'stale', '3'), join_ref: '1' }))
    expect(hand.kinds).toEqual([])
    hand.raw(JSON.stringify({ ...v1(T, 'message', 'hi', '4'), join_ref: '2' }))
    expect(hand.kinds).toEqual(['send'])
  })

  test('can tell the end of a replaced channel from that of the new one', () => {
    const hand = HandSession.open({}, { version: 1, binary: false })
    for (const ref of ['1', '2']) hand.raw(JSON.stringify(v1(T, 'phx_join', {}, ref)))
    hand.answer(joined())
    hand.answer(ok())
    hand.answer(joined())
    expect(hand.take()).toEqual([v1(T, 'phx_reply', OK, '1'), v1(T, 'phx_reply', OK, '2'), v1(T, 'phx_close', {}, '1')])
  })
})

describe('silence', () => {
  test('is followed by a ping, and by the end if that is not answered', () => {
    const hand = HandSession.open()
    hand.tick(12_499)
    expect(hand.pings).toBe(0)
    hand.tick(12_500)
    hand.tick(20_499)
    expect([hand.pings, hand.closed]).toEqual([1, null])
    hand.tick(20_500)
    expect(hand.closed).toEqual({ code: 1002, reason: 'no ping was answered in time' })
  })

  test('that only pings break is idle', () => {
    const hand = HandSession.open()
    for (let now = 0; now < 60_000; now += 1_000) {
      hand.tick(now)
      hand.session.alive(now)
    }
    expect([hand.pings > 1, hand.closed]).toEqual([true, null])
    hand.tick(60_000)
    expect(hand.closed).toEqual({ code: 1002, reason: 'nothing was sent for too long' })
  })

  test('is broken by heartbeats', () => {
    const hand = HandSession.open()
    for (let now = 0; now <= 300_000; now += 1_000) {
      hand.tick(now)
      if (now % 10_000 === 0) hand.say(null, `${now}`, 'phoenix', 'heartbeat', {})
    }
    expect(hand.closed).toBeNull()
  })
})

test.each([
  [4403, 1001],
  [4401, 1002],
  [4000, 1002],
  [4402, 1008],
  [4405, 1008],
  [4003, 1011],
  [4100, 1012],
  [4101, 1013],
  [4001, 4001],
  [1009, 1009],
  [1011, 1011],
])('a close of the server with %i is told as %i', (code, expected) => {
  expect(HandSession.open().session.closeCode(code)).toBe(expected)
})
