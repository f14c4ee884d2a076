import type { Delivery, Payload } from '@rollcall/core'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Frame } from '../../src/phoenix/frames.ts'
import { type Format, phoenixSerializer } from '../../src/phoenix/serializer.ts'

const FORMATS: readonly Format[] = [
  { version: 1, binary: false, stamped: false },
  { version: 2, binary: false, stamped: false },
  { version: 2, binary: true, stamped: false },
  { version: 2, binary: true, stamped: true },
]
const v1 = phoenixSerializer(FORMATS[0]!, 8)
const v2 = phoenixSerializer(FORMATS[2]!, 8)
const text = phoenixSerializer(FORMATS[1]!, 8)

const hex = (bytes: Payload) => Buffer.from(bytes as Uint8Array).toString('hex')
const unhex = (digits: string) => new Uint8Array(Buffer.from(digits.replaceAll(' ', ''), 'hex'))
const frame = (joinRef: string, ref: string, topic: string, event: string, payload: unknown): Frame => ({
  joinRef,
  ref,
  topic,
  event,
  payload,
})
const delivery = (payload: unknown, more: Partial<Delivery> = {}): Delivery => ({
  topic: 'bare:1',
  event: 'new_msg',
  payload,
  from: null,
  at: 1_700_000_000_000,
  position: null,
  ...more,
})

describe('protocol 2 reads', () => {
  test.each<[string, Frame]>([
    ['[null,"1","phoenix","heartbeat",{}]', frame('null', '"1"', 'phoenix', 'heartbeat', {})],
    ['["2","2","room:1","phx_join",{"a":1}]', frame('"2"', '"2"', 'room:1', 'phx_join', { a: 1 })],
    ['[1,2.5,"t","e",[]]', frame('1', '2.5', 't', 'e', [])],
    ['[null,null,"t","phx_join",null]', frame('null', 'null', 't', 'phx_join', null)],
    ['["","","","",""]', frame('""', '""', '', '', '')],
    ['["2","3","t","e","text","sixth",{"seventh":1}]', frame('"2"', '"3"', 't', 'e', 'text')],
    [' [ "2" , {"a":[1]} , "t" , "e" , false ] ', frame('"2"', '{"a":[1]}', 't', 'e', false)],
    [`["${'r'.repeat(253)}","2","t","e",{}]`, frame(`"${'r'.repeat(253)}"`, '"2"', 't', 'e', {})],
  ])('%s', (sent, expected) => {
    expect(v2.decode(sent)).toEqual(expected)
    expect(text.decode(sent)).toEqual(expected)
  })

  test.each([
    ['', 'not JSON'],
    ['[', 'not JSON'],
    ['\u0000', 'not JSON'],
    ['null', 'a message must be an array of five'],
    ['[]', 'a message must be an array of five'],
    ['["2","3","t","e"]', 'a message must be an array of five'],
    ['{"0":"2","1":"3","2":"t","3":"e","4":{},"length":5}', 'a message must be an array of five'],
    ['["2","3",4,"e",{}]', 'topic and event must be texts'],
    ['["2","3","t",null,{}]', 'topic and event must be texts'],
    ['["2","3","t","e",[[[[[[[[]]]]]]]]]', 'nested too deep'],
    [`["${'r'.repeat(254)}","2","t","e",{}]`, 'a ref is above 255 characters'],
    [`[1,[${'1,'.repeat(200)}1],"t","e",{}]`, 'a ref is above 255 characters'],
  ])('%s not: %s', (sent, fault) => {
    expect(v2.decode(sent)).toEqual({ fault })
  })

  test('what is named __proto__ is a name', () => {
    const read = v2.decode('["1","1","__proto__","constructor",{"__proto__":{"polluted":1}}]') as Frame
    expect(read.topic).toBe('__proto__')
    expect(Object.getOwnPropertyNames(read.payload)).toEqual(['__proto__'])
    expect(({} as { polluted?: number }).polluted).toBeUndefined()
  })
})

