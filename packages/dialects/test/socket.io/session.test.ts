import {
  channel,
  contract,
  type Effect,
  type Entry,
  type Joined,
  type Outcome,
  type Payload,
  type Random,
  type Refusal,
  type Request,
} from '@rollcall/core'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { decodePid } from '../../src/socket.io/recovery.ts'
import { type SessionSettings, SocketIoSession } from '../../src/socket.io/session.ts'
import { Variants } from '../../src/socket.io/variant.ts'

const text = z.string()
const rooms = contract({
  'room:{room}': channel({
    send: { message: text, draw: text },
    emit: { message: text },
    call: { twice: { input: z.number(), output: z.number() } },
    presence: z.object({ name: text }),
    history: {},
  }),
  'live:{room}': channel({ send: { message: text, presence: text }, emit: { message: text } }),
})

let marks = 0
const random: Random = { fraction: () => 0, token: () => `m${++marks}` }
const spread = new Set(['draw'])

function make(settings: Partial<SessionSettings> = {}, version: 3 | 4 = 4, query = ''): SocketIoSession {
  const all: SessionSettings = {
    contract: rooms,
    variants: new Variants(spread),
    topicOf: (nsp) => (nsp === '/' ? 'room:lobby' : nsp.slice(1)),
    recovery: 'log',
    spread,
    connectTimeoutMs: 1_000,
    attachmentMs: 500,
    packets: { depth: 8, attachments: 10, attachedBytes: 1_000 },
    maxSeats: 4,
    ...settings,
  }
  return new SocketIoSession(all, version, new URLSearchParams(query), random, 0)
}

const requestsIn = (effects: readonly Effect[]): Request[] =>
  effects.flatMap((effect) => (effect.kind === 'request' ? [effect.request] : []))
const writesIn = (effects: readonly Effect[]): Payload[] =>
  effects.flatMap((effect) => (effect.kind === 'write' ? [effect.payload] : []))

function requestIn(effects: readonly Effect[]): Request {
  const [request, ...more] = requestsIn(effects)
  if (!request || more.length > 0) throw new Error(`not one request: ${JSON.stringify(effects)}`)
  return request
}

const welcome = (resumed = false, token = 'tok'): Outcome => ({
  ok: true,
  result: { connection: 'conn', user: { id: 'u' }, resume: { token, resumeMs: 1, resumed } },
})
const joined = (more: Partial<Joined> = {}): Outcome => ({
  ok: true,
  result: { entry: null, position: { epoch: 'e', offset: 10 }, recovery: 'fresh', roster: null, reply: null, ...more },
})
const no = (code: Refusal['code'], message = 'why', more: Partial<Refusal> = {}): Outcome => ({
  ok: false,
  refusal: { code, message, ...more },
})
const done = (result: unknown = null): Outcome => ({ ok: true, result })

/** A session in a namespace, and the pid that it was given. */
function connected(nsp = '/', session = make()): { session: SocketIoSession; pid: string } {
  const prefix = nsp === '/' ? '' : `${nsp},`
  const first = session.receive(`0${prefix}`, 0)
  const join =
    requestIn(first).kind === 'hello' ? requestIn(session.answer(requestIn(first), welcome())) : requestIn(first)
  const [packet] = writesIn(session.answer(join, joined()))
  const { pid } = JSON.parse(String(packet).slice(2 + prefix.length)) as { pid: string }
  return { session, pid }
}

const closed = (code: number) => [{ kind: 'close', code, reason: expect.any(String) }]

