import {
  type ClientFrame,
  type Delivery,
  decodeClient,
  decodeJoined,
  decodePage,
  decodeRoster,
  decodeSent,
  decodeServer,
  encodeClient,
  type Joined,
  type RosterDiff,
  rollcallVariant,
  type ServerFrame,
} from '@rollcall/core'
import { describe, expect, test } from 'vitest'
import {
  encodeClosing,
  encodeError,
  encodeGap,
  encodeJoined,
  encodeLeft,
  encodeOk,
  encodePage,
  encodePosition,
  encodePresence,
  encodeWelcome,
} from '../../src/protocol/encode-server.ts'

describe('what a client sends, both ways', () => {
  const frames: [string, ClientFrame][] = [
    ['["hello",{}]', { kind: 'hello', credentials: undefined, resume: null }],
    [
      '["hello",{"credentials":{"token":"t"},"resume":"r"}]',
      { kind: 'hello', credentials: { token: 't' }, resume: 'r' },
    ],
    ['["refresh",1,"token"]', { kind: 'refresh', ref: 1, credentials: 'token' }],
    ['["join",2,"room:1",{}]', { kind: 'join', ref: 2, topic: 'room:1', options: {} }],
    [
      '["join",2,"room:1",{"input":1,"presence":{"name":"Tyr"},"last":10,"position":["e",7],"roster":["r",3]}]',
      {
        kind: 'join',
        ref: 2,
        topic: 'room:1',
        options: {
          input: 1,
          presence: { name: 'Tyr' },
          last: 10,
          position: { epoch: 'e', offset: 7 },
          roster: { epoch: 'r', version: 3 },
        },
      },
    ],
    ['["leave",3,"room:1"]', { kind: 'leave', ref: 3, topic: 'room:1' }],
    [
      '["send",4,"room:1","message","hi","id"]',
      { kind: 'send', ref: 4, topic: 'room:1', event: 'message', payload: 'hi', id: 'id' },
    ],
    [
      '["send",4,"room:1","message",null]',
      { kind: 'send', ref: 4, topic: 'room:1', event: 'message', payload: null, id: null },
    ],
    [
      '["call",5,"room:1","rename",{"to":"x"}]',
      { kind: 'call', ref: 5, topic: 'room:1', name: 'rename', payload: { to: 'x' } },
    ],
    ['["track",6,"room:1",{"typing":true}]', { kind: 'track', ref: 6, topic: 'room:1', meta: { typing: true } }],
    ['["untrack",7,"room:1"]', { kind: 'untrack', ref: 7, topic: 'room:1' }],
    [
      '["history",8,"room:1",{"before":9,"limit":20}]',
      { kind: 'history', ref: 8, topic: 'room:1', before: 9, after: null, limit: 20 },
    ],
    [
      '["history",8,"room:1",{"after":0,"limit":1}]',
      { kind: 'history', ref: 8, topic: 'room:1', before: null, after: 0, limit: 1 },
    ],
    ['["roster",9,"room:1",{}]', { kind: 'roster', ref: 9, topic: 'room:1', since: null }],
    [
      '["roster",9,"room:1",{"since":["e",4]}]',
      { kind: 'roster', ref: 9, topic: 'room:1', since: { epoch: 'e', version: 4 } },
    ],
    ['["ping",10]', { kind: 'ping', ref: 10 }],
    ['["pong"]', { kind: 'pong' }],
  ]

  test.each(frames)('%s', (wire, frame) => {
    expect(decodeClient(wire)).toEqual(frame)
    const written = JSON.parse(encodeClient(frame) as string)
    expect(written).toEqual(JSON.parse(wire))
  })

  test.each<[string, ClientFrame]>([
    ['["hello"]', { kind: 'hello', credentials: undefined, resume: null }],
    ['["hello",null]', { kind: 'hello', credentials: undefined, resume: null }],
    ['["join",1,"a"]', { kind: 'join', ref: 1, topic: 'a', options: {} }],
    ['["send",1,"a","b"]', { kind: 'send', ref: 1, topic: 'a', event: 'b', payload: undefined, id: null }],
    ['["send",1,"a","b",1,null]', { kind: 'send', ref: 1, topic: 'a', event: 'b', payload: 1, id: null }],
    ['["history",1,"a"]', { kind: 'history', ref: 1, topic: 'a', before: null, after: null, limit: 50 }],
    ['["roster",1,"a"]', { kind: 'roster', ref: 1, topic: 'a', since: null }],
    ['["leave",1,"a","more","than","asked"]', { kind: 'leave', ref: 1, topic: 'a' }],
    [' [ "pong" ] ', { kind: 'pong' }],
  ])('%s may be said shortly', (wire, frame) => {
    expect(decodeClient(wire)).toEqual(frame)
  })

  test('bytes, as a binary frame', () => {
    const payload = Uint8Array.of(0, 255, 10)
    const header = '["send",4,"a","b",null,"id"]'
    const wire = encodeClient({ kind: 'send', ref: 4, topic: 'a', event: 'b', payload, id: 'id' }) as Uint8Array
    expect([...wire]).toEqual([0, header.length, ...new TextEncoder().encode(header), 0, 255, 10])
    expect(decodeClient(wire)).toEqual({ kind: 'send', ref: 4, topic: 'a', event: 'b', payload, id: 'id' })
  })
})

