import { describe, expect, test } from 'vitest'
import { joinedPeer, type Peer, rejoin } from '../support/client-peer.ts'

const ann = ['1', 'ann', { name: 'Ann' }, 1]
const bob = ['2', 'bob', { name: 'Bob' }, 1]
const state = (version: number, entries: unknown[], epoch = 'r') => ({ v: [epoch, version], entries })
const diff = (since: number, version: number, set: unknown[], gone: string[] = [], epoch = 'r') => ({
  v: [epoch, version],
  since,
  set,
  gone,
})
const keys = (peer: Peer) =>
  peer.session
    .membership('a')
    ?.roster.members()
    .map(({ key }) => key)
const changes = (peer: Peer) =>
  peer.told.flatMap((effect) =>
    effect.kind === 'presence' ? effect.changes.map(({ kind, member }) => `${member.key} ${kind}`) : [],
  )

test('the first state is told as joins', () => {
  const peer = joinedPeer({ roster: state(1, [ann, bob]) })
  expect(changes(peer)).toEqual(['ann joined', 'bob joined'])
  expect(keys(peer)).toEqual(['ann', 'bob'])
})

test('the own entry is there at once, and once', () => {
  const peer = joinedPeer({ roster: state(1, [ann]), entry: bob })
  expect(keys(peer)).toEqual(['ann', 'bob'])
  peer.hear('presence', 'a', diff(1, 2, [bob]))
  expect(changes(peer)).toEqual([])
  expect(keys(peer)).toEqual(['ann', 'bob'])
})

test('the own entry is gone when it is untracked, although the server may never have told of it', () => {
  const peer = joinedPeer({ roster: state(1, [ann]), entry: bob })
  const ref = peer.ask({ kind: 'untrack', topic: 'a' })
  expect(keys(peer)).toEqual(['ann', 'bob'])
  peer.hear('ok', ref, null)
  expect(changes(peer)).toEqual(['bob left'])
  expect(keys(peer)).toEqual(['ann'])
  peer.hear('presence', 'a', diff(1, 2, [], ['2']))
  expect(changes(peer)).toEqual([])
})

test('diffs follow one another', () => {
  const peer = joinedPeer({ roster: state(1, [ann]) })
  peer.hear('presence', 'a', diff(1, 4, [bob], ['1']))
  expect(changes(peer)).toEqual(['bob joined', 'ann left'])
  peer.hear('presence', 'a', diff(4, 5, [['2', 'bob', { name: 'Bob', typing: true }, 2]]))
  expect(changes(peer)).toEqual(['bob updated'])
})

test('a diff seen before changes nothing and asks nothing', () => {
  const peer = joinedPeer({ roster: state(5, [ann]) })
  expect(peer.hear('presence', 'a', diff(3, 5, [bob]))).toEqual([])
  expect(peer.hear('presence', 'a', diff(2, 4, [bob]))).toEqual([])
  expect(peer.told).toEqual([])
  expect(keys(peer)).toEqual(['ann'])
})

describe('a diff that does not follow', () => {
  test.each([
    ['because one is missing', diff(3, 4, [bob])],
    ['because it is of another epoch', diff(1, 2, [bob], [], 's')],
    ['because it overlaps', diff(0, 4, [bob])],
  ])('%s has the roster asked for, once', (_, news) => {
    const peer = joinedPeer({ roster: state(1, [ann]) })
    expect(peer.hear('presence', 'a', news)).toEqual([['roster', expect.any(Number), 'a', { since: ['r', 1] }]])
    expect(peer.told).toEqual([])
    expect(peer.hear('presence', 'a', news)).toEqual([])
    expect(keys(peer)).toEqual(['ann'])
  })

  test('is made good by a diff from the own version', () => {
    const peer = joinedPeer({ roster: state(1, [ann]) })
    peer.hear('presence', 'a', diff(3, 4, [bob]))
    peer.hear('ok', peer.ref('roster'), diff(1, 4, [bob], ['1']))
    expect(changes(peer)).toEqual(['bob joined', 'ann left'])
    expect(peer.hear('presence', 'a', diff(4, 5, [ann]))).toEqual([])
    expect(keys(peer)).toEqual(['bob', 'ann'])
  })

  test('is made good by a state, of whatever epoch', () => {
    const peer = joinedPeer({ roster: state(7, [ann]) })
    peer.hear('presence', 'a', diff(1, 2, [bob], [], 's'))
    peer.hear('ok', peer.ref('roster'), state(2, [bob], 's'))
    expect(changes(peer)).toEqual(['bob joined', 'ann left'])
    expect(peer.wait(1_000)).toEqual([])
  })

  test('is asked for again a little later if the answer was too old', () => {
    const peer = joinedPeer({ roster: state(1, [ann]) })
    peer.hear('presence', 'a', diff(3, 4, [bob]))
    expect(peer.hear('ok', peer.ref('roster'), state(2, [ann]))).toEqual([])
    expect(peer.wait(500)).toEqual([['roster', expect.any(Number), 'a', { since: ['r', 2] }]])
    peer.hear('ok', peer.ref('roster'), state(4, [ann, bob]))
    expect(keys(peer)).toEqual(['ann', 'bob'])
    expect(peer.wait(500)).toEqual([])
  })

  test('is asked for again when the request is refused', () => {
    const peer = joinedPeer({ roster: state(1, [ann]) })
    peer.hear('presence', 'a', diff(3, 4, [bob]))
    peer.hear('error', peer.ref('roster'), { code: 'rate_limited', message: '', retryAfterMs: 400 })
    expect(peer.told).toEqual([])
    expect(peer.wait(400)).toEqual([['roster', expect.any(Number), 'a', { since: ['r', 1] }]])
  })
})

