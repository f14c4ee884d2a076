import { type ClientEffect, SUBPROTOCOL } from '@rollcall/core'
import { describe, expect, test } from 'vitest'
import { joinedPeer, Peer, WELCOME } from '../support/client-peer.ts'

const AT_5 = { position: ['e', 5] }

test('the version is named by the subprotocol', () => {
  expect(SUBPROTOCOL).toBe('rollcall.v1')
})

describe('every input in every state:', () => {
  type StateName = 'offline' | 'greeting' | 'joining' | 'joined' | 'ended'

  // In each state the client wants to be in `a`, and has sent a message that has no answer yet.
  function peerIn(state: StateName): Peer {
    const peer = new Peer()
    peer.join('a')
    peer.send('x')
    if (state === 'offline') return peer
    peer.open()
    if (state === 'greeting') return peer
    const ref = peer.ref('join')
    peer.welcome()
    if (state === 'joined') peer.hear('ok', ref, { recovery: 'fresh', ...AT_5 })
    if (state === 'ended') peer.take(peer.session.end({ code: 'closed', message: 'over' }))
    return peer
  }

  const nothing = { told: [], wrote: [] }
  const wrote = (...frames: unknown[]) => ({ told: [], wrote: frames })
  const told = (...kinds: string[]) => ({ told: kinds, wrote: [] })
  const broken = told('close')
  const brokenWhileJoined = told('close', 'interrupted')
  const SEND = ['send', expect.any(Number), 'a', 'm', 'x', 'id1']
  const JOIN = ['join', expect.any(Number), 'a', {}]
  const HELLO = ['hello', {}]

  type Expected = { told: string[]; wrote: unknown[] }
  const TABLE: Record<string, [(peer: Peer) => unknown, Record<StateName, Expected>]> = {
    'the socket opens': [
      (peer) => peer.open(),
      { offline: wrote(HELLO, JOIN), greeting: nothing, joining: nothing, joined: nothing, ended: nothing },
    ],
    'the socket is lost': [
      (peer) => peer.lose(),
      { offline: nothing, greeting: nothing, joining: nothing, joined: told('interrupted'), ended: nothing },
    ],
    'a welcome': [
      (peer) => peer.welcome(),
      { offline: nothing, greeting: told('welcomed'), joining: broken, joined: brokenWhileJoined, ended: nothing },
    ],
    'a ping': [
      (peer) => peer.hear('ping'),
      {
        offline: nothing,
        greeting: wrote(['pong']),
        joining: wrote(['pong']),
        joined: wrote(['pong']),
        ended: nothing,
      },
    ],
    'an announced close': [
      (peer) => peer.hear('closing', { reason: 'r', retryAfterMs: 1, spreadMs: 1 }),
      {
        offline: nothing,
        greeting: told('closing'),
        joining: told('closing'),
        joined: told('closing'),
        ended: nothing,
      },
    ],
    'a frame of a later version': [
      (peer) => peer.hear('weather', 'sunny'),
      { offline: nothing, greeting: nothing, joining: nothing, joined: nothing, ended: nothing },
    ],
    'a broken frame': [
      (peer) => peer.hear('message', 1),
      { offline: nothing, greeting: broken, joining: broken, joined: brokenWhileJoined, ended: nothing },
    ],
    'an answer to nothing': [
      (peer) => peer.hear('ok', 99, null),
      { offline: nothing, greeting: broken, joining: nothing, joined: nothing, ended: nothing },
    ],
    'a refusal of nothing': [
      (peer) => peer.hear('error', 99, { code: 'internal', message: '' }),
      { offline: nothing, greeting: broken, joining: nothing, joined: nothing, ended: nothing },
    ],
    'the join is answered': [
      (peer) => peer.hear('ok', 2, { recovery: 'fresh', ...AT_5 }),
      {
        offline: nothing,
        greeting: broken,
        joining: { told: ['joined'], wrote: [SEND] },
        joined: nothing,
        ended: nothing,
      },
    ],
    'the join is refused': [
      (peer) => peer.hear('error', 2, { code: 'refused', message: 'no' }),
      { offline: nothing, greeting: broken, joining: told('settled', 'ended'), joined: nothing, ended: nothing },
    ],
    'the send is answered': [
      (peer) => peer.hear('ok', 1, { position: ['e', 6] }),
      { offline: nothing, greeting: broken, joining: told('settled'), joined: told('settled'), ended: nothing },
    ],
    'a message': [
      (peer) => peer.message(6),
      { offline: nothing, greeting: broken, joining: nothing, joined: told('message'), ended: nothing },
    ],
    'a roster': [
      (peer) => peer.hear('presence', 'a', { v: ['r', 1], entries: [['i', 'k', null, 1]] }),
      { offline: nothing, greeting: broken, joining: nothing, joined: told('presence'), ended: nothing },
    ],
    'a gap': [
      (peer) => peer.hear('gap', 'a', { reason: 'too_old', position: ['e', 9] }),
      { offline: nothing, greeting: broken, joining: nothing, joined: told('gap'), ended: nothing },
    ],
    'the membership ends': [
      (peer) => peer.hear('left', 'a', { reason: 'kicked' }),
      // The send was written, so its answer still comes.
      { offline: nothing, greeting: broken, joining: nothing, joined: told('ended'), ended: nothing },
    ],
    'the end of the log': [
      (peer) => peer.hear('position', 'a', ['e', 5]),
      { offline: nothing, greeting: broken, joining: nothing, joined: nothing, ended: nothing },
    ],
    'a frame of another topic': [
      (peer) => peer.hear('message', 'b', 'm', 1, { at: 1 }),
      { offline: nothing, greeting: broken, joining: nothing, joined: nothing, ended: nothing },
    ],
    'a second goes by': [
      (peer) => peer.wait(1_000),
      { offline: nothing, greeting: nothing, joining: nothing, joined: nothing, ended: nothing },
    ],
    'silence for too long': [
      (peer) => peer.wait(1_101),
      { offline: nothing, greeting: nothing, joining: broken, joined: brokenWhileJoined, ended: nothing },
    ],
    'a check': [
      (peer) => peer.take(peer.session.check(peer.now)),
      {
        offline: nothing,
        greeting: nothing,
        joining: wrote(['ping', expect.any(Number)]),
        joined: wrote(['ping', expect.any(Number)]),
        ended: nothing,
      },
    ],
    'a second send': [
      (peer) => peer.send('y'),
      {
        offline: nothing,
        greeting: nothing,
        joining: nothing,
        joined: wrote(['send', expect.any(Number), 'a', 'm', 'y', 'id2']),
        ended: told('settled'),
      },
    ],
    'a call': [
      (peer) => peer.ask({ kind: 'call', topic: 'a', name: 'c', payload: 1 }),
      {
        offline: nothing,
        greeting: nothing,
        joining: nothing,
        joined: wrote(['call', expect.any(Number), 'a', 'c', 1]),
        ended: told('settled'),
      },
    ],
    'new credentials': [
      (peer) => peer.ask({ kind: 'refresh', credentials: 1 }),
      {
        offline: nothing,
        greeting: nothing,
        joining: wrote(['refresh', expect.any(Number), 1]),
        joined: wrote(['refresh', expect.any(Number), 1]),
        ended: told('settled'),
      },
    ],
    'a send to a topic not joined': [
      (peer) => peer.send('y', 'b'),
      {
        offline: told('settled'),
        greeting: told('settled'),
        joining: told('settled'),
        joined: told('settled'),
        ended: told('settled'),
      },
    ],
    'another join': [
      (peer) => peer.join('b'),
      {
        offline: nothing,
        greeting: nothing,
        joining: wrote(['join', expect.any(Number), 'b', {}]),
        joined: wrote(['join', expect.any(Number), 'b', {}]),
        ended: nothing,
      },
    ],
    'a leave': [
      (peer) => peer.ask({ kind: 'leave', topic: 'a' }),
      {
        offline: told('settled', 'settled'),
        greeting: { told: ['settled'], wrote: [['leave', expect.any(Number), 'a']] },
        joining: { told: ['settled'], wrote: [['leave', expect.any(Number), 'a']] },
        joined: wrote(['leave', expect.any(Number), 'a']),
        ended: told('settled'),
      },
    ],
    'the end': [
      (peer) => peer.take(peer.session.end({ code: 'closed', message: '' })),
      {
        offline: told('settled', 'ended'),
        greeting: told('settled', 'ended'),
        joining: told('settled', 'ended'),
        joined: told('settled', 'ended'),
        ended: nothing,
      },
    ],
  }

  const cells = Object.entries(TABLE).flatMap(([name, [input, states]]) =>
    Object.entries(states).map(([state, expected]) => [name, state as StateName, input, expected] as const),
  )

  test.each(cells)('%s, %s', (_, state, input, expected) => {
    const peer = peerIn(state)
    input(peer)
    expect({ told: peer.kinds, wrote: peer.wrote }).toEqual(expected)
  })
})

