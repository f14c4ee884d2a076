import type { ErrorCode, Refusal } from '../errors.ts'
import type { Ask, ClientEffect } from './client-effects.ts'
import { decodeJoined, decodeRoster } from './decode.ts'
import type { JoinOptions, Ref, ServerFrame, WireRoster } from './frames.ts'
import { Membership } from './membership.ts'
import { LATER, type Requests } from './requests.ts'
import type { Writer } from './writer.ts'

/** A frame about a topic. */
export type TopicFrame = Extract<ServerFrame, { readonly topic: string }>

/** Repairs of one topic in a row that brought nothing, before the connection is given up. */
const MAX_FUTILE = 3

interface Asked {
  readonly membership: Membership
  readonly what: 'join' | 'repair' | 'roster'
}

/** The topics that a client wants to be in: joins them on each connection, and mends what it finds missing. */
export class Memberships {
  readonly #writer: Writer
  readonly #requests: Requests
  readonly #byTopic = new Map<string, Membership>()
  /** Requests of this connection that are made here. */
  readonly #asked = new Map<Ref, Asked>()

  constructor(writer: Writer, requests: Requests) {
    this.#writer = writer
    this.#requests = requests
  }

  get(topic: string): Membership | undefined {
    return this.#byTopic.get(topic)
  }

  add(topic: string, options: JoinOptions): void {
    this.#byTopic.set(topic, new Membership(topic, options))
  }

  readonly isJoined: (topic: string) => boolean = (topic) => this.#byTopic.get(topic)?.phase.kind === 'joined'

  readonly isWanted: (topic: string) => boolean = (topic) => this.#byTopic.has(topic)

  /** Writes the joins that are due, up to a bound. */
  join(out: ClientEffect[], now: number, maxFrames: number = Infinity, maxBytes: number = Infinity): void {
    let frames = 0
    let bytes = 0
    for (const membership of this.#byTopic.values()) {
      if (membership.phase.kind !== 'waiting' || membership.phase.notBefore > now) continue
      if (frames >= maxFrames || bytes >= maxBytes) return
      const ref = this.#writer.nextRef()
      const meta = this.#requests.carry(membership.topic, membership.presence, ref)
      membership.offered = meta
      const written = this.#writeJoin(out, membership, ref, meta)
      if (written === 0) continue
      membership.phase = { kind: 'joining', ref }
      this.#asked.set(ref, { membership, what: 'join' })
      frames += 1
      bytes += written
    }
  }

