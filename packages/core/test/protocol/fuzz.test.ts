import {
  type ClientFrame,
  decodeClient,
  decodeJoined,
  decodePage,
  decodeRoster,
  decodeSent,
  decodeServer,
  encodeClient,
  type Payload,
  RollcallClientSession,
  RollcallServerSession,
  rollcallVariant,
  serverSessionOptions,
} from '@rollcall/core'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'

const runs = { numRuns: 500 }
const random = { fraction: () => 0.5, token: () => 'token' }
const utf8 = new TextEncoder()

const texts = [
  '["hello",{"credentials":"c","resume":"r"}]',
  '["join",1,"room:1",{"input":{},"presence":{},"position":["e",1],"roster":["r",1],"last":5}]',
  '["send",2,"room:1","message",{"a":[1,2,{"b":null}]},"id"]',
  '["history",3,"room:1",{"before":5,"limit":10}]',
  '["roster",4,"room:1",{"since":["r",1]}]',
  '["welcome",{"connection":"c","user":{"id":"u"},"resume":"t","resumeMs":1,"resumed":false,"pingMs":1000,"deadMs":100,"maxMessageBytes":1000}]',
  '["ok",1,{"position":["e",5],"recovery":"gap","gap":"too_old","roster":{"v":["r",1],"entries":[["i","k",{},1]]},"entry":["i","k",{},1]}]',
  '["ok",3,{"epoch":"e","more":true,"messages":[["m","AA",{"at":1,"offset":1},"base64"]]}]',
  '["error",2,{"code":"rate_limited","message":"m","retryAfterMs":5}]',
  '["message","room:1","message","hi",{"from":{"key":"k","connection":"c"},"at":1,"offset":6}]',
  '["presence","room:1",{"v":["r",2],"since":1,"set":[["i","k",{},2]],"gone":["x"]}]',
  '["position","room:1",["e",9]]',
  '["gap","room:1",{"reason":"too_old","position":["e",9]}]',
  '["left","room:1",{"reason":"kicked"}]',
  '["closing",{"reason":"r","retryAfterMs":1,"spreadMs":1}]',
]

const nasty = fc.oneof(
  fc.jsonValue(),
  fc.constantFrom(
    null,
    -1,
    0,
    1.5,
    2 ** 53,
    Number.MAX_VALUE,
    '',
    '\u0000',
    '\ud800',
    '__proto__',
    'constructor',
    [],
    {},
  ),
)

/** Frames as they should be, with one place of them changed. */
const mutated: fc.Arbitrary<string> = fc
  .tuple(fc.constantFrom(...texts), fc.nat(), nasty)
  .map(([text, where, value]) => {
    const frame = JSON.parse(text)
    const places: [Record<string, unknown>, string][] = []
    const walk = (node: unknown) => {
      if (typeof node !== 'object' || node === null) return
      for (const name of Object.keys(node)) {
        places.push([node as Record<string, unknown>, name])
        walk((node as Record<string, unknown>)[name])
      }
    }
    walk(frame)
    const place = places[where % places.length]
    if (place) place[0][place[1]] = value
    return JSON.stringify(frame)
  })

/** Texts with characters changed, cut off or doubled. */
const damaged: fc.Arbitrary<string> = fc
  .tuple(fc.constantFrom(...texts), fc.nat(), fc.nat(8), fc.string({ unit: 'binary', maxLength: 4 }))
  .map(([text, at, cut, put]) => {
    const from = at % (text.length + 1)
    return text.slice(0, from) + put + text.slice(from + cut)
  })

const binary: fc.Arbitrary<Uint8Array> = fc.oneof(
  fc.uint8Array({ maxLength: 80 }),
  fc
    .tuple(fc.oneof(mutated, damaged), fc.integer({ min: -2, max: 2 }), fc.uint8Array({ maxLength: 8 }))
    .map(([text, off, rest]) => {
      const header = utf8.encode(text)
      const length = Math.max(0, header.length + off)
      return Uint8Array.from([length >> 8, length & 255, ...header, ...rest])
    }),
)

