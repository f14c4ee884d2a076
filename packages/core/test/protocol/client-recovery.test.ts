import { describe, expect, test } from 'vitest'
import { joinedPeer, Peer, rejoin } from '../support/client-peer.ts'

const AT_5 = { position: ['e', 5] }
const position = (offset: number, epoch = 'e') => ({ epoch, offset })

describe('messages', () => {
  test('come in order, each once, with their positions', () => {
    const peer = joinedPeer(AT_5)
    peer.message(6, 'six')
    expect(peer.told).toEqual([
      {
        kind: 'message',
        topic: 'a',
        event: 'm',
        payload: 'six',
        from: null,
        at: 1,
        position: position(6),
        recovered: false,
      },
    ])
    peer.message(6)
    expect(peer.told).toEqual([])
    peer.message(3)
    expect(peer.told).toEqual([])
    peer.message(7)
    expect(peer.offsets).toEqual([7])
    expect(peer.session.membership('a')?.position).toEqual(position(7))
  })

  test('without an offset are volatile: they come whenever they come', () => {
    const peer = joinedPeer(AT_5)
    peer.message(undefined)
    peer.message(undefined)
    expect(peer.offsets).toEqual([null])
    peer.message(6)
    expect(peer.offsets).toEqual([6])
  })

  test('of a channel without history come as they are', () => {
    const peer = joinedPeer()
    peer.message(undefined, 'x')
    expect(peer.told).toMatchObject([{ payload: 'x', position: null, recovered: false }])
    peer.message(99)
    expect(peer.told).toMatchObject([{ payload: 99, position: null, recovered: false }])
  })
})

describe('a first visit with the newest messages', () => {
  test('begins where they begin, marks them, and goes on without a hole', () => {
    const peer = joinedPeer(AT_5, { last: 2 })
    expect(peer.session.membership('a')?.position).toBeNull()
    peer.message(4)
    expect(peer.told).toMatchObject([{ position: position(4), recovered: true }])
    peer.message(5)
    expect(peer.told).toMatchObject([{ recovered: true }])
    peer.message(6)
    expect(peer.told).toMatchObject([{ recovered: false }])
  })

  test('with none kept begins behind the end of the log', () => {
    const peer = joinedPeer({ position: ['e', 0] }, { last: 2 })
    peer.message(1)
    expect(peer.told).toMatchObject([{ position: position(1), recovered: false }])
  })

  test('notices that the first one behind the end is missing', () => {
    const peer = joinedPeer(AT_5, { last: 2 })
    expect(peer.message(7)).toEqual([['join', expect.any(Number), 'a', { position: ['e', 5] }]])
    expect(peer.told).toEqual([])
  })

  test('lost before they came asks for them again', () => {
    const peer = joinedPeer(AT_5, { last: 2 })
    peer.lose()
    expect(peer.open()[1]).toEqual(['join', expect.any(Number), 'a', { last: 2 }])
  })

  test('lost in their midst continues', () => {
    const peer = joinedPeer(AT_5, { last: 2 })
    peer.message(4)
    peer.lose()
    expect(peer.open()[1]).toEqual(['join', expect.any(Number), 'a', { position: ['e', 4] }])
  })
})