describe('a connect', () => {
  test('says hello with its auth, then joins', () => {
    const session = make()
    const hello = requestIn(session.receive('0{"token":"t","name":"Tyr","last":5}', 0))
    expect(hello).toEqual({
      kind: 'hello',
      ref: null,
      credentials: { token: 't', name: 'Tyr', last: 5 },
      resume: null,
      token: 'same',
    })
    const join = requestIn(session.answer(hello, welcome()))
    expect(join).toMatchObject({
      kind: 'join',
      topic: 'room:lobby',
      alias: 'room:lobby',
      input: undefined,
      presence: { name: 'Tyr' },
      since: { last: 5 },
      roster: null,
    })
    const entry: Entry = { id: 'conn', key: 'u', meta: { name: 'Tyr' }, rev: 1 }
    const roster = { version: { epoch: 'r', version: 1 }, entries: [entry] }
    const [packet, presence, ...more] = writesIn(session.answer(join, joined({ entry, roster })))
    const about = JSON.parse(String(packet).slice(2)) as { sid: string; pid: string }
    expect(String(packet).slice(0, 3)).toBe('40{')
    expect(about).toEqual({ sid: 'conn', pid: expect.any(String) })
    expect(decodePid(about.pid)).toEqual({ token: 'tok', joined: { epoch: 'e', offset: 10 }, stale: null })
    expect(presence).toBe('42["presence_state",[{"id":"conn","key":"u","meta":{"name":"Tyr"}}]]')
    expect(more).toEqual([])
  })

  test('to other namespaces waits for the first hello, and needs no other', () => {
    const session = make()
    const hello = requestIn(session.receive('0', 0))
    expect(session.receive('0/room:b,', 0)).toEqual([])
    expect(session.receive('0/live:c,', 0)).toEqual([])
    expect(requestsIn(session.answer(hello, welcome())).map((request) => 'topic' in request && request.topic)).toEqual([
      'room:lobby',
      'room:b',
      'live:c',
    ])
    expect(requestIn(session.receive('0/room:d,', 0))).toMatchObject({ kind: 'join', topic: 'room:d' })
  })

  test('of one topic under two names has two aliases', () => {
    const { session } = connected()
    expect(requestIn(session.receive('0/room:lobby,', 0))).toMatchObject({ topic: 'room:lobby', alias: '/room:lobby' })
  })

  test.each(['0/nothing,', '0/nothing', '0/a/b,{}'])('%s is an invalid namespace', (packet) => {
    const nsp = /\/[^,]*/.exec(packet)?.[0]
    expect(make().receive(packet, 0)).toEqual([{ kind: 'write', payload: `44${nsp},{"message":"Invalid namespace"}` }])
  })

  test('to the root is invalid where there is none', () => {
    expect(make({ topicOf: () => null }).receive('0', 0)).toEqual([
      { kind: 'write', payload: '44{"message":"Invalid namespace"}' },
    ])
  })

  test('with a name beyond all measure is told the beginning of it', () => {
    const [packet] = writesIn(make().receive(`0/${'x'.repeat(900_000)},`, 0))
    expect(packet).toBe(`44/${'x'.repeat(255)},{"message":"Invalid namespace"}`)
  })

  test('refused by authenticate is told why, and another one may say something better', () => {
    const session = make()
    const hello = requestIn(session.receive('0{"token":"bad"}', 0))
    session.receive('0/room:b,{"token":"good"}', 0)
    const effects = session.answer(hello, no('unauthorized', 'who are you?', { details: { a: 1 } }))
    expect(writesIn(effects)).toEqual(['44{"message":"who are you?","data":{"code":"unauthorized","details":{"a":1}}}'])
    const again = requestIn(effects)
    expect(again).toMatchObject({ kind: 'hello', credentials: { token: 'good' } })
    expect(requestIn(session.answer(again, welcome()))).toMatchObject({ topic: 'room:b' })
    expect(requestIn(session.receive('0{"token":"bad"}', 0))).toMatchObject({ topic: 'room:lobby' })
  })

  test.each<[Refusal['code'], Partial<Refusal>, string]>([
    ['refused', {}, '{"message":"why","data":{"code":"refused"}}'],
    ['refused', { details: 'x' }, '{"message":"why","data":{"code":"refused","details":"x"}}'],
    ['unavailable', { retryAfterMs: 5 }, '{"message":"why","data":{"code":"unavailable","retryAfterMs":5}}'],
    ['too_many_channels', {}, '{"message":"why","data":{"code":"too_many_channels"}}'],
    ['unknown_topic', {}, '{"message":"Invalid namespace"}'],
  ])('refused as %s with %j', (code, more, told) => {
    const session = make()
    const join = requestIn(session.answer(requestIn(session.receive('0/room:b,', 0)), welcome()))
    expect(session.answer(join, no(code, 'why', more))).toEqual([{ kind: 'write', payload: `44/room:b,${told}` }])
    expect(requestIn(session.receive('0/room:b,', 0)).kind).toBe('join')
  })

  test('refused again and again ends the connection', () => {
    const session = make()
    for (let i = 0; i < 64; i++) expect(writesIn(session.receive(`0/nothing${i},`, 0))).toHaveLength(1)
    expect(session.receive('0/nothing,', 0)).toEqual(closed(4405))
  })

  test('beyond the bound is refused while nobody is known yet', () => {
    const session = make()
    for (const nsp of ['a', 'b', 'c', 'd']) session.receive(`0/room:${nsp},`, 0)
    expect(writesIn(session.receive('0/room:e,', 0))).toEqual([
      '44/room:e,{"message":"Too many namespaces","data":{"code":"too_many_channels"}}',
    ])
  })

  test('a second one ends the connection, but not while the first is being answered', () => {
    const session = make()
    const hello = requestIn(session.receive('0', 0))
    expect(session.receive('0', 0)).toEqual([])
    const join = requestIn(session.answer(hello, welcome()))
    expect(session.receive('0', 0)).toEqual([])
    session.answer(join, joined())
    expect(session.receive('0', 0)).toEqual(closed(4400))
  })

  test('that is taken back is not answered', () => {
    const session = make()
    const hello = requestIn(session.receive('0', 0))
    expect(session.receive('1', 0)).toEqual([])
    expect(session.answer(hello, welcome())).toEqual([])
    const join = requestIn(session.receive('0', 0))
    expect(requestIn(session.receive('1', 0))).toMatchObject({ kind: 'leave', alias: 'room:lobby' })
    const second = requestIn(session.receive('0', 0))
    expect(session.answer(join, no('closed'))).toEqual([])
    expect(writesIn(session.answer(second, joined()))).toHaveLength(1)
  })

  test('that is taken back while it is refused does not stand in the way of others', () => {
    const session = make()
    const hello = requestIn(session.receive('0{"token":"bad"}', 0))
    session.receive('1', 0)
    session.receive('0/room:b,{"token":"good"}', 0)
    const effects = session.answer(hello, no('unauthorized'))
    expect(writesIn(effects)).toEqual([])
    expect(requestIn(effects)).toMatchObject({ kind: 'hello', credentials: { token: 'good' } })
  })

  test('without pids where nothing is recovered', () => {
    const session = make({ recovery: 'none' })
    const join = requestIn(session.answer(requestIn(session.receive('0{"pid":"p","offset":"o"}', 0)), welcome()))
    expect(join).toMatchObject({ variant: { id: 'socket.io 4 bare /' }, since: null })
    expect(writesIn(session.answer(join, joined()))).toEqual(['40{"sid":"conn"}'])
  })
})