describe('the first flight', () => {
  test('carries the hello and all joins', () => {
    const peer = new Peer()
    peer.join('a', { presence: { name: 'Tyr' }, last: 20 })
    peer.join('b', { input: { secret: 1 }, position: { epoch: 'e', offset: 3 } })
    expect(peer.open({ token: 't' })).toEqual([
      ['hello', { credentials: { token: 't' } }],
      ['join', 1, 'a', { presence: { name: 'Tyr' }, last: 20 }],
      ['join', 2, 'b', { input: { secret: 1 }, position: ['e', 3] }],
    ])
  })

  test('holds no more than a server lets wait, and the rest follows the welcome', () => {
    const peer = new Peer()
    for (let i = 0; i < 200; i++) peer.join(`topic:${i}`, { presence: 'x'.repeat(400) })
    const flight = peer.open().length
    expect(flight).toBeGreaterThan(50)
    expect(flight).toBeLessThan(128)
    expect(flight + peer.welcome().length).toBe(201)
  })

  test('of a return carries the token, the position and the roster version', () => {
    const peer = joinedPeer({ ...AT_5, roster: { v: ['r', 2], entries: [] } }, { last: 10 })
    peer.message(6)
    peer.lose()
    expect(peer.open()).toEqual([
      ['hello', { resume: 't1' }],
      ['join', expect.any(Number), 'a', { position: ['e', 6], roster: ['r', 2] }],
    ])
  })

  test('joins with what was given then, whatever became of it', () => {
    const presence = { name: 'Tyr' }
    const peer = new Peer()
    peer.join('a', { presence })
    presence.name = 'Odin'
    expect(peer.open()[1]).toEqual(['join', 1, 'a', { presence: { name: 'Tyr' } }])
  })
})

