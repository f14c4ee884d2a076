import type { Refusal } from '../errors.ts'
import type { Position } from '../position.ts'
import {
  applyToRoster,
  type MemberChange,
  Roster,
  type RosterCount,
  type RosterVersion,
  replaceRoster,
} from '../roster.ts'
import type { Ask } from './client-effects.ts'
import { decodeJoined, decodeRoster } from './decode-server.ts'
import type { JoinOptions, Ref, ServerFrame, WireRoster } from './frames.ts'
import { isForNow, type Requests } from './requests.ts'
import type { Writer } from './writer.ts'

/** What a client may read of a topic that it is in, at any time. */
export interface MembershipView {
  readonly position: Position | null
  readonly roster: Roster
  /** Set instead of the roster where the channel tells counts only. */
  readonly count: RosterCount | null
}

type Heard = Extract<ServerFrame, { readonly kind: 'message' | 'presence' | 'position' | 'gap' }>

/** Repairs in a row that brought nothing, before the connection is given up. */
const MAX_FUTILE = 3
/** A roster that came back too old is asked for again after this long. */
const STALE_MS = 500

/** A client's place in one topic: how far it has read, its copy of the roster, and what it lacks of either. */
export class Membership implements MembershipView {
  readonly topic: string
  readonly roster: Roster = new Roster()
  count: RosterCount | null = null
  position: Position | null
  joined = false
  readonly #writer: Writer
  readonly #requests: Requests
  readonly #options: JoinOptions
  /** The metadata to join with. */
  #presence: unknown
  /** The id of the own entry, as the latest join told it. */
  #entry: string | null = null
  #everJoined = false
  /** When a join is to be written, and the ref of one without an answer. On a joined topic it repairs the messages. */
  #joinAt = 0
  #joinRef: Ref = 0
  /** The same of a request for the roster. */
  #rosterAt = Infinity
  #rosterRef: Ref = 0
  /** Refusals for now in a row. */
  #refusals = 0
  /** Repairs in a row that brought nothing. */
  #futile = 0
  /** Where the log ended at the latest join. */
  #top: Position | null = null
  #version: RosterVersion | undefined
  /** The version of a diff that this copy had nothing to build on for. */
  #missed: RosterVersion | null = null

  constructor(topic: string, options: JoinOptions, writer: Writer, requests: Requests) {
    this.topic = topic
    this.#options = options
    this.#writer = writer
    this.#requests = requests
    this.#presence = options.presence
    this.position = options.position ?? null
  }

  /** Whether a join is on its way. */
  get joining(): boolean {
    return this.#joinRef > 0
  }