describe('a packet', () => {
  test.each(['2["message"]', '21["message"]', '1', '3[1]', '31[1]'])(
    '%s before a connect ends the connection',
    (packet) => {
      expect(make().receive(packet, 0)).toEqual(closed(4400))
      const { session } = connected()
      expect(session.receive(packet.replace(/^\d/, '$&/room:b,'), 0)).toEqual(closed(4400))
      expect(session.receive('0', 0)).toEqual([])
    },
  )

  test('for a namespace that is still being connected ends the connection', () => {
    const session = make()
    session.receive('0', 0)
    expect(session.receive('2["message"]', 0)).toEqual(closed(4400))
  })

  test.each<[Payload, number]>([
    ['7', 4400],
    ['2[]', 4400],
    ['4{}', 4400],
    [new Uint8Array([1]), 4400],
    [`2["a",${'['.repeat(9)}${']'.repeat(9)}]`, 4404],
  ])('%s ends the connection with %i', (packet, code) => {
    expect(connected().session.receive(packet, 0)).toEqual(closed(code))
  })

  test('acks are for nobody', () => {
    const { session } = connected()
    for (const packet of ['3', '3[1]', '3999[1]']) expect(session.receive(packet, 0)).toEqual([])
  })
})

describe('an event', () => {
  const send = (event: string, payload: unknown) => ({
    kind: 'send',
    alias: 'room:lobby',
    event,
    payload,
    id: null,
  })

  test.each<[string, object]>([
    ['2["message","hi"]', send('message', 'hi')],
    ['2["message"]', send('message', null)],
    ['2["message",null]', send('message', null)],
    ['2["message",1,2]', send('message', [1, 2])],
    ['2["message",[1,2]]', send('message', [1, 2])],
    ['2["draw",1]', send('draw', [1])],
    ['2["draw"]', send('draw', [])],
    ['2[7,1]', send('7', 1)],
    ['2["__proto__",1]', send('__proto__', 1)],
    ['2["toString",1]', send('toString', 1)],
    ['2["nope",1]', send('nope', 1)],
    ['2["twice",4]', { kind: 'call', alias: 'room:lobby', name: 'twice', payload: 4 }],
    ['2["presence",{"name":"Bob"}]', { kind: 'track', alias: 'room:lobby', meta: { name: 'Bob' } }],
    ['2["presence",null]', { kind: 'untrack', alias: 'room:lobby' }],
    ['2["presence",false]', { kind: 'untrack', alias: 'room:lobby' }],
  ])('%s', (packet, request) => {
    expect(requestIn(connected().session.receive(packet, 0))).toMatchObject(request)
  })

  test('named presence is the application’s where its contract has it, or where nobody is seen', () => {
    const { session } = connected('/live:a')
    expect(requestIn(session.receive('2/live:a,["presence","x"]', 0))).toMatchObject({
      kind: 'send',
      event: 'presence',
    })
  })

  test('carries bytes', () => {
    const { session } = connected()
    expect(session.receive('51-["message",{"_placeholder":true,"num":0}]', 0)).toEqual([])
    expect(requestIn(session.receive(new Uint8Array([1, 2]), 0))).toMatchObject(send('message', new Uint8Array([1, 2])))
  })

  test.each<[string, Outcome, Payload[]]>([
    ['212["message","hi"]', done({ position: null }), ['4312[{"position":null}]']],
    ['20["message","hi"]', done(undefined), ['430[null]']],
    ['2007["message","hi"]', done(8), ['43007[8]']],
    ['212["message","hi"]', done(new Uint8Array([9])), ['461-12[{"_placeholder":true,"num":0}]', new Uint8Array([9])]],
    [
      '212["message","hi"]',
      no('invalid_payload', 'too long', { details: 1 }),
      ['4312[{"error":{"code":"invalid_payload","message":"too long","details":1}}]'],
    ],
    ['2["message","hi"]', done(1), []],
    [
      '2["message","hi"]',
      no('rate_limited', 'wait', { retryAfterMs: 7 }),
      ['42["error",{"code":"rate_limited","message":"wait","retryAfterMs":7,"event":"message"}]'],
    ],
  ])('%s with the outcome %j is answered', (packet, outcome, writes) => {
    const { session } = connected()
    expect(writesIn(session.answer(requestIn(session.receive(packet, 0)), outcome))).toEqual(writes)
  })

  test('of a namespace that was left is not answered', () => {
    const { session } = connected()
    const request = requestIn(session.receive('212["message","hi"]', 0))
    session.receive('1', 0)
    expect(session.answer(request, done())).toEqual([])
  })
})

