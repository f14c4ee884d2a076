import type { GapReason, Position } from '../position.ts'
import { applyToRoster, type MemberChange, Roster, type RosterCount, replaceRoster } from '../roster.ts'
import type { JoinedResult, JoinOptions, MessageStamp, Ref, WireRoster } from './frames.ts'

type Phase =
  /** The join is to be written, not before this time. */
  | { readonly kind: 'waiting'; readonly notBefore: number }
  | { readonly kind: 'joining'; readonly ref: Ref }
  | { readonly kind: 'joined' }

/** Something that brings this copy up to the server's again: not needed, to be asked for, or asked for. */
type Repair =
  | { readonly kind: 'none' }
  | { readonly kind: 'due'; readonly at: number }
  | { readonly kind: 'asked'; readonly ref: Ref }

const NONE: Repair = { kind: 'none' }

/** Diffs kept while a roster is on its way; with more, the roster is asked for again. */
const MAX_HELD = 100

/** What a client may read of a topic that it has joined, at any time. */
export interface MembershipView {
  readonly position: Position | null
  readonly roster: Roster
  /** Set instead of the roster where the channel tells counts only. */
  readonly count: RosterCount | null
}

/** A client's place in one topic: how far it has read, and its copy of the roster. */
export class Membership implements MembershipView {
  readonly topic: string
  readonly roster: Roster = new Roster()
  readonly #options: JoinOptions
  phase: Phase = { kind: 'waiting', notBefore: 0 }
  /** The metadata that the server has accepted last. */
  presence: unknown
  /** The metadata that the latest join offered. */
  offered: unknown
  /** Refused attempts to join in a row. */
  attempt = 0
  everJoined = false
  messages: Repair = NONE
  members: Repair = NONE
  count: RosterCount | null = null
  position: Position | null
  /** Repairs in a row that brought nothing. */
  futile = 0
  #version: WireRoster['version'] | null = null
  #held: WireRoster[] = []
  /** Where the log ended at the latest join. */
  #top: Position | null = null

  constructor(topic: string, options: JoinOptions) {
    this.topic = topic
    this.#options = options
    this.presence = options.presence
    this.position = options.position ?? null
  }

  /** What to join with now: as the application asked, but from where this copy stands. */
  joinOptions(presence: unknown): JoinOptions {
    const { input, last } = this.#options
    return {
      ...(input !== undefined && { input }),
      ...(presence !== undefined && { presence }),
      ...(this.position ? { position: this.position } : last !== undefined && { last }),
      ...(this.#version && { roster: this.#version }),
    }
  }

  /** The connection is gone. Answers whether the topic was joined. */
  interrupt(): boolean {
    const was = this.phase.kind === 'joined'
    this.phase = { kind: 'waiting', notBefore: 0 }
    this.messages = NONE
    this.members = NONE
    this.#held = []
    return was
  }

  /** The server said where the log ends and what follows. Answers the gap, if there is one. */
  enter({ position, recovery }: JoinedResult): { reason: GapReason; after: Position | null } | null {
    const after = this.position
    this.phase = { kind: 'joined' }
    this.attempt = 0
    this.everJoined = true
    this.messages = NONE
    this.#top = position
    if (!after) {
      // With `last`, the first message that follows tells where the copy begins.
      if (!position || this.#options.last === undefined) this.position = position
      return null
    }
    if (recovery === 'recovered' && position?.epoch === after.epoch) return null
    this.position = position
    this.futile = 0
    return { reason: typeof recovery === 'object' ? recovery.gap : 'epoch_changed', after }
  }

  /** Judges a message by its offset, and moves on if it is the next one. */
  accept({ offset }: MessageStamp): 'new' | 'seen' | 'hole' {
    const top = this.#top
    if (offset === undefined || !top) return 'new'
    const before = this.position ?? { epoch: top.epoch, offset: Math.min(offset - 1, top.offset) }
    if (offset <= before.offset) return 'seen'
    this.position = before
    if (offset > before.offset + 1) return 'hole'
    this.position = { epoch: before.epoch, offset }
    this.futile = 0
    return 'new'
  }

  /** Whether a message of this offset was sent before the latest join. */
  recovered(offset: number | undefined): boolean {
    return offset !== undefined && this.#top !== null && offset <= this.#top.offset
  }

  /** The server said where the log ends now. Answers whether something before it is missing. */
  misses({ epoch, offset }: Position): boolean {
    if (!this.#top) return false
    this.position ??= this.#top
    return epoch !== this.position.epoch || offset > this.position.offset
  }

  /** The server skipped messages for good. Answers the position before. */
  skip(position: Position): Position | null {
    const after = this.position
    this.position = position
    this.#top = position
    this.messages = NONE
    this.futile = 0
    return after
  }

  /** Takes what the server says of the roster. Answers the changes, or null if this copy missed something before. */
  learn(news: WireRoster): readonly MemberChange[] | null {
    const { version } = news
    if (news.kind === 'diff') {
      const own = this.#version
      if (own?.epoch === version.epoch && version.version <= own.version) return []
      if (own?.epoch !== version.epoch || news.since !== own.version) {
        if (this.#held.length < MAX_HELD) this.#held.push(news)
        return null
      }
    }
    this.#version = version
    if (news.kind === 'count') {
      this.count = news
      return []
    }
    return news.kind === 'diff'
      ? applyToRoster(this.roster, news.set, news.gone)
      : replaceRoster(this.roster, news.entries)
  }

  /** The version held, to ask for what came after it. */
  get version(): WireRoster['version'] | null {
    return this.#version
  }

  /** Diffs that came before what they build on. */
  takeHeld(): readonly WireRoster[] {
    const held = this.#held
    this.#held = []
    return held
  }
}