describe('a return', () => {
  test('recovers what was missed, marked, and without what was seen', () => {
    const peer = joinedPeer(AT_5)
    peer.message(6)
    peer.lose()
    rejoin(peer, { recovery: 'recovered', position: ['e', 8] })
    expect(peer.told).toMatchObject([{ kind: 'joined', first: false }])
    const seen = [6, 7, 8, 9].flatMap((offset) => {
      peer.message(offset)
      return peer.told.map((effect) => effect.kind === 'message' && [effect.position?.offset, effect.recovered])
    })
    expect(seen).toEqual([
      [7, true],
      [8, true],
      [9, false],
    ])
  })

  test('to a log that was empty recovers before the first message', () => {
    const peer = joinedPeer({ position: ['e', 0] })
    peer.lose()
    expect(peer.open()[1]).toEqual(['join', expect.any(Number), 'a', { position: ['e', 0] }])
  })

  test('twice in a row, the first lost before anything came, misses nothing', () => {
    const peer = joinedPeer(AT_5)
    peer.lose()
    rejoin(peer, { recovery: 'recovered', position: ['e', 7] })
    peer.lose()
    expect(peer.open()[1]).toEqual(['join', expect.any(Number), 'a', { position: ['e', 5] }])
  })

  test.each<[string, Record<string, unknown>, string, ReturnType<typeof position> | null]>([
    ['too old', { recovery: 'gap', gap: 'too_old', position: ['e', 90] }, 'too_old', position(90)],
    ['another epoch', { recovery: 'gap', gap: 'epoch_changed', position: ['f', 2] }, 'epoch_changed', position(2, 'f')],
    ['a recovery of another epoch', { recovery: 'recovered', position: ['f', 2] }, 'epoch_changed', position(2, 'f')],
    ['a forgotten position', { recovery: 'fresh', position: ['e', 9] }, 'epoch_changed', position(9)],
    ['a history given up', { recovery: 'fresh' }, 'epoch_changed', null],
  ])('with %s is told as a gap, and goes on behind it', (_, result, reason, next) => {
    const peer = joinedPeer(AT_5)
    peer.lose()
    rejoin(peer, result)
    expect(peer.told).toMatchObject([
      { kind: 'joined' },
      { kind: 'gap', topic: 'a', reason, after: position(5), position: next },
    ])
    peer.message((next?.offset ?? 0) + 1)
    expect(peer.kinds).toEqual(['message'])
  })

  test('with a position of an earlier visit is one, too', () => {
    const peer = joinedPeer({ recovery: 'recovered', position: ['e', 8] }, { position: position(7) })
    expect(peer.told).toMatchObject([{ kind: 'joined', first: true }])
    peer.message(8)
    expect(peer.told).toMatchObject([{ position: position(8), recovered: true }])
  })
})

describe('a hole', () => {
  test('is repaired from the position held, and nothing is delivered across it', () => {
    const peer = joinedPeer(AT_5, { presence: { name: 'Tyr' } })
    expect(peer.message(8)).toEqual([
      ['join', expect.any(Number), 'a', { presence: { name: 'Tyr' }, position: ['e', 5] }],
    ])
    expect(peer.told).toEqual([])
    const ref = peer.ref('join')
    // Asked once, and what comes meanwhile is judged as before.
    expect(peer.message(9)).toEqual([])
    expect(peer.offsets).toEqual([])
    peer.message(6)
    expect(peer.offsets).toEqual([6])
    peer.hear('ok', ref, { recovery: 'recovered', position: ['e', 9] })
    expect(peer.told).toEqual([])
    const offsets = [6, 7, 8, 9, 10].flatMap((offset) => {
      peer.message(offset)
      return peer.offsets
    })
    expect(offsets).toEqual([7, 8, 9, 10])
  })

  test.each([
    ['a position beyond', ['e', 7]],
    ['a position of another epoch', ['f', 1]],
  ])('is noticed by %s', (_, at) => {
    const peer = joinedPeer(AT_5)
    expect(peer.hear('position', 'a', at)).toEqual([['join', expect.any(Number), 'a', { position: ['e', 5] }]])
  })

  test.each([
    ['the own position', ['e', 5]],
    ['a position behind', ['e', 4]],
  ])('is none by %s', (_, at) => {
    expect(joinedPeer(AT_5).hear('position', 'a', at)).toEqual([])
  })

  test('is none on a channel without history', () => {
    expect(joinedPeer().hear('position', 'a', ['e', 9])).toEqual([])
  })

  test('whose repair ends in a gap is told', () => {
    const peer = joinedPeer(AT_5)
    peer.message(8)
    peer.hear('ok', peer.ref('join'), { recovery: 'gap', gap: 'too_old', position: ['e', 20] })
    expect(peer.told).toEqual([
      { kind: 'gap', topic: 'a', reason: 'too_old', after: position(5), position: position(20) },
    ])
  })

  test('whose repair is refused for now is asked for again', () => {
    const peer = joinedPeer(AT_5)
    peer.message(8)
    peer.hear('error', peer.ref('join'), { code: 'unavailable', message: '', retryAfterMs: 500 })
    expect(peer.told).toEqual([])
    expect(peer.wait(499)).toEqual([])
    expect(peer.wait(1)).toEqual([['join', expect.any(Number), 'a', { position: ['e', 5] }]])
  })

  test('that no repair fills costs the connection', () => {
    const peer = joinedPeer(AT_5)
    for (let i = 0; i < 3; i++) {
      peer.message(8)
      peer.hear('ok', peer.ref('join'), { recovery: 'recovered', position: ['e', 8] })
    }
    peer.message(8)
    expect(peer.told).toEqual([
      { kind: 'close', code: 4003 },
      { kind: 'interrupted', topic: 'a' },
    ])
  })

  test('filled in time begins the count anew', () => {
    const peer = joinedPeer(AT_5)
    for (let offset = 5; offset < 25; offset++) {
      peer.message(offset + 2)
      peer.hear('ok', peer.ref('join'), { recovery: 'recovered', position: ['e', offset + 2] })
      peer.message(offset + 1)
      expect(peer.offsets).toEqual([offset + 1])
    }
  })

  test('whose room is left by the server meanwhile is not joined again', () => {
    const peer = joinedPeer(AT_5)
    peer.message(8)
    const ref = peer.ref('join')
    expect(peer.hear('left', 'a', { reason: 'kicked' })).toEqual([['leave', expect.any(Number), 'a']])
    expect(peer.told).toMatchObject([
      { kind: 'ended', topic: 'a', refusal: { code: 'refused', message: 'Removed from a: kicked' } },
    ])
    peer.hear('ok', ref, { recovery: 'recovered', position: ['e', 8] })
    expect(peer.told).toEqual([])
  })
})