describe('a disconnect', () => {
  test('leaves, and the namespace can be connected again', () => {
    const { session } = connected('/room:b')
    expect(session.deserted).toBe(false)
    expect(requestIn(session.receive('1/room:b,', 0))).toMatchObject({ kind: 'leave', alias: 'room:b' })
    expect(session.deserted).toBe(true)
    expect(requestIn(session.receive('0/room:b,', 0)).kind).toBe('join')
    expect(session.deserted).toBe(false)
  })

  test('from the server is told with its reason; what was under way is no fault', () => {
    const { session } = connected('/room:b')
    expect(session.notify({ kind: 'left', alias: 'room:b', reason: 'spam' })).toEqual([
      { kind: 'write', payload: '42/room:b,["left",{"reason":"spam"}]' },
      { kind: 'write', payload: '41/room:b,' },
    ])
    expect(session.receive('2/room:b,["message","hi"]', 0)).toEqual([])
    expect(session.receive('1/room:b,', 0)).toEqual([])
    expect(session.deserted).toBe(false)
    expect(requestIn(session.receive('0/room:b,', 0)).kind).toBe('join')
    expect(session.receive('2/room:b,["message","hi"]', 0)).toEqual(closed(4400))
  })

  test('is told to all before a user is out for good, and before no other close', () => {
    const { session } = connected()
    connected('/room:b', session)
    expect(writesIn(session.closing(4403))).toEqual(['41', '41/room:b,'])
    for (const code of [4000, 4001, 4002, 4003, 4100, 4400]) expect(session.closing(code)).toEqual([])
  })
})