const anything: fc.Arbitrary<Payload> = fc.oneof(
  { weight: 4, arbitrary: mutated },
  { weight: 2, arbitrary: damaged },
  { weight: 1, arbitrary: fc.string({ unit: 'binary' }) },
  { weight: 1, arbitrary: fc.json() },
  { weight: 2, arbitrary: binary },
)

describe('never throws on what a peer sends:', () => {
  test('the decoder of clients', () => {
    fc.assert(
      fc.property(anything, (payload) => {
        expect(decodeClient(payload).kind).toBeTypeOf('string')
      }),
      runs,
    )
  })

  test('the decoder of servers', () => {
    fc.assert(
      fc.property(anything, (payload) => {
        const frame = decodeServer(payload)
        expect(frame.kind).toBeTypeOf('string')
        if (frame.kind !== 'ok') return
        for (const read of [decodeJoined, decodePage, decodeRoster, decodeSent]) {
          try {
            read(frame.result)
          } catch (error) {
            expect(error).toBeInstanceOf(TypeError)
          }
        }
      }),
      runs,
    )
  })

  test('the session of servers, whatever its state', () => {
    fc.assert(
      fc.property(fc.array(anything, { maxLength: 6 }), fc.boolean(), (payloads, welcomed) => {
        const session = new RollcallServerSession(serverSessionOptions(), random, 0)
        if (welcomed) {
          const [effect] = session.receive('["hello"]', 0)
          if (effect?.kind !== 'request') throw new Error('no request')
          session.answer(effect.request, { ok: true, result: { connection: 'c', user: { id: 'u' }, resume: null } }, 0)
        }
        let closed = false
        for (const payload of payloads) {
          const effects = session.receive(payload, 1)
          if (closed) expect(effects).toEqual([])
          closed ||= effects.some(({ kind }) => kind === 'close')
        }
      }),
      runs,
    )
  })

  test('the session of clients, whatever its state', () => {
    const options = { maxWaiting: 10, maxWaitingBytes: 10_000, maxAttempts: 3, backoff: {}, checkTimeoutMs: 100 }
    fc.assert(
      fc.property(fc.array(anything, { maxLength: 8 }), fc.nat(3), (payloads, steps) => {
        const session = new RollcallClientSession(options, random)
        session.join('room:1', { presence: {} }, 0)
        if (steps > 0) session.open(null, 0)
        if (steps > 1) session.receive(texts[5] as string, 0)
        if (steps > 2)
          session.receive('["ok",1,{"position":["e",5],"recovery":"fresh","roster":{"v":["r",1],"entries":[]}}]', 0)
        session.ask({ kind: 'send', ref: session.nextRef(), topic: 'room:1', event: 'e', payload: 1, id: null }, 0)
        for (const payload of payloads) {
          for (const effect of session.receive(payload, 1)) expect(effect.kind).toBeTypeOf('string')
          session.tick(1)
        }
        session.lost()
        session.end({ code: 'closed', message: '' })
      }),
      runs,
    )
  })
})

test('whatever JSON carries comes over unchanged', () => {
  fc.assert(
    fc.property(
      fc.jsonValue({ maxDepth: 5 }),
      fc.string({ minLength: 1, maxLength: 20, unit: 'grapheme' }),
      (payload, name) => {
        const same = JSON.parse(JSON.stringify(payload))
        const sent: ClientFrame = { kind: 'send', ref: 1, topic: name, event: name, payload, id: name }
        expect(decodeClient(encodeClient(sent))).toEqual({ ...sent, payload: same })
        const delivery = { topic: name, event: name, payload, from: null, at: 1, position: null }
        expect(decodeServer(rollcallVariant.message(delivery) as string)).toMatchObject({
          topic: name,
          event: name,
          payload: same,
        })
      },
    ),
    runs,
  )
})

test('whatever bytes come over unchanged, whole or not at all', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (payload) => {
      const wire = encodeClient({ kind: 'call', ref: 1, topic: 'a', name: 'b', payload }) as Uint8Array
      expect(decodeClient(wire)).toEqual({ kind: 'call', ref: 1, topic: 'a', name: 'b', payload })
      const header = wire.length - payload.length
      for (let cut = 0; cut < header; cut++) expect(decodeClient(wire.subarray(0, cut)).kind).toBe('fault')
    }),
    { numRuns: 50 },
  )
})