  #writeJoin(out: ClientEffect[], membership: Membership, ref: Ref, presence: unknown): number {
    const { topic } = membership
    const encoded = this.#writer.encode({ kind: 'join', ref, topic, options: membership.joinOptions(presence) })
    const refusal = 'bytes' in encoded ? this.#writer.write(out, encoded) : encoded
    if (refusal) this.#end(out, membership, refusal)
    return 'bytes' in encoded && !refusal ? encoded.bytes : 0
  }

  /** Leaves at once. Answers whether the server has to be told. */
  leave(out: ClientEffect[], topic: string): boolean {
    const membership = this.#byTopic.get(topic)
    this.#byTopic.delete(topic)
    this.#requests.abandon(out, topic, { code: 'closed', message: `${topic} was left` })
    return membership !== undefined && membership.phase.kind !== 'waiting'
  }

  /** Answers whether the ref was one of these. @throws if the result is not of the protocol. */
  ok(out: ClientEffect[], ref: Ref, result: unknown, now: number): boolean {
    const asked = this.#asked.get(ref)
    if (!asked) return false
    this.#asked.delete(ref)
    const { membership, what } = asked
    // Left or ended while the answer was on its way.
    if (this.#byTopic.get(membership.topic) !== membership) return true
    if (what === 'roster') {
      membership.members = { kind: 'none' }
      this.#learn(out, membership, decodeRoster(result), now)
      for (const held of membership.takeHeld()) this.#learn(out, membership, held, now)
    } else this.#enter(out, membership, ref, what, result, now)
    return true
  }

  #enter(
    out: ClientEffect[],
    membership: Membership,
    ref: Ref,
    what: 'join' | 'repair',
    result: unknown,
    now: number,
  ): void {
    const joined = decodeJoined(result)
    const { topic, everJoined } = membership
    const gap = membership.enter(joined)
    if (what === 'join') {
      membership.presence = membership.offered
      out.push({ kind: 'joined', topic, first: !everJoined, result: joined })
      this.#requests.carried(out, ref)
    }
    if (gap) out.push({ kind: 'gap', topic, ...gap, position: membership.position })
    if (joined.roster) this.#learn(out, membership, joined.roster, now)
    this.#requests.flush(out, now, this.isJoined, topic)
  }

  /** Answers whether the ref was one of these. */
  error(out: ClientEffect[], ref: Ref, refusal: Refusal, now: number): boolean {
    const asked = this.#asked.get(ref)
    if (!asked) return false
    this.#asked.delete(ref)
    const { membership, what } = asked
    if (this.#byTopic.get(membership.topic) !== membership) return true
    const at = now + this.#requests.delay(refusal, membership.attempt)
    membership.attempt += 1
    if (what === 'roster') membership.members = { kind: 'due', at }
    else if (!isForNow(refusal.code, membership)) this.#end(out, membership, refusal)
    else if (what === 'join') membership.phase = { kind: 'waiting', notBefore: at }
    else membership.messages = { kind: 'due', at }
    return true
  }

  /** The server accepted a `track` or `untrack`. */
  tracked(ask: Ask & { readonly kind: 'track' | 'untrack' }): void {
    const membership = this.#byTopic.get(ask.topic)
    if (membership) membership.presence = ask.kind === 'track' ? ask.meta : undefined
  }

  /**
   * Takes in a frame about a topic. One that is not joined is not listened to: it was left, or its join has no answer yet.
   * Answers false if messages are missing and cannot be got.
   */
  hear(out: ClientEffect[], frame: TopicFrame, now: number): boolean {
    const { topic } = frame
    const membership = this.#byTopic.get(topic)
    if (membership?.phase.kind !== 'joined') return true
    switch (frame.kind) {
      case 'message': {
        const { event, payload, stamp } = frame
        const verdict = membership.accept(stamp)
        if (verdict === 'hole') return this.#mend(out, membership, now)
        if (verdict === 'seen') return true
        const position = stamp.offset === undefined ? null : membership.position
        const recovered = membership.recovered(stamp.offset)
        out.push({ kind: 'message', topic, event, payload, from: stamp.from, at: stamp.at, position, recovered })
        return true
      }
      case 'presence':
        this.#learn(out, membership, frame.roster, now)
        return true
      case 'position':
        return !membership.misses(frame.position) || this.#mend(out, membership, now)
      case 'gap': {
        const { reason, position } = frame
        out.push({ kind: 'gap', topic, reason, after: membership.skip(position), position })
        return true
      }
      case 'left':
        // A repair on its way would join again.
        if (membership.messages.kind === 'asked') this.#leaveAgain(out, topic)
        this.#end(out, membership, { code: 'refused', message: `Removed from ${topic}: ${frame.reason}` })
        return true
    }
  }

  #leaveAgain(out: ClientEffect[], topic: string): void {
    const encoded = this.#writer.encode({ kind: 'leave', ref: this.#writer.nextRef(), topic })
    if ('bytes' in encoded) this.#writer.write(out, encoded)
  }

  #learn(out: ClientEffect[], membership: Membership, news: WireRoster, now: number): void {
    const changes = membership.learn(news)
    if (changes === null) {
      if (membership.members.kind === 'none') membership.members = { kind: 'due', at: now }
      this.#askRoster(out, membership, now)
    } else if (changes.length > 0 || news.kind === 'count')
      out.push({ kind: 'presence', topic: membership.topic, changes })
  }

  /** Messages are missing: asks for them, from the position held. */
  #mend(out: ClientEffect[], membership: Membership, now: number): boolean {
    if (membership.messages.kind !== 'none') return true
    membership.futile += 1
    if (membership.futile > MAX_FUTILE) return false
    membership.messages = { kind: 'due', at: now }
    this.#askMessages(out, membership, now)
    return true
  }

  /** Asks again for what could not be got a while ago. */
  repair(out: ClientEffect[], now: number): void {
    for (const membership of this.#byTopic.values()) {
      if (membership.phase.kind !== 'joined') continue
      this.#askMessages(out, membership, now)
      this.#askRoster(out, membership, now)
    }
  }

  #askMessages(out: ClientEffect[], membership: Membership, now: number): void {
    if (membership.messages.kind !== 'due' || membership.messages.at > now) return
    const ref = this.#writer.nextRef()
    if (this.#writeJoin(out, membership, ref, membership.presence) === 0) return
    membership.messages = { kind: 'asked', ref }
    this.#asked.set(ref, { membership, what: 'repair' })
  }

  #askRoster(out: ClientEffect[], membership: Membership, now: number): void {
    if (membership.members.kind !== 'due' || membership.members.at > now) return
    const ref = this.#writer.nextRef()
    const { topic, version } = membership
    const encoded = this.#writer.encode({ kind: 'roster', ref, topic, since: version })
    if ('bytes' in encoded) this.#writer.write(out, encoded)
    membership.members = { kind: 'asked', ref }
    this.#asked.set(ref, { membership, what: 'roster' })
  }

  /** The connection is gone. */
  lose(out: ClientEffect[]): void {
    this.#asked.clear()
    for (const membership of this.#byTopic.values())
      if (membership.interrupt()) out.push({ kind: 'interrupted', topic: membership.topic })
  }

  end(out: ClientEffect[], refusal: Refusal): void {
    for (const membership of this.#byTopic.values()) this.#end(out, membership, refusal)
  }

  #end(out: ClientEffect[], { topic }: Membership, refusal: Refusal): void {
    this.#byTopic.delete(topic)
    this.#requests.abandon(out, topic, refusal)
    out.push({ kind: 'ended', topic, refusal })
  }
}

// A first join that breaks the server is told to the application; a later one may find the server well again.
function isForNow(code: ErrorCode, { everJoined }: Membership): boolean {
  return LATER.includes(code) || (code === 'internal' && everJoined)
}
