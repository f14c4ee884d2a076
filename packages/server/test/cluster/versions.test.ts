import { toUtf8, type Undo } from '@rollcall/core'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { ServiceBroker } from '../../src/broker/broker.ts'
import { decodeMessage, encodeMessage } from '../../src/cluster/message.ts'
import { encodeWire, type MemoryBus, memoryBus } from '../../src/index.ts'
import { roomsApp } from '../support/app.ts'
import { eventually } from '../support/eventually.ts'
import { Peer } from '../support/peer.ts'
import { steadyClock } from '../support/steady-clock.ts'

const bytes = (value: unknown) => toUtf8(typeof value === 'string' ? value : JSON.stringify(value))
const text = (message: Uint8Array) => JSON.parse(new TextDecoder().decode(message)) as Record<string, unknown>

describe('what nodes say', () => {
  it.each([
    ['its own version', { v: 1, a: 1 }, { v: 1, a: 1 }],
    ['the next version, with what it does not know', { v: 2, new: [] }, { v: 2, new: [] }],
    ['two versions on', { v: 3 }, null],
    ['no version', {}, null],
    ['a version before the first', { v: 0 }, null],
    ['a version that is no number', { v: '1' }, null],
    ['a version in between', { v: 1.5 }, null],
    ['an array', [1], null],
    ['null', null, null],
    ['no JSON', 'v:1', null],
    ['nothing', '', null],
    ['what would be a prototype', '{"v":1,"__proto__":{"bye":true}}', { v: 1 }],
  ])('%s', (_, said, understood) => {
    const message = decodeMessage(bytes(said))
    if (understood === null) expect(message).toBeNull()
    else expect(message).toMatchObject(understood)
    expect(message?.bye).toBeUndefined()
  })

  it('is not UTF-8', () => {
    expect(decodeMessage(Uint8Array.of(0xff, 0xfe))).toBeNull()
    expect(decodeMessage(encodeMessage({ kind: 'want' }))).toEqual({ v: 1, kind: 'want' })
  })
})

describe('a node of the next version', () => {
  let bus: MemoryBus
  let other: ServiceBroker
  let errors: string[]
  let ours: ReturnType<typeof roomsApp>
  let stopBeating: Undo

  beforeEach(() => {
    stopBeating = () => {}
    bus = memoryBus({ clock: steadyClock })
    other = bus.broker('other')
    errors = []
    ours = roomsApp({
      broker: bus.broker('ours'),
      nodes: { beatMs: 20, downMs: 100, forgetMs: 1_000 },
      onError: (what, error) => errors.push(`${what}: ${error}`),
    })
  })
  afterEach(async () => {
    stopBeating()
    await ours.app.close({ timeoutMs: 10 })
    await other.close()
  })

  /** Says something as that version does: with more in it than this one knows. */
  const say = (subject: string, message: object, v = 2) =>
    other.publish(subject, bytes({ v, mood: 'fine', ...message }))

  /** Beats as that version would, and once does something that this version has no word for. */
  function beat(v = 2) {
    say('node:beat', { hello: true }, v)
    const again = () => {
      say('node:beat', { load: 0.5 }, v)
      stopBeating = steadyClock.after(20, again)
    }
    stopBeating = steadyClock.after(20, again)
    say('node:beat', { kind: 'gossip', about: ['x'] }, v)
  }

  async function member(name: string) {
    const peer = new Peer(ours.app)
    await peer.hello({ credentials: { user: name } })
    await peer.join('room:x', { presence: { name } })
    return peer
  }

  it('is a node like any other: heard, shown, asked, obeyed', async () => {
    const heard: Record<string, unknown>[] = []
    other.subscribe('presence:room:x', (message) => heard.push(text(message)))
    other.respond('presence-snapshot', () => bytes({ v: 2, kind: 'snapshot', life: 'L', n: 0, entries: [] }))
    other.respond('order', () => bytes({ v: 2, ended: 3, slow: 'no' }))
    beat()
    const alice = await member('Alice')
    await eventually(() => expect(ours.app.stats().nodes).toBe(2))

    say('presence:room:x', {
      kind: 'delta',
      life: 'L',
      n: 1,
      set: [['id', 'Bob', { name: 'Bob' }, 1, 'more']],
      gone: [],
    })
    await eventually(() => expect(alice.roster).toEqual(['Alice', 'Bob']))
    // A kind of message that comes with that version does no harm.
    say('presence:room:x', { kind: 'vote', life: 'L', n: 2 })
    say('presence:room:x', { kind: 'delta', life: 'L', n: 2, set: [], gone: ['id'], why: 'tired' })
    await eventually(() => expect(alice.roster).toEqual(['Alice']))

    await eventually(() => expect(heard.some(({ kind }) => kind === 'delta')).toBe(true))
    expect(heard.every(({ v }) => v === 1)).toBe(true)
    expect(await ours.app.channel('room:x').kick({ user: 'Nobody' })).toBe(3)

    const answer = await other.ask(
      'ours',
      'order',
      bytes({ v: 2, kick: 'room:x', who: { user: 'Alice' }, reason: 'r', urgency: 9 }),
      500,
    )
    expect(text(answer)).toMatchObject({ ended: 1 })
    expect(alice.of('left')).toEqual([['left', 'room:x', { reason: 'r' }]])
    expect(errors).toEqual([])
  })

  it('says more of a message than this one knows', async () => {
    const alice = await member('Alice')
    const text = JSON.stringify(['message', 'room:x', 'message', 'hi', { at: 1, trace: 'x' }, 'more'])
    // Marks, no key, and the message as native clients get it.
    other.publish('message:room:x', Buffer.concat([Buffer.of(0x80, 0xff, 0xff), encodeWire(text)]))
    await eventually(() => expect(alice.messages).toEqual(['hi']))
  })

  it('and one two versions on is not understood, which is told once', async () => {
    beat(3)
    const alice = await member('Alice')
    say('presence:room:x', { kind: 'delta', life: 'L', n: 1, set: [['id', 'Bob', null, 1]], gone: [] }, 3)
    await eventually(() => expect(errors).toHaveLength(1))
    expect(errors[0]).toMatch(/Node other speaks version 3 .*, this node 1/)
    expect(ours.app.stats().nodes).toBe(1)
    expect(alice.roster).toEqual(['Alice'])
  })
})