describe('a join', () => {
  test('that is refused for now is tried again', () => {
    const peer = new Peer()
    peer.join('a')
    peer.open()
    peer.welcome()
    peer.hear('error', 1, { code: 'unavailable', message: 'later', retryAfterMs: 700 })
    expect(peer.told).toEqual([])
    expect(peer.wait(699)).toEqual([])
    expect(peer.wait(1)).toEqual([['join', expect.any(Number), 'a', {}]])
  })

  test.each([
    ['a first', 'internal', true],
    ['a first', 'refused', true],
    ['a first', 'rate_limited', false],
    ['a later', 'internal', false],
    ['a later', 'refused', true],
    ['a later', 'unavailable', false],
  ])('%s, refused with %s, is over: %s', (which, code, over) => {
    const peer = which === 'a first' ? new Peer() : joinedPeer()
    if (which === 'a first') peer.join('a')
    else peer.lose()
    peer.open()
    const ref = peer.ref('join')
    peer.welcome()
    peer.hear('error', ref, { code, message: 'm' })
    expect(peer.kinds).toEqual(over ? ['ended'] : [])
  })

  test('too big for the server is not written, and is over', () => {
    const peer = new Peer()
    peer.open()
    peer.welcome()
    expect(peer.join('a', { presence: 'x'.repeat(2_000) })).toEqual([])
    expect(peer.told).toMatchObject([{ kind: 'ended', topic: 'a', refusal: { code: 'too_big' } }])
  })

  test('that JSON cannot carry throws at the caller', () => {
    expect(() => new Peer().join('a', { presence: 1n })).toThrow(TypeError)
  })

  test('left before its answer is let be, and the topic can be joined again at once', () => {
    const peer = new Peer()
    peer.join('a')
    peer.open()
    peer.welcome()
    peer.ask({ kind: 'leave', topic: 'a' })
    peer.join('a', { last: 1 })
    const again = peer.ref('join')
    peer.hear('ok', 1, { recovery: 'fresh', ...AT_5 })
    expect(peer.told).toEqual([])
    peer.message(6)
    expect(peer.told).toEqual([])
    peer.hear('ok', again, { recovery: 'fresh', position: ['e', 6] })
    expect(peer.kinds).toEqual(['joined'])
    peer.message(6)
    expect(peer.offsets).toEqual([6])
  })
})

