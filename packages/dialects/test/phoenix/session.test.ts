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
