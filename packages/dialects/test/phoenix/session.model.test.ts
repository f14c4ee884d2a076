import fc from 'fast-check'
import { expect, test } from 'vitest'
import { HandSession, joined, no, ok } from './hand-session.ts'

type Written = readonly [joinRef: string | null, ref: string | null, topic: string, event: string, payload: Payload]
type Payload = { readonly status?: string; readonly response?: { readonly reason?: string } }

type Step =
  | { readonly do: 'join' | 'leave' | 'push'; readonly topic: string; readonly stale: boolean }
  | { readonly do: 'answer'; readonly at: number; readonly as: 'ok' | 'refused' | 'internal' | 'rate_limited' }
  | { readonly do: 'kick' | 'gap'; readonly topic: string }
  | { readonly do: 'time'; readonly ms: number }

const topic = fc.constantFrom('room:a', 'room:b', 'bare:c', 'nope')
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: fc.constantFrom('join', 'leave', 'push'), topic, stale: fc.boolean() }) },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('answer'),
      at: fc.nat(8),
      as: fc.constantFrom('ok', 'ok', 'ok', 'refused', 'internal', 'rate_limited'),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom('kick', 'gap'), topic }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('time'), ms: fc.constantFrom(100, 1_000, 6_000) }) },
) as fc.Arbitrary<Step>

/** A client that counts its refs, and checks the order of what it is told about its joins. */
class Client {
  readonly hand = HandSession.open({ idleMs: Number.POSITIVE_INFINITY, pingMs: Number.POSITIVE_INFINITY })
  readonly #joinRefs = new Map<string, string>()
  readonly #asked = new Map<string, string>()
  readonly #replies = new Map<string, number>()
  // The joins that were let in and are not over, by topic.
  readonly #open = new Map<string, string[]>()
  #ref = 0

  take(step: Step): void {
    const { hand } = this
    if (step.do === 'time') hand.tick(hand.now + step.ms)
    else if (step.do === 'kick') hand.do(hand.session.notify({ kind: 'left', alias: step.topic, reason: 'x' }))
    else if (step.do === 'gap')
      hand.do(hand.session.notify({ kind: 'gap', alias: step.topic, reason: 'too_old', position: POSITION }))
    else if (step.do === 'answer') this.#answer(step.at, step.as)
    else if ('stale' in step) this.#say(step.do, step.topic, step.stale)
    this.#check()
  }

  #say(what: 'join' | 'leave' | 'push', topic: string, stale: boolean): void {
    const ref = String(++this.#ref)
    const joinRef = what === 'join' ? ref : stale ? 'stale' : (this.#joinRefs.get(topic) ?? null)
    if (what === 'join') this.#joinRefs.set(topic, ref)
    this.#asked.set(ref, `${what} ${topic}`)
    const event = what === 'join' ? 'phx_join' : what === 'leave' ? 'phx_leave' : 'message'
    this.hand.say(joinRef, ref, topic, event, {})
  }

  #answer(at: number, as: 'ok' | 'refused' | 'internal' | 'rate_limited'): void {
    const { asked } = this.hand
    const request = asked.splice(at % Math.max(1, asked.length), 1)[0]
    if (!request) return
    const good = request.kind === 'join' ? joined() : ok()
    this.hand.do(this.hand.session.answer(request, as === 'ok' ? good : no(as), this.hand.now))
  }

  #check(): void {
    for (const [joinRef, ref, topic, event, payload] of this.hand.take() as Written[]) {
      const open = this.#open.get(topic) ?? []
      this.#open.set(topic, open)
      if (event === 'phx_reply') this.#replied(ref ?? '', topic, open, payload)
      else {
        // An end names a join that was let in and is not over yet.
        expect(['phx_close', 'phx_error']).toContain(event)
        expect(open).toContain(joinRef)
        open.splice(open.indexOf(joinRef ?? ''), 1)
      }
      // One channel a topic; for the moment of a change, two.
      expect(open.length).toBeLessThanOrEqual(2)
    }
    for (const open of this.#open.values()) expect(open.length).toBeLessThanOrEqual(1)
  }

  #replied(ref: string, topic: string, open: string[], { status }: Payload): void {
    expect(this.#asked.has(ref)).toBe(true)
    this.#replies.set(ref, (this.#replies.get(ref) ?? 0) + 1)
    expect(this.#replies.get(ref)).toBe(1)
    if (this.#asked.get(ref) === `join ${topic}` && status === 'ok') open.push(ref)
  }

  /** Everything is answered at last: each join and each leave that is not stale has had its reply. */
  finish(): void {
    for (let round = 0; this.hand.asked.length > 0 && round < 1_000; round++)
      this.take({ do: 'answer', at: 0, as: 'ok' })
    expect(this.hand.asked).toEqual([])
    for (const [ref, what] of this.#asked)
      if (what.startsWith('join')) expect([what, this.#replies.get(ref)]).toEqual([what, 1])
  }
}

const POSITION = { epoch: 'e', offset: 1 }

test('whatever the order of frames and answers, each join is answered once and ended once, and no two are open', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60, size: 'max' }), (steps) => {
      const client = new Client()
      for (const each of steps) client.take(each)
      if (client.hand.closed === null) client.finish()
    }),
    {
      numRuns: 600,
      // A kick while a second join waits for a push.
      examples: [
        [
          [
            { do: 'join', topic: 'room:a', stale: false },
            { do: 'push', topic: 'room:a', stale: false },
            { do: 'join', topic: 'room:a', stale: false },
            { do: 'answer', at: 0, as: 'ok' },
            { do: 'kick', topic: 'room:a' },
          ] as Step[],
        ],
      ],
    },
  )
})