test('new credentials bring a new token for the next return', () => {
  const peer = joinedPeer()
  const ref = peer.ask({ kind: 'refresh', credentials: 'new' })
  peer.hear('ok', ref, { resume: 't2', resumeMs: 1000 })
  peer.lose()
  expect(peer.open('new')[0]).toEqual(['hello', { credentials: 'new', resume: 't2' }])
})

test('nothing is delivered after a leave', () => {
  const peer = joinedPeer({ ...AT_5, roster: { v: ['r', 1], entries: [] } })
  const ref = peer.ask({ kind: 'leave', topic: 'a' })
  peer.message(6)
  peer.hear('presence', 'a', { v: ['r', 2], since: 1, set: [['i', 'k', null, 1]], gone: [] })
  peer.hear('gap', 'a', { reason: 'too_old', position: ['e', 9] })
  peer.hear('left', 'a', { reason: 'kicked' })
  expect(peer.told).toEqual([])
  peer.hear('error', ref, { code: 'not_joined', message: '' })
  expect(peer.told).toEqual([{ kind: 'settled', ref, outcome: { ok: true, result: null } }])
})

describe('a connection', () => {
  test('checked and silent is given up', () => {
    const peer = joinedPeer()
    peer.take(peer.session.check(0))
    peer.now = 499
    expect(peer.wait(0)).toEqual([])
    peer.wait(1)
    expect(peer.told[0]).toEqual({ kind: 'close', code: 4000 })
  })

  test('checked and alive goes on', () => {
    const peer = joinedPeer()
    peer.take(peer.session.check(0))
    peer.now = 400
    peer.hear('ok', peer.session.nextRef() - 1, null)
    peer.wait(200)
    expect(peer.told).toEqual([])
  })

  test('to a server that does not ping is not given up for silence', () => {
    const peer = new Peer()
    peer.open()
    peer.take(peer.session.receive(WELCOME.replace('"pingMs":1000', '"pingMs":0'), 0))
    peer.wait(10_000_000)
    expect(peer.told).toEqual([])
  })
})

test('effects of one step are in order: what ended comes before what follows', () => {
  const peer = joinedPeer({ ...AT_5 })
  peer.lose()
  peer.open()
  const ref = peer.ref('join')
  peer.welcome()
  peer.hear('ok', ref, {
    recovery: 'gap',
    gap: 'too_old',
    position: ['e', 50],
    roster: { v: ['r', 1], entries: [['i', 'k', null, 1]] },
    entry: ['c', 'u', null, 1],
  })
  expect(peer.kinds).toEqual(['joined', 'gap', 'presence', 'presence'] satisfies ClientEffect['kind'][])
})