  /** Asks for what is due. Answers why the server would not take it. */
  pursue(now: number): Refusal | null {
    const { topic, position } = this
    const roster = this.#version
    let refusal: Refusal | null = null
    if (this.#joinAt <= now) {
      const { input, last } = this.#options
      // As the application asked, but from where this copy stands.
      const since = position ? { position } : { last }
      const options = { input, presence: this.#presence, roster, ...since }
      this.#joinAt = Infinity
      this.#joinRef = this.#writer.nextRef()
      refusal = this.#writer.write({ kind: 'join', ref: this.#joinRef, topic, options })
    }
    if (this.#rosterAt <= now) {
      this.#rosterAt = Infinity
      this.#rosterRef = this.#writer.nextRef()
      this.#writer.write({ kind: 'roster', ref: this.#rosterRef, topic, since: roster ?? null })
    }
    return refusal
  }

  /** The connection is gone. */
  interrupt(): void {
    if (this.joined) this.#writer.tell({ kind: 'interrupted', topic: this.topic })
    this.joined = false
    this.#joinAt = 0
    this.#joinRef = 0
    this.#rosterAt = Infinity
    this.#rosterRef = 0
  }

  /** Whether this ref is of a request that was made here. */
  asked(ref: Ref): boolean {
    return ref === this.#joinRef || ref === this.#rosterRef
  }

  /** An answer to a request that was made here. @throws if it is not of the protocol. */
  ok(ref: Ref, result: unknown, now: number): void {
    if (ref === this.#joinRef) this.#enter(result, now)
    else {
      this.#rosterRef = 0
      this.#learn(decodeRoster(result), now + STALE_MS)
    }
  }

  /** The server said where the log ends and what follows. */
  #enter(result: unknown, now: number): void {
    const { topic, position: after, joined } = this
    const entered = decodeJoined(result)
    const { position, recovery, roster, entry } = entered
    const whole = after !== null && recovery === 'recovered' && position?.epoch === after.epoch
    this.#joinRef = 0
    this.#refusals = 0
    this.#top = position
    // With `last`, the first message that follows tells where the copy begins.
    if (!whole && (after || !position || this.#options.last === undefined)) this.position = position
    if (!joined) this.#writer.tell({ kind: 'joined', topic, first: !this.#everJoined, result: entered })
    this.joined = true
    this.#everJoined = true
    if (after && !whole) {
      const reason = typeof recovery === 'object' ? recovery.gap : 'epoch_changed'
      this.#writer.tell({ kind: 'gap', topic, reason, after, position })
      this.#futile = 0
    }
    if (roster) this.#learn(roster, now)
    this.#entry = entry?.id ?? null
    // The server tells the roster now and then, and may not have come to this client yet.
    if (entry && !this.count) this.#tellChanges(applyToRoster(this.roster, [entry], []))
  }

  /** A refusal of a request that was made here. Answers it if it is for good. */
  error(ref: Ref, refusal: Refusal, now: number): Refusal | null {
    const at = now + this.#requests.delay(refusal, this.#refusals)
    this.#refusals += 1
    if (ref === this.#rosterRef) {
      this.#rosterRef = 0
      this.#rosterAt = at
      return null
    }
    // A first join that breaks the server is told to the application; a later one may find the server well again.
    if (!isForNow(refusal) && (refusal.code !== 'internal' || !this.#everJoined)) return refusal
    this.#joinRef = 0
    this.#joinAt = at
    return null
  }

  /** The server accepted a `track` or `untrack`. */
  tracked(ask: Ask & { readonly kind: 'track' | 'untrack' }): void {
    this.#presence = ask.kind === 'track' ? ask.meta : undefined
    // An entry that the server has told nobody of yet goes without a word.
    if (ask.kind === 'untrack' && this.#entry !== null) this.#tellChanges(applyToRoster(this.roster, [], [this.#entry]))
  }

  /** Takes in a frame about the topic, joined. Answers false if messages are missing and cannot be got. */
  hear(frame: Heard, now: number): boolean {
    if (frame.kind === 'presence') this.#learn(frame.roster, now)
    else if (frame.kind === 'position') return !this.#misses(frame.position) || this.#mend(now)
    else if (frame.kind === 'gap') {
      this.#writer.tell({ ...frame, after: this.position })
      this.position = frame.position
      this.#top = frame.position
      this.#futile = 0
    } else {
      const { kind, topic, event, payload, stamp } = frame
      const { from, at, offset } = stamp
      const verdict = this.#accept(offset)
      if (verdict === 'hole') return this.#mend(now)
      const position = offset === undefined ? null : this.position
      const recovered = offset !== undefined && this.#top !== null && offset <= this.#top.offset
      if (verdict === 'new') this.#writer.tell({ kind, topic, event, payload, from, at, position, recovered })
    }
    return true
  }

  /** Judges a message by its offset, and moves on if it is the next one. */
  #accept(offset: number | undefined): 'new' | 'seen' | 'hole' {
    const top = this.#top
    if (offset === undefined || !top) return 'new'
    this.position ??= { epoch: top.epoch, offset: Math.min(offset - 1, top.offset) }
    const { epoch, offset: seen } = this.position
    if (offset <= seen) return 'seen'
    if (offset > seen + 1) return 'hole'
    this.position = { epoch, offset }
    this.#futile = 0
    return 'new'
  }

  /** Whether something is missing before where the log ends now. */
  #misses({ epoch, offset }: Position): boolean {
    if (!this.#top) return false
    this.position ??= this.#top
    return epoch !== this.position.epoch || offset > this.position.offset
  }

  /** Messages are missing: they are to be asked for, from the position held. */
  #mend(now: number): boolean {
    if (this.#joinRef > 0 || this.#joinAt < Infinity) return true
    this.#joinAt = now
    this.#futile += 1
    return this.#futile <= MAX_FUTILE
  }

  /** Takes in what the server says of the roster. */
  #learn(news: WireRoster, now: number): void {
    const { kind, version } = news
    const own = this.#version
    const comparable = own?.epoch === version.epoch
    if (kind === 'diff' && comparable && version.version <= own.version) return
    if (kind === 'diff' && (!comparable || news.since !== own.version)) this.#missed = version
    else {
      this.#version = version
      if (this.#missed?.epoch !== version.epoch || this.#missed.version <= version.version) this.#missed = null
      if (kind === 'diff') this.#tellChanges(applyToRoster(this.roster, news.set, news.gone))
      else if (kind === 'state') this.#tellChanges(replaceRoster(this.roster, news.entries))
      else {
        this.count = news
        this.#writer.tell({ kind: 'presence', topic: this.topic, changes: [] })
      }
    }
    if (this.#missed && this.#rosterRef === 0 && this.#rosterAt === Infinity) this.#rosterAt = now
  }

  #tellChanges(changes: readonly MemberChange[]): void {
    if (changes.length > 0) this.#writer.tell({ kind: 'presence', topic: this.topic, changes })
  }
}