test('a request for the roster that was lost with its connection is made anew when it is needed', () => {
  const peer = joinedPeer({ roster: state(1, [ann]) })
  peer.hear('presence', 'a', diff(3, 4, [bob]))
  peer.lose()
  rejoin(peer, { recovery: 'fresh', roster: state(5, [ann, bob]) })
  expect(peer.hear('presence', 'a', diff(7, 8, []))).toEqual([['roster', expect.any(Number), 'a', { since: ['r', 5] }]])
})

describe('a return', () => {
  test('continues from the version held', () => {
    const peer = joinedPeer({ roster: state(3, [ann]) })
    peer.lose()
    expect(keys(peer)).toEqual(['ann'])
    rejoin(peer, { recovery: 'fresh', roster: diff(3, 6, [bob]) })
    expect(changes(peer)).toEqual(['bob joined'])
    expect(keys(peer)).toEqual(['ann', 'bob'])
  })

  test('takes a whole state, and tells the difference only', () => {
    const peer = joinedPeer({ roster: state(3, [ann, bob]) })
    peer.lose()
    rejoin(peer, { recovery: 'fresh', roster: state(1, [bob, ['3', 'cid', null, 1]], 's') })
    expect(changes(peer)).toEqual(['cid joined', 'ann left'])
  })

  test('shows the metadata that was accepted last', () => {
    const peer = joinedPeer({ roster: state(1, []) }, { presence: { name: 'A' } })
    const ref = peer.ask({ kind: 'track', topic: 'a', meta: { name: 'B' } })
    peer.hear('ok', ref, null)
    peer.lose()
    expect(peer.open()[1]).toEqual(['join', expect.any(Number), 'a', { presence: { name: 'B' }, roster: ['r', 1] }])
  })

  test('does not show what the server refused', () => {
    const peer = joinedPeer({}, { presence: { name: 'A' } })
    const ref = peer.ask({ kind: 'track', topic: 'a', meta: 'nonsense' })
    peer.hear('error', ref, { code: 'invalid_payload', message: '' })
    peer.lose()
    expect(peer.open()[1]).toEqual(['join', expect.any(Number), 'a', { presence: { name: 'A' } }])
  })

  test('of somebody unseen is unseen', () => {
    const peer = joinedPeer({}, { presence: { name: 'A' } })
    const ref = peer.ask({ kind: 'untrack', topic: 'a' })
    peer.hear('ok', ref, null)
    peer.lose()
    expect(peer.open()[1]).toEqual(['join', expect.any(Number), 'a', {}])
  })
})

describe('a channel that tells counts', () => {
  test('keeps the newest, and no members', () => {
    const peer = joinedPeer({ roster: { v: ['r', 1], members: 2, count: 3 }, entry: ann })
    expect(peer.session.membership('a')?.count).toMatchObject({ members: 2, entries: 3 })
    peer.hear('presence', 'a', { v: ['r', 2], members: 5, count: 5 })
    expect(peer.told).toEqual([{ kind: 'presence', topic: 'a', changes: [] }])
    expect(peer.session.membership('a')?.count).toMatchObject({ members: 5, entries: 5 })
    expect(keys(peer)).toEqual([])
  })
})