describe('a notice', () => {
  test('of lost messages ends the connection: back again the client is not recovered', () => {
    const gap = { kind: 'gap', alias: 'room:lobby', reason: 'too_old', position: { epoch: 'e', offset: 1 } } as const
    expect(connected().session.notify(gap)).toEqual(closed(4003))
  })

  test('of the roster is the state', () => {
    const roster = { version: { epoch: 'r', version: 3 }, entries: [] }
    expect(writesIn(connected().session.notify({ kind: 'roster', alias: 'room:lobby', roster }))).toEqual([
      '42["presence_state",[]]',
    ])
  })

  test('of somebody else, or of the end, says nothing', () => {
    const { session } = connected()
    expect(session.notify({ kind: 'left', alias: 'room:x', reason: '' })).toEqual([])
    expect(session.notify({ kind: 'closing', reason: '', retryAfterMs: 1, spreadMs: 1 })).toEqual([])
  })
})

describe('recovery', () => {
  /** What a client that comes back is told. */
  function back(auth: object, resumed = true, more: Partial<Joined> = { recovery: 'recovered' }, nsp = '/room:b') {
    const session = make()
    const hello = requestIn(session.receive(`0${nsp},${JSON.stringify(auth)}`, 0))
    const join = requestIn(session.answer(hello, welcome(resumed)))
    const [packet] = writesIn(session.answer(join, joined(more)))
    const about = JSON.parse(String(packet).slice(2 + nsp.length + 1)) as { sid: string; pid: string }
    return { session, hello, join, about }
  }

  test('goes on where the client stood, with the very pid that it showed', () => {
    const { pid } = connected('/room:b')
    const { hello, join, about } = back({ token: 't', pid, offset: '12~e' })
    expect(hello).toMatchObject({ resume: 'tok', credentials: { token: 't' } })
    expect(join).toMatchObject({ since: { position: { epoch: 'e', offset: 12 } } })
    expect(about).toEqual({ sid: 'conn', pid })
  })

  test('works before the first event', () => {
    const { pid } = connected('/room:b')
    const { join, about } = back({ pid })
    expect(join).toMatchObject({ since: { position: { epoch: 'e', offset: 10 } } })
    expect(about.pid).toBe(pid)
  })

  test('works before the first event of a session that began with an offset of another one', () => {
    const old = connected('/room:b').pid
    const { about } = back({ pid: old, offset: '3~gone' }, false, { recovery: 'fresh' })
    expect(about.pid).not.toBe(old)
    const { join } = back({ pid: about.pid, offset: '3~gone' })
    expect(join).toMatchObject({ since: { position: { epoch: 'e', offset: 10 } } })
  })

  test('can be had again and again', () => {
    const { pid } = connected('/room:b')
    for (const offset of ['12~e', '15~e']) expect(back({ pid, offset }).about.pid).toBe(pid)
  })

  test('of a session that is not there begins anew', () => {
    const { pid } = connected('/room:b')
    const { join, about } = back({ pid, offset: '12~e' }, false, { recovery: 'fresh' })
    expect(join).toMatchObject({ since: null })
    expect(about.pid).not.toBe(pid)
  })

  test('with a gap is told by another pid', () => {
    const { pid } = connected('/room:b')
    const { about } = back({ pid, offset: '1~e' }, true, { recovery: { gap: 'too_old' } })
    expect(about.pid).not.toBe(pid)
    expect(decodePid(about.pid)).toEqual({ token: 'tok', joined: { epoch: 'e', offset: 10 }, stale: '1~e' })
  })

  test('with an offset that is none is told by another pid', () => {
    const { pid } = connected('/room:b')
    const { join, about } = back({ pid, offset: 'hi' }, true, { recovery: 'fresh' })
    expect(join).toMatchObject({ since: null })
    expect(about.pid).not.toBe(pid)
  })

  test('of a channel without history keeps the session, and is no recovery', () => {
    const { pid } = connected('/live:a')
    const { hello, about } = back({ pid, offset: 'text' }, true, { recovery: 'fresh', position: null }, '/live:a')
    expect(hello).toMatchObject({ resume: 'tok' })
    expect(about.sid).toBe('conn')
    expect(about.pid).not.toBe(pid)
  })

  test('is not for a namespace that was left since', () => {
    const { pid } = connected('/room:b')
    const { session } = back({ pid, offset: '12~e' })
    session.receive('1/room:b,', 0)
    expect(requestIn(session.receive(`0/room:b,${JSON.stringify({ pid, offset: '12~e' })}`, 0))).toMatchObject({
      kind: 'join',
      since: null,
    })
  })

  test('of several namespaces takes one hello', () => {
    const one = connected('/room:b')
    const { session } = one
    const two = connected('/room:c', session)
    const again = make()
    const hello = requestIn(again.receive(`0/room:b,${JSON.stringify({ pid: one.pid, offset: '11~e' })}`, 0))
    again.receive(`0/room:c,${JSON.stringify({ pid: two.pid, offset: '12~e' })}`, 0)
    again.receive(`0/room:d,${JSON.stringify({ pid: two.pid.replace('tok', 'other'), offset: '13~e' })}`, 0)
    const joins = requestsIn(again.answer(hello, welcome(true)))
    expect(joins.map((join) => 'since' in join && join.since)).toEqual([
      { position: { epoch: 'e', offset: 11 } },
      { position: { epoch: 'e', offset: 12 } },
      null,
    ])
  })

  test.each([{ pid: 7 }, { pid: 'x' }, { pid: null, offset: {} }, { offset: '12~e' }, { pid: '~~~' }])(
    'is not had with %j',
    (auth) => {
      expect(requestIn(make().receive(`0${JSON.stringify(auth)}`, 0))).toMatchObject({
        resume: null,
        credentials: undefined,
      })
    },
  )
})

