import { type Delivery, rollcallVariant, type Variant } from '@rollcall/core'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { encodeRelay, relayReader } from '../../src/channel/relay.ts'
import { Broadcast } from '../../src/hub/broadcast.ts'
import type { FrameKind } from '../../src/hub/frame.ts'

const TOPIC = 'room:"öäü"\\ 1'
const read = relayReader(TOPIC)

/** Somebody who is spoken to in another way, and needs to know what was said. */
const plain: Variant = {
  id: 'plain',
  message: ({ event, payload }) =>
    `${event} ${payload instanceof Uint8Array ? payload.join() : JSON.stringify(payload)}`,
  presence: () => null,
  count: () => null,
  position: () => null,
}

const payloads = fc.oneof(
  // JSON knows no negative zero.
  fc.jsonValue().map((value) => JSON.parse(JSON.stringify(value)) as unknown),
  fc.string({ unit: 'grapheme' }),
  fc.uint8Array(),
)

const deliveries: fc.Arbitrary<Delivery> = fc.record({
  topic: fc.constant(TOPIC),
  event: fc.string({ unit: 'grapheme', minLength: 1 }),
  payload: payloads,
  from: fc.option(
    fc.record({ connection: fc.string(), user: fc.record({ id: fc.string({ unit: 'grapheme' }) }) }),
  ) as fc.Arbitrary<Delivery['from']>,
  at: fc.nat(),
  position: fc.constant(null),
})

const kinds: fc.Arbitrary<FrameKind> = fc.record({
  offset: fc.constant(0),
  volatile: fc.boolean(),
  key: fc.option(fc.string({ unit: 'grapheme' })),
  roster: fc.constant(false),
})

function relayed(delivery: Delivery, kind: FrameKind): Uint8Array {
  return encodeRelay(new Broadcast(delivery, kind))
}

const hex = (bytes: Uint8Array = new Uint8Array()) => Buffer.from(bytes).toString('hex')

const ordinary: FrameKind = { offset: 0, volatile: false, key: null, roster: false }
const said: Delivery = { topic: TOPIC, event: 'said', payload: 'hi', from: null, at: 1, position: null }

describe('a message between nodes', () => {
  it('reaches native clients of another node in the bytes in which it reaches those of its own', () => {
    fc.assert(
      fc.property(deliveries, kinds, (delivery, kind) => {
        const there = read(relayed(delivery, kind))
        const here = new Broadcast(delivery, kind)
        expect(there?.frame(rollcallVariant).wire()).toEqual(here.frame(rollcallVariant).wire())
        expect(there?.kind).toEqual(kind)
        expect(there?.frame(rollcallVariant).kind).toEqual(kind)
      }),
    )
  })

  it('is known there in all that it says, for those who are spoken to in another way', () => {
    fc.assert(
      fc.property(deliveries, kinds, (delivery, kind) => {
        const there = read(relayed(delivery, kind))
        const { payload, ...rest } = there?.delivery ?? said
        const { payload: sent, ...wanted } = delivery
        expect(rest).toEqual(wanted)
        if (sent instanceof Uint8Array) expect(Buffer.from(payload as Uint8Array)).toEqual(Buffer.from(sent))
        else expect(payload).toEqual(sent)
        expect(there?.frame(plain).wire()).toEqual(new Broadcast(delivery, kind).frame(plain).wire())
      }),
    )
  })

  it('is nothing if it is of another topic, was cut, or has no marks', () => {
    const whole = relayed(said, ordinary)
    expect(read(whole)).not.toBeNull()
    expect(relayReader('room:2')(whole)).toBeNull()
    for (let length = 0; length < whole.length; length++) expect(read(whole.subarray(0, length))).toBeNull()
    expect(read(Buffer.concat([whole, Buffer.of(0)]))).toBeNull()
    expect(read(Uint8Array.from(whole, (byte, i) => (i === 0 ? byte & 0x7f : byte)))).toBeNull()
    expect(read(Buffer.from('{"a":1}'))).toBeNull()
  })

  it('is nothing if it is no UTF-8: who gets it would close', () => {
    const broken = Uint8Array.from(relayed(said, ordinary))
    broken[broken.length - 5] = 0xff
    expect(read(broken)).toBeNull()
    const bytes = Uint8Array.from(relayed({ ...said, payload: Uint8Array.of(0xff, 0xfe) }, ordinary))
    expect(read(bytes)?.delivery.payload).toEqual(Uint8Array.of(0xff, 0xfe))
    bytes[bytes.length - 8] = 0xff
    expect(read(bytes)).toBeNull()
  })

  it('that is broken behind its beginning is an error for whoever must read it', () => {
    const broken = Uint8Array.from(relayed(said, ordinary))
    broken[broken.length - 5] = 0x7d
    expect(() => read(broken)?.delivery).toThrow(/no message/)
    expect(() => read(broken)?.frame(plain)).toThrow(/no message/)
  })

  it("gives bytes that are nobody else's to those who may change them", () => {
    const there = read(relayed({ ...said, payload: Uint8Array.of(1, 2, 3) }, ordinary))
    const payload = there?.delivery.payload as Uint8Array
    const wire = hex(there?.frame(rollcallVariant).wire())
    expect(payload.buffer.byteLength).toBe(3)
    payload.fill(9)
    expect(hex(there?.frame(rollcallVariant).wire())).toBe(wire)
  })

  it('keeps nothing of what it came with', () => {
    for (const payload of ['hi', 'x'.repeat(5_000), Uint8Array.of(1, 2), new Uint8Array(5_000)]) {
      const came = Buffer.from(relayed({ ...said, payload }, ordinary))
      const there = read(came)
      const wire = hex(there?.frame(rollcallVariant).wire())
      came.fill(0)
      expect(hex(there?.frame(rollcallVariant).wire())).toBe(wire)
      expect(there?.delivery).toEqual({ ...said, payload })
    }
  })

  it('never throws on anything, and says nothing of what it cannot read', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => void expect(read(bytes)).toBeNull()))
  })

  it('is refused if its key cannot be carried', () => {
    expect(() => relayed(said, { ...ordinary, volatile: true, key: 'k'.repeat(65_535) })).toThrow(RangeError)
    expect(read(relayed(said, { ...ordinary, key: 'k'.repeat(65_534) }))?.kind.key).toHaveLength(65_534)
  })
})