describe('protocol 2 reads bytes', () => {
  test.each<[string, Frame]>([
    ['00 01 01 06 04 32 33 626172653a31 6563686f 010203', frame('"2"', '"3"', 'bare:1', 'echo', unhex('010203'))],
    ['00 00 00 01 01 74 65', frame('null', 'null', 't', 'e', unhex(''))],
    ['00 01 00 00 00 32 ff', frame('"2"', 'null', '', '', unhex('ff'))],
    ['00 01 01 02 01 32 33 c3a4 65', frame('"2"', '"3"', 'ä', 'e', unhex(''))],
    [`00 ff 00 00 00 ${'61'.repeat(253)}5c22`, { fault: 'a ref is above 255 characters' } as never],
  ])('%s', (sent, expected) => {
    expect(v2.decode(unhex(sent))).toEqual(expected)
  })

  test.each([
    ['', 'a binary frame must be a push'],
    ['01 01 01 06 02 32 33 626172653a31 6f6b 010203', 'a binary frame must be a push'],
    ['02 06 07 626172653a31 6e65775f6d7367 0909', 'a binary frame must be a push'],
    ['5b 22', 'a binary frame must be a push'],
    ['00 00 00 02 00 c328', 'a binary frame has broken UTF-8'],
    ['00 ff ff ff ff 61', 'a binary frame ends within its header'],
  ])('%s not: %s', (sent, fault) => {
    expect(v2.decode(unhex(sent))).toEqual({ fault })
  })

  test('cut off anywhere within its header it is refused; behind it, the payload is shorter', () => {
    const whole = unhex('00 01 01 06 04 32 33 626172653a31 6563686f 010203')
    for (let end = 1; end < 17; end++)
      expect(v2.decode(whole.subarray(0, end))).toEqual({ fault: 'a binary frame ends within its header' })
    for (let end = 17; end <= 20; end++)
      expect(v2.decode(whole.subarray(0, end))).toMatchObject({ payload: whole.subarray(17, end) })
  })

  test('protocol 1 has none', () => {
    expect(v1.decode(unhex('00'))).toEqual({ fault: 'protocol 1 has no binary frames' })
  })
})

describe('protocol 1 reads', () => {
  test.each<[string, Frame]>([
    ['{"topic":"bare:1","event":"phx_join","payload":{},"ref":"2"}', frame('"2"', '"2"', 'bare:1', 'phx_join', {})],
    [
      '{"topic":"bare:1","event":"phx_join","payload":{},"ref":"2","join_ref":"1"}',
      frame('"1"', '"2"', 'bare:1', 'phx_join', {}),
    ],
    ['{"topic":"t","event":"e","payload":5,"ref":3}', frame('null', '3', 't', 'e', 5)],
    ['{"ref":null,"join_ref":"2","payload":null,"event":"e","topic":"t"}', frame('"2"', 'null', 't', 'e', null)],
  ])('%s', (sent, expected) => {
    expect(v1.decode(sent)).toEqual(expected)
  })

  test.each([
    ['{', 'not JSON'],
    ['null', 'a message must be an object'],
    ['["2","3","t","e",{}]', 'a message must be an object'],
    ['{"topic":"t","event":"e","payload":{}}', 'a message must have ref'],
    ['{"topic":"t","event":"e","ref":"1"}', 'a message must have payload'],
    ['{"__proto__":{"topic":"t"},"event":"e","payload":{},"ref":"1"}', 'a message must have topic'],
    ['{"topic":1,"event":"e","payload":{},"ref":"1"}', 'topic and event must be texts'],
  ])('%s not: %s', (sent, fault) => {
    expect(v1.decode(sent)).toEqual({ fault })
  })
})