describe('revision 3', () => {
  test('is connected to the root without asking', () => {
    const session = make({}, 3, 'EIO=3&transport=polling&name=Two&token=t')
    const hello = requestIn(session.start())
    expect(hello).toMatchObject({ kind: 'hello', credentials: { name: 'Two', token: 't' } })
    const join = requestIn(session.answer(hello, welcome()))
    expect(join).toMatchObject({
      topic: 'room:lobby',
      presence: { name: 'Two' },
      variant: { id: 'socket.io 3 bare /' },
    })
    expect(writesIn(session.answer(join, joined()))).toEqual(['40'])
  })

  test('gives its auth in the query of a namespace, or in that of its handshake', () => {
    const session = make({}, 3, 'EIO=3&name=Two')
    session.answer(requestIn(session.start()), welcome())
    const chat = requestIn(session.receive('0/room:b?name=Chat,', 0))
    expect(chat).toMatchObject({ topic: 'room:b', presence: { name: 'Chat' } })
    expect(writesIn(session.answer(chat, joined()))).toEqual(['40/room:b'])
    expect(requestIn(session.receive('0/room:c', 0))).toMatchObject({ topic: 'room:c', presence: { name: 'Two' } })
    expect(requestIn(session.receive('2/room:b,["message","hi"]', 0))).toMatchObject({ alias: 'room:b' })
  })

  test('is refused with a text', () => {
    const session = make({}, 3)
    expect(writesIn(session.answer(requestIn(session.start()), no('unauthorized', 'who are you?')))).toEqual([
      '44"who are you?"',
    ])
    expect(writesIn(session.receive('0/nothing', 0))).toEqual(['44/nothing,"Invalid namespace"'])
  })

  test('without a root says hello with its first namespace', () => {
    const session = make({ topicOf: (nsp) => (nsp === '/' ? null : nsp.slice(1)) }, 3, 'token=t')
    expect(session.start()).toEqual([])
    expect(requestIn(session.receive('0/room:b', 0))).toMatchObject({ kind: 'hello', credentials: { token: 't' } })
  })

  test('revision 4 is not connected without asking', () => {
    expect(make().start()).toEqual([])
  })
})

describe('time', () => {
  test('ends a connection without a namespace', () => {
    const session = make()
    session.receive('0', 0)
    expect(session.tick(999)).toEqual([])
    expect(session.tick(1_000)).toEqual(closed(4401))
    expect(session.tick(2_000)).toEqual([])
  })

  test('does not end one that has, or had, a namespace', () => {
    const { session } = connected()
    expect(session.tick(1_000)).toEqual([])
    session.receive('1', 0)
    expect(session.tick(9_999)).toEqual([])
  })

  test('ends one whose attachments do not come', () => {
    const { session } = connected()
    session.receive('52-["message"]', 100)
    session.receive(new Uint8Array(1), 400)
    expect(session.tick(599)).toEqual([])
    expect(session.tick(600)).toEqual(closed(4400))
  })

  test('begins anew with each packet', () => {
    const { session } = connected()
    session.receive('51-["message"]', 100)
    session.receive(new Uint8Array(1), 200)
    expect(session.tick(600)).toEqual([])
    session.receive('51-["message"]', 600)
    expect(session.tick(900)).toEqual([])
  })
})