describe('a client frame is refused', () => {
  const alone = { kind: 'fault', tooDeep: false }
  test.each([
    ['nothing', '', null],
    ['no JSON', '{', null],
    ['NUL', '\u0000', null],
    ['a text', '"hello"', null],
    ['an object', '{"0":"hello"}', null],
    ['no kind', '[]', null],
    ['a kind that is no text', '[1]', null],
    ['an unknown kind', '["shout",1,"a"]', null],
    ['a kind of Object.prototype', '["constructor",1,"a"]', null],
    ['hello options that are a list', '["hello",[]]', null],
    ['a resume token that is a number', '["hello",{"resume":1}]', null],
    ['a resume token that is too long', `["hello",{"resume":"${'x'.repeat(513)}"}]`, null],
    ['a ref that is missing', '["leave"]', null],
    ['the ref 0', '["leave",0,"a"]', null],
    ['a negative ref', '["leave",-1,"a"]', null],
    ['half a ref', '["leave",1.5,"a"]', null],
    ['a ref beyond 2^53', '["leave",9007199254740992,"a"]', null],
    ['a ref as a text', '["leave","1","a"]', null],
    ['a topic that is a number', '["leave",1,5]', 1],
    ['no topic', '["send",1]', 1],
    ['join options that are a text', '["join",1,"a","b"]', 1],
    ['an epoch that is a number', '["join",1,"a",{"position":[1,2]}]', 1],
    ['an epoch that is too long', `["join",1,"a",{"position":["${'x'.repeat(65)}",2]}]`, 1],
    ['half an offset', '["join",1,"a",{"position":["e",1.5]}]', 1],
    ['a position as an object', '["join",1,"a",{"position":{"epoch":"e","offset":1}}]', 1],
    ['a negative last', '["join",1,"a",{"last":-1}]', 1],
    ['no event', '["send",1,"a"]', 1],
    ['an empty event', '["send",1,"a",""]', 1],
    ['an event that is too long', `["send",1,"a","${'x'.repeat(256)}"]`, 1],
    ['an id that is a number', '["send",1,"a","b",1,7]', 1],
    ['an empty id', '["send",1,"a","b",1,""]', 1],
    ['a call without a name', '["call",1,"a"]', 1],
    ['history in both directions', '["history",1,"a",{"before":1,"after":1}]', 1],
    ['a page of nothing', '["history",1,"a",{"limit":0}]', 1],
    ['a roster version as a number', '["roster",1,"a",{"since":4}]', 1],
  ])('%s', (_, wire, ref) => {
    expect(decodeClient(wire)).toEqual({ ...alone, ref, reason: expect.any(String) })
  })

  test.each([
    ['a binary frame of nothing', []],
    ['a binary frame of one byte', [0]],
    ['a header longer than the frame', [0, 9, 91, 93]],
    ['a header that is not UTF-8', [0, 1, 255]],
    ['a header that is not JSON', [0, 1, 91]],
    ['a kind that carries no bytes', [0, 8, ...new TextEncoder().encode('["pong"]')]],
    ['a place that is taken', [0, 17, ...new TextEncoder().encode('["send",1,"a","b"'), 93]],
  ])('%s', (_, bytes) => {
    expect(decodeClient(Uint8Array.from(bytes))).toEqual({ ...alone, ref: null, reason: expect.any(String) })
  })

  test('one that nests too deep, before it is parsed', () => {
    const deep = (depth: number) => `["send",1,"a","b",${'['.repeat(depth)}${']'.repeat(depth)}]`
    expect(decodeClient(deep(63))).toMatchObject({ kind: 'send' })
    expect(decodeClient(deep(64))).toMatchObject({ kind: 'fault', tooDeep: true, ref: null })
    expect(decodeClient('['.repeat(1_000_000))).toMatchObject({ kind: 'fault', tooDeep: true })
  })
})

