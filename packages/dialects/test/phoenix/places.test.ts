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