describe('replies', () => {
  test.each([
    ['null', '"1"', 'phoenix', 'ok', {}, '[null,"1","phoenix","phx_reply",{"status":"ok","response":{}}]'],
    ['"2"', '3', 'a"b', 'error', { a: 1 }, '["2",3,"a\\"b","phx_reply",{"status":"error","response":{"a":1}}]'],
    ['"2"', '"3"', 't', 'ok', null, '["2","3","t","phx_reply",{"status":"ok","response":null}]'],
    ['"2"', '"3"', 't', 'ok', undefined, '["2","3","t","phx_reply",{"status":"ok","response":{}}]'],
    ['"2"', '"3"', 't', 'ok', 'text', '["2","3","t","phx_reply",{"status":"ok","response":"text"}]'],
  ] as const)('%s %s %s %s in protocol 2', (joinRef, ref, topic, status, response, expected) => {
    expect(v2.reply(joinRef, ref, topic, status, response)).toBe(expected)
  })

  test('in protocol 1 name no join', () => {
    expect(v1.reply('"2"', '"3"', 'bare:1', 'ok', {})).toBe(
      '{"topic":"bare:1","event":"phx_reply","payload":{"status":"ok","response":{}},"ref":"3"}',
    )
  })

  test('of bytes are bytes', () => {
    expect(hex(v2.reply('"2"', '"3"', 'bare:1', 'ok', unhex('010203')))).toBe(
      '0101010602' + '3233' + '626172653a31' + '6f6b' + '010203',
    )
    expect(hex(v2.reply('null', 'null', 't', 'ok', unhex('')))).toBe('0100000102746f6b')
  })

  test.each([
    ['the client cannot take them', text, '"3"', 't'],
    ['its ref is no text', v2, '3', 't'],
    ['a text is too long for one byte', v2, '"3"', 'ä'.repeat(128)],
  ])('of bytes are base64 where %s', (_, serializer, ref, topic) => {
    expect(serializer.reply('"2"', ref, topic, 'ok', unhex('fbff00'))).toBe(
      `["2",${ref},"${topic}","phx_reply",{"status":"ok","response":{"base64":"+/8A"}}]`,
    )
  })

  test('that JSON cannot carry throw, for their caller to answer otherwise', () => {
    expect(() => v2.reply('"2"', '"3"', 't', 'ok', { n: 1n })).toThrow(TypeError)
  })
})

describe('what ends a channel', () => {
  test('names its join', () => {
    expect(v2.end('"8"', 't', 'phx_close', '{}')).toBe('["8","8","t","phx_close",{}]')
    expect(v2.end('null', 't', 'phx_error', '{"reason":"x"}')).toBe('[null,null,"t","phx_error",{"reason":"x"}]')
  })

  test('does not in protocol 1, unless another join has taken its place', () => {
    expect(v1.end('"8"', 't', 'phx_close', '{}')).toBe('{"topic":"t","event":"phx_close","payload":{},"ref":null}')
    expect(v1.endReplaced('"8"', 't')).toBe('{"topic":"t","event":"phx_close","payload":{},"ref":"8"}')
    expect(v2.endReplaced('"8"', 't')).toBe('["8","8","t","phx_close",{}]')
  })
})