describe('what a server sends, both ways', () => {
  const position = { epoch: 'e', offset: 7 }
  const from = { key: 'tyr', connection: 'c1', name: 'Tyr' }
  const entry = { id: 'c1', key: 'tyr', meta: { name: 'Tyr' }, rev: 2 }
  const message: Delivery = { topic: 'room:1', event: 'message', payload: 'hi', from, at: 1000, position }
  const v = { epoch: 'r', version: 5 }
  const diff: RosterDiff = {
    version: v,
    since: 4,
    joins: [entry],
    updates: [{ entry: { ...entry, id: 'c2' }, previous: { ...entry, id: 'c2', rev: 1 } }],
    leaves: [{ ...entry, id: 'c3' }],
  }
  const limits = { pingMs: 25_000, deadMs: 8_000, maxMessageBytes: 65_536 }
  const resume = { token: 't', resumeMs: 60_000, resumed: true }

  const frames: [unknown, string, ServerFrame][] = [
    [
      encodeWelcome({ connection: 'c1', user: { id: 'tyr' }, resume }, limits),
      '["welcome",{"connection":"c1","user":{"id":"tyr"},"resume":"t","resumeMs":60000,"resumed":true,"pingMs":25000,"deadMs":8000,"maxMessageBytes":65536}]',
      {
        kind: 'welcome',
        connection: 'c1',
        user: { id: 'tyr' },
        resume: 't',
        resumeMs: 60_000,
        resumed: true,
        ...limits,
      },
    ],
    [
      encodeWelcome({ connection: 'c1', user: { id: 'tyr' }, resume: null }, limits),
      '["welcome",{"connection":"c1","user":{"id":"tyr"},"resumed":false,"pingMs":25000,"deadMs":8000,"maxMessageBytes":65536}]',
      { kind: 'welcome', connection: 'c1', user: { id: 'tyr' }, resumed: false, ...limits },
    ],
    [encodeOk(3, { a: 1 }), '["ok",3,{"a":1}]', { kind: 'ok', ref: 3, result: { a: 1 } }],
    [encodeOk(3, undefined), '["ok",3,null]', { kind: 'ok', ref: 3, result: null }],
    [
      encodeError(3, { code: 'rate_limited', message: 'Slower', retryAfterMs: 500, details: [1] }),
      '["error",3,{"code":"rate_limited","message":"Slower","retryAfterMs":500,"details":[1]}]',
      { kind: 'error', ref: 3, refusal: { code: 'rate_limited', message: 'Slower', retryAfterMs: 500, details: [1] } },
    ],
    [
      rollcallVariant.message(message),
      '["message","room:1","message","hi",{"from":{"key":"tyr","connection":"c1","name":"Tyr"},"at":1000,"offset":7}]',
      { kind: 'message', topic: 'room:1', event: 'message', payload: 'hi', stamp: { from, at: 1000, offset: 7 } },
    ],
    [
      rollcallVariant.message({ ...message, from: null, position: null, payload: undefined }),
      '["message","room:1","message",null,{"at":1000}]',
      { kind: 'message', topic: 'room:1', event: 'message', payload: null, stamp: { from: null, at: 1000 } },
    ],
    [
      encodePresence('room:1', diff),
      '["presence","room:1",{"v":["r",5],"since":4,"set":[["c1","tyr",{"name":"Tyr"},2],["c2","tyr",{"name":"Tyr"},2]],"gone":["c3"]}]',
      {
        kind: 'presence',
        topic: 'room:1',
        roster: { kind: 'diff', version: v, since: 4, set: [entry, { ...entry, id: 'c2' }], gone: ['c3'] },
      },
    ],
    [
      encodePresence('room:1', { version: v, entries: [entry] }),
      '["presence","room:1",{"v":["r",5],"entries":[["c1","tyr",{"name":"Tyr"},2]]}]',
      { kind: 'presence', topic: 'room:1', roster: { kind: 'state', version: v, entries: [entry] } },
    ],
    [
      encodePresence('room:1', { version: v, members: 2, entries: 3 }),
      '["presence","room:1",{"v":["r",5],"members":2,"count":3}]',
      { kind: 'presence', topic: 'room:1', roster: { kind: 'count', version: v, members: 2, entries: 3 } },
    ],
    [encodePosition('a', position), '["position","a",["e",7]]', { kind: 'position', topic: 'a', position }],
    [
      encodeGap('a', 'too_old', position),
      '["gap","a",{"reason":"too_old","position":["e",7]}]',
      { kind: 'gap', topic: 'a', reason: 'too_old', position },
    ],
    [encodeLeft('a', 'kicked'), '["left","a",{"reason":"kicked"}]', { kind: 'left', topic: 'a', reason: 'kicked' }],
    [
      encodeClosing('restart', 1000, 5000),
      '["closing",{"reason":"restart","retryAfterMs":1000,"spreadMs":5000}]',
      { kind: 'closing', reason: 'restart', retryAfterMs: 1000, spreadMs: 5000 },
    ],
  ]

  test.each(frames)('%s', (written, wire, frame) => {
    expect(written).toBe(wire)
    const read = decodeServer(wire)
    expect(JSON.parse(JSON.stringify(read))).toEqual(JSON.parse(JSON.stringify(frame)))
    expect(read.kind).toBe(frame.kind)
  })

  test('bytes, as a binary frame', () => {
    const payload = Uint8Array.of(1, 2)
    const wire = rollcallVariant.message({ ...message, from: null, payload }) as Uint8Array
    const header = '["message","room:1","message",null,{"at":1000,"offset":7}]'
    expect([...wire]).toEqual([0, header.length, ...new TextEncoder().encode(header), 1, 2])
    expect(decodeServer(wire)).toMatchObject({ kind: 'message', payload, stamp: { offset: 7 } })
    expect(decodeServer(encodeOk(1, payload))).toEqual({ kind: 'ok', ref: 1, result: payload })
  })

  test('a frame of a later server is not for us', () => {
    expect(decodeServer('["weather","sunny"]')).toEqual({ kind: 'unknown' })
  })

  test.each([
    '',
    '{',
    '[]',
    '[1]',
    'null',
    '"ok"',
    '{}',
    '["welcome"]',
    '["welcome",{"connection":"c","user":{"id":1},"pingMs":1,"deadMs":1,"maxMessageBytes":1}]',
    '["welcome",{"connection":"c","user":{"id":"u"},"pingMs":"1","deadMs":1,"maxMessageBytes":1}]',
    '["ok"]',
    '["ok",0]',
    '["ok","1",null]',
    '["error",1]',
    '["error",1,{"code":1,"message":"m"}]',
    '["error",1,{"code":"refused","message":"m","retryAfterMs":-1}]',
    '["message","a","b",1]',
    '["message","a","b",1,{"at":"now"}]',
    '["message","a","b",1,{"at":1,"offset":-1}]',
    '["message",1,"b",1,{"at":1}]',
    '["presence","a",{}]',
    '["presence","a",{"v":["r",1],"since":0,"set":[["id"]],"gone":[]}]',
    '["presence","a",{"v":["r",1],"since":0,"set":[],"gone":[1]}]',
    '["presence","a",{"v":["r",1],"entries":{}}]',
    '["presence","a",{"v":["r",1],"members":2}]',
    '["presence","a",{"v":5,"entries":[]}]',
    '["position","a",["e"]]',
    '["gap","a",{"reason":"too_old"}]',
    '["left","a"]',
    '["closing",{}]',
  ])('%s is not of the protocol', (wire) => {
    expect(decodeServer(wire)).toEqual({ kind: 'fault' })
  })

  test.each<[string, Joined, unknown]>([
    [
      'with everything',
      { entry, position, recovery: { gap: 'too_old' }, roster: { version: v, entries: [] }, reply: { hi: 1 } },
      {
        entry,
        position,
        recovery: { gap: 'too_old' },
        roster: { kind: 'state', version: v, entries: [] },
        reply: { hi: 1 },
      },
    ],
    [
      'with nothing',
      { entry: null, position: null, recovery: 'fresh', roster: null, reply: undefined },
      { entry: null, position: null, recovery: 'fresh', roster: null, reply: undefined },
    ],
    [
      'recovered, with a diff',
      { entry: null, position, recovery: 'recovered', roster: diff, reply: null },
      {
        entry: null,
        position,
        recovery: 'recovered',
        roster: { kind: 'diff', version: v, since: 4, set: [entry, { ...entry, id: 'c2' }], gone: ['c3'] },
        reply: null,
      },
    ],
  ])('a join %s', (_, joined, read) => {
    const frame = decodeServer(encodeJoined(1, joined))
    expect(frame).toMatchObject({ kind: 'ok', ref: 1 })
    expect(decodeJoined((frame as { result: unknown }).result)).toEqual(read)
  })

  test('a page of history, with bytes in base64', () => {
    const messages: Delivery[] = [
      message,
      { ...message, from: null, payload: Uint8Array.of(255), position: { epoch: 'e', offset: 8 } },
    ]
    const page = encodePage({ messages, epoch: 'e', more: true })
    expect(page).toEqual({
      epoch: 'e',
      more: true,
      messages: [
        ['message', 'hi', { from, at: 1000, offset: 7 }],
        ['message', '_w', { at: 1000, offset: 8 }, 'base64'],
      ],
    })
    expect(decodePage(page)).toEqual({
      epoch: 'e',
      more: true,
      messages: [
        { event: 'message', payload: 'hi', stamp: { from, at: 1000, offset: 7 } },
        { event: 'message', payload: Uint8Array.of(255), stamp: { from: null, at: 1000, offset: 8 } },
      ],
    })
  })

  test.each([
    [decodeJoined, null],
    [decodeJoined, []],
    [decodeJoined, { position: 5 }],
    [decodeSent, 5],
    [decodeSent, { position: 'e' }],
    [decodePage, null],
    [decodePage, { epoch: 'e', messages: [['m', 1]] }],
    [decodeRoster, null],
  ])('%o throws on %j or reads it as nothing', (read, value) => {
    try {
      expect(read(value)).toBeTypeOf('object')
    } catch (error) {
      expect(error).toBeInstanceOf(TypeError)
    }
  })
})