test('a gap on a living connection moves the position', () => {
  const peer = joinedPeer(AT_5)
  peer.hear('gap', 'a', { reason: 'too_old', position: ['e', 100] })
  expect(peer.told).toEqual([
    { kind: 'gap', topic: 'a', reason: 'too_old', after: position(5), position: position(100) },
  ])
  peer.message(101)
  expect(peer.told).toMatchObject([{ position: position(101), recovered: false }])
})

describe('sends', () => {
  test('wait for the join, and go in their order', () => {
    const peer = new Peer()
    peer.join('a')
    peer.send(1)
    peer.send(2)
    peer.open()
    const ref = peer.ref('join')
    expect(peer.welcome()).toEqual([])
    expect(peer.hear('ok', ref, { recovery: 'fresh' })).toEqual([
      ['send', expect.any(Number), 'a', 'm', 1, 'id1'],
      ['send', expect.any(Number), 'a', 'm', 2, 'id2'],
    ])
  })

  test('without an answer are sent again with the same id, in their order', () => {
    const peer = joinedPeer()
    const first = peer.send(1)
    const second = peer.send(2)
    peer.hear('ok', first, null)
    peer.send(3)
    peer.lose()
    expect(peer.kinds).toEqual(['interrupted'])
    rejoin(peer, { recovery: 'fresh' })
    expect(peer.wrote).toEqual([
      ['send', second, 'a', 'm', 2, 'id2'],
      ['send', expect.any(Number), 'a', 'm', 3, 'id3'],
    ])
    peer.hear('ok', second, { position: ['e', 4] })
    expect(peer.told).toEqual([{ kind: 'settled', ref: second, outcome: { ok: true, result: position(4) } }])
  })

  test('are given up after so many attempts, as unknown', () => {
    const peer = joinedPeer()
    const ref = peer.send(1)
    for (let i = 0; i < 2; i++) {
      peer.lose()
      expect(peer.kinds).toEqual(['interrupted'])
      rejoin(peer, { recovery: 'fresh' })
    }
    peer.lose()
    expect(peer.told).toContainEqual({
      kind: 'settled',
      ref,
      outcome: { ok: false, refusal: { code: 'disconnected', message: expect.any(String) } },
    })
  })

  test('refused for now on the first attempt are refused: nothing was accepted', () => {
    const peer = joinedPeer()
    const ref = peer.send(1)
    peer.hear('error', ref, { code: 'rate_limited', message: 'slower' })
    expect(peer.told).toMatchObject([{ outcome: { ok: false, refusal: { code: 'rate_limited' } } }])
  })

  test('refused for now on a later attempt are tried again, since the first may have been accepted', () => {
    const peer = joinedPeer()
    const ref = peer.send(1)
    peer.lose()
    rejoin(peer, { recovery: 'fresh' })
    peer.hear('error', ref, { code: 'rate_limited', message: 'slower', retryAfterMs: 300 })
    expect(peer.told).toEqual([])
    // What was asked later does not overtake.
    const later = peer.send(2)
    expect(peer.wrote).toEqual([])
    expect(peer.wait(300)).toEqual([
      ['send', ref, 'a', 'm', 1, 'id1'],
      ['send', later, 'a', 'm', 2, 'id2'],
    ])
  })

  test.each([
    ['refused', 'disconnected'],
    ['not_joined', 'disconnected'],
    ['internal', 'disconnected'],
    ['invalid_payload', 'invalid_payload'],
    ['unknown_event', 'unknown_event'],
  ] as const)('answered %s on a later attempt end as %s, since the first may have been accepted', (code, told) => {
    const peer = joinedPeer()
    const ref = peer.send(1)
    peer.lose()
    rejoin(peer, { recovery: 'fresh' })
    peer.hear('error', ref, { code, message: 'no' })
    expect(peer.told).toMatchObject([{ kind: 'settled', ref, outcome: { ok: false, refusal: { code: told } } }])
  })

  test('refused for their speed keep those behind them waiting, on their topic', () => {
    const peer = joinedPeer()
    peer.join('b')
    peer.hear('ok', peer.ref('join'), { recovery: 'fresh' })
    const ref = peer.send(1)
    peer.hear('error', ref, { code: 'rate_limited', message: 'slower', retryAfterMs: 300 })
    peer.send(2)
    expect(peer.wrote).toEqual([])
    peer.send(3, 'b')
    expect(peer.wrote).toHaveLength(1)
    expect(peer.wait(299)).toEqual([])
    expect(peer.wait(1)).toEqual([['send', expect.any(Number), 'a', 'm', 2, 'id2']])
  })

  test('are no flood: 64 are on their way at once, and others follow as they are answered', () => {
    const peer = joinedPeer({}, {}, { maxWaiting: 100 })
    peer.lose()
    const refs = Array.from({ length: 100 }, (_, i) => peer.send(i))
    rejoin(peer, { recovery: 'fresh' })
    expect(peer.wrote).toHaveLength(64)
    peer.hear('ok', refs[0], null)
    expect(peer.wrote).toEqual([['send', refs[64], 'a', 'm', 64, 'id65']])
    // A leave is not held up by them.
    peer.ask({ kind: 'leave', topic: 'a' })
    expect(peer.wrote).toHaveLength(1)
  })

  test('that nobody wants any more are not written', () => {
    const peer = joinedPeer()
    peer.lose()
    const ref = peer.send(1)
    expect(peer.session.cancel(ref)).toBe(false)
    rejoin(peer, { recovery: 'fresh' })
    expect(peer.wrote).toEqual([])
    const sent = peer.send(2)
    expect(peer.session.cancel(sent)).toBe(true)
    peer.hear('ok', sent, null)
    expect(peer.told).toEqual([])
  })

  test('are refused when too many wait, and let in again when some have ended', () => {
    const peer = joinedPeer()
    const refs = Array.from({ length: 8 }, (_, i) => peer.send(i))
    peer.send('more')
    expect(peer.told).toMatchObject([{ outcome: { ok: false, refusal: { code: 'unavailable' } } }])
    peer.hear('ok', refs[0], null)
    peer.send('fits')
    expect(peer.told).toEqual([])
  })

  test('are refused when too many bytes wait', () => {
    const peer = new Peer()
    peer.join('a')
    for (let i = 0; i < 4; i++) peer.send('é'.repeat(1_200))
    expect(peer.told).toEqual([])
    peer.send('é'.repeat(1_200))
    expect(peer.told).toMatchObject([{ outcome: { ok: false, refusal: { code: 'unavailable' } } }])
  })

  test('make room when they are answered', () => {
    const peer = joinedPeer()
    for (let i = 0; i < 20; i++) {
      const ref = peer.send('x'.repeat(1_900))
      expect(peer.told).toEqual([])
      peer.hear('ok', ref, null)
    }
  })

  test('keep an id that they were given', () => {
    const peer = joinedPeer()
    const ref = peer.ask({ kind: 'send', topic: 'a', event: 'm', payload: 1, id: 'mine' })
    expect(peer.wrote).toEqual([['send', ref, 'a', 'm', 1, 'mine']])
  })

  test.each([
    ['too big by its bytes, not its characters', 'é'.repeat(1_000), 'too_big'],
    ['too deep', Array.from({ length: 64 }).reduce((inner) => [inner], 0), 'too_deep'],
  ])('%s are not written', (_, payload, code) => {
    const peer = joinedPeer()
    peer.send(payload)
    expect(peer.wrote).toEqual([])
    expect(peer.told).toMatchObject([{ outcome: { ok: false, refusal: { code } } }])
  })

  const ring: { self?: unknown } = {}
  ring.self = ring
  test.each([
    ['a BigInt', 1n],
    ['a ring', ring],
  ])('of %s throw at the caller', (_, payload) => {
    const peer = joinedPeer()
    expect(() => peer.send(payload)).toThrow(TypeError)
    expect(peer.send('fine')).toBeGreaterThan(0)
    expect(peer.wrote).toHaveLength(1)
  })

  test('end with the membership if they were not written', () => {
    const peer = joinedPeer()
    peer.lose()
    const ref = peer.send(1)
    peer.open()
    const join = peer.ref('join')
    peer.welcome()
    peer.hear('error', join, { code: 'unauthorized', message: 'banned' })
    expect(peer.told).toMatchObject([
      { kind: 'settled', ref, outcome: { ok: false, refusal: { code: 'unauthorized' } } },
      { kind: 'ended' },
    ])
  })

  test('written before are unknown when the membership ends', () => {
    const peer = joinedPeer()
    const ref = peer.send(1)
    peer.lose()
    peer.open()
    const join = peer.ref('join')
    peer.welcome()
    peer.hear('error', join, { code: 'unauthorized', message: 'banned' })
    expect(peer.told).toMatchObject([
      { kind: 'settled', ref, outcome: { ok: false, refusal: { code: 'disconnected' } } },
      { kind: 'ended' },
    ])
  })
})