describe('deliveries', () => {
  test.each([
    [{ x: 1 }, '{"x":1}'],
    ['hi', '"hi"'],
    ['', '""'],
    [0, '0'],
    [false, 'false'],
    [['a'], '["a"]'],
    // The official client reads a field of every payload.
    [null, '{}'],
    [undefined, '{}'],
  ])('of %j carry it as it is', (payload, encoded) => {
    expect(v2.variant.message(delivery(payload))).toBe(`[null,null,"bare:1","new_msg",${encoded}]`)
    expect(v1.variant.message(delivery(payload))).toBe(
      `{"topic":"bare:1","event":"new_msg","payload":${encoded},"ref":null}`,
    )
  })

  test('of bytes are bytes, and base64 where there are none', () => {
    const bytes = delivery(unhex('0909'))
    expect(hex(v2.variant.message(bytes) as Uint8Array)).toBe('020607' + '626172653a31' + '6e65775f6d7367' + '0909')
    expect(text.variant.message(bytes)).toBe('[null,null,"bare:1","new_msg",{"base64":"CQk="}]')
    expect(v1.variant.message(bytes)).toContain('"payload":{"base64":"CQk="}')
    const topic = 'ä'.repeat(200)
    expect(v2.variant.message({ ...bytes, topic })).toBe(`[null,null,"${topic}","new_msg",{"base64":"CQk="}]`)
  })

  test('have a stamp where it was asked for', () => {
    const from = { key: 'tyr', connection: 'c1', name: 'Tyr' }
    const kept = delivery('hi', { from, position: { epoch: 'e', offset: 7 } })
    const stamp = '{"from":{"key":"tyr","connection":"c1","name":"Tyr"},"at":1700000000000,"position":["e",7]}'
    const stamped = phoenixSerializer(FORMATS[3]!, 8)
    expect(stamped.variant.message(kept)).toBe(`[null,null,"bare:1","new_msg","hi",${stamp}]`)
    expect(phoenixSerializer({ ...FORMATS[0]!, stamped: true }, 8).variant.message(kept)).toBe(
      `{"topic":"bare:1","event":"new_msg","payload":"hi","ref":null,"stamp":${stamp}}`,
    )
    expect(stamped.variant.message(delivery('hi'))).toBe('[null,null,"bare:1","new_msg","hi",{"at":1700000000000}]')
  })

  test('are the same for all of one format, and for no other', () => {
    const ids = FORMATS.map((format) => phoenixSerializer(format, 8).variant.id)
    expect(ids).toEqual(['phoenix 1', 'phoenix 2', 'phoenix 2 binary', 'phoenix 2 binary stamped'])
    expect(v2.variant.position('t', { epoch: 'e', offset: 1 })).toBeNull()
  })
})

describe('whatever comes', () => {
  const valid = fc.oneof(
    fc.json().map((payload) => `["1","2","room:a","message",${payload}]`),
    fc.json().map((payload) => `{"topic":"t","event":"e","payload":${payload},"ref":"1"}`),
  )
  const spoilt = fc
    .tuple(valid, fc.nat(), fc.nat(), fc.string({ unit: 'binary', maxLength: 3 }))
    .map(([frame, at, cut, noise]) => {
      const from = at % (frame.length + 1)
      return frame.slice(0, from) + noise + frame.slice(from + (cut % 4))
    })
  const bytes = fc.oneof(
    fc.uint8Array({ maxLength: 64 }),
    fc.uint8Array({ maxLength: 64 }).map((rest) => new Uint8Array([0, 1, 1, 2, 2, ...rest])),
  )

  test.each(FORMATS)('is a frame or a fault: %j', (format) => {
    const { decode } = phoenixSerializer(format, 8)
    fc.assert(
      fc.property(fc.oneof(valid, spoilt, bytes), (payload) => {
        const read = decode(payload)
        if ('fault' in read) expect(typeof read.fault).toBe('string')
        else {
          expect([typeof read.topic, typeof read.event]).toEqual(['string', 'string'])
          JSON.parse(`[${read.joinRef},${read.ref}]`)
        }
      }),
      { numRuns: 500 },
    )
  })

  test('a payload comes out as it went in, in every format', () => {
    const payload = fc.jsonValue().filter((value) => value !== null)
    fc.assert(
      fc.property(payload, fc.string(), (value, event) => {
        const [, , topic, name, out] = JSON.parse(v2.variant.message(delivery(value, { event })) as string)
        expect([topic, name, out]).toEqual(['bare:1', event, JSON.parse(JSON.stringify(value))])
        const old = JSON.parse(v1.variant.message(delivery(value, { event })) as string)
        expect(old.payload).toEqual(JSON.parse(JSON.stringify(value)))
      }),
    )
  })
})