describe('a lost connection', () => {
  test.each<[string, Parameters<Peer['ask']>[0], string | null]>([
    ['a call', { kind: 'call', topic: 'a', name: 'c', payload: 1 }, 'disconnected'],
    ['a refresh', { kind: 'refresh', credentials: 1 }, 'disconnected'],
    ['a send', { kind: 'send', topic: 'a', event: 'm', payload: 1, id: null }, null],
    ['a history', { kind: 'history', topic: 'a', before: null, after: null, limit: 5 }, null],
    ['a track', { kind: 'track', topic: 'a', meta: 1 }, null],
    ['an untrack', { kind: 'untrack', topic: 'a' }, null],
  ])('%s ends with %s, or is written again', (_, ask, code) => {
    const peer = joinedPeer()
    const ref = peer.ask(ask)
    expect(peer.wrote).toHaveLength(1)
    const [written] = peer.wrote
    peer.lose()
    const settled = peer.told.filter(({ kind }) => kind === 'settled')
    if (code !== null) expect(settled).toMatchObject([{ ref, outcome: { ok: false, refusal: { code } } }])
    else {
      expect(settled).toEqual([])
      rejoin(peer, { recovery: 'fresh' })
      expect(peer.wrote).toEqual([written])
    }
  })

  test('a leave has done its work', () => {
    const peer = joinedPeer()
    const ref = peer.ask({ kind: 'leave', topic: 'a' })
    peer.lose()
    expect(peer.told).toEqual([{ kind: 'settled', ref, outcome: { ok: true, result: null } }])
    expect(peer.open()).toEqual([['hello', { resume: 't1' }]])
  })

  test('a leave does not leave what was joined again since', () => {
    const peer = joinedPeer()
    const ref = peer.ask({ kind: 'leave', topic: 'a' })
    peer.join('a')
    peer.lose()
    expect(peer.told).toEqual([{ kind: 'settled', ref, outcome: { ok: true, result: null } }])
    expect(peer.open()).toEqual([
      ['hello', { resume: 't1' }],
      ['join', expect.any(Number), 'a', {}],
    ])
    peer.welcome()
    expect(peer.wrote).toEqual([])
  })

  test('a call that was not written yet goes over the next', () => {
    const peer = joinedPeer()
    peer.lose()
    const ref = peer.ask({ kind: 'call', topic: 'a', name: 'c', payload: 1 })
    rejoin(peer, { recovery: 'fresh' })
    expect(peer.wrote).toEqual([['call', ref, 'a', 'c', 1]])
  })
})
