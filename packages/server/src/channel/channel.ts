import {
  type ChannelMatch,
  type ChannelSpec,
  type Clock,
  CloseCode,
  type Delivery,
  type Entry,
  type GapReason,
  type Member,
  type Position,
  type Random,
  type RosterCount,
  type RosterDiff,
  type RosterState,
  type RosterVersion,
  type Undo,
} from '@rollcall/core'
import type { SharedPresence } from '../cluster/presence.ts'
import type { Broadcast } from '../hub/broadcast.ts'
import type { Frame } from '../hub/frame.ts'
import { Topic } from '../hub/topic.ts'
import type { Turn } from '../hub/turn.ts'
import type { Log } from '../log/log.ts'
import { Tracker, type TrackerOptions } from '../presence/tracker.ts'
import { CatchUp, type CatchUpOptions } from './catch-up.ts'
import { Feed } from './feed.ts'
import type { AnyHandlers, TopicEvent } from './handlers.ts'
import { Rates } from './rates.ts'
import type { Recipient } from './recipient.ts'

/** What channels live in. */
export interface ChannelHost {
  readonly clock: Clock
  readonly random: Random
  readonly turn: Turn
  readonly log: Log
  readonly presence: TrackerOptions
  readonly catchUp: CatchUpOptions
  /** A number above `rev`, and above all that were given before. */
  nextRev(rev: number): number
  /** Something failed that no caller hears of. */
  report(what: string, error: unknown): void
  /** Something left the channel: it may be idle now. */
  left(channel: Channel): void
}

/** A topic in use on this node, with its channel's rules: who is in it, who is seen in it, and where its log stands. */
export class Channel {
  readonly name: string
  readonly match: ChannelMatch
  readonly spec: ChannelSpec
  readonly params: Readonly<Record<string, string>>
  readonly handlers: AnyHandlers
  readonly topic: Topic
  readonly tracker: Tracker | null
  readonly feed: Feed | null
  /** Null where the contract sets no rates. */
  readonly rates: Rates | null
  readonly members: Set<Recipient> = new Set()
  /** Entries whose connection was lost, by key: a new entry of the same key takes the place of the oldest. */
  readonly lingering: Map<string, Set<string>> = new Map()
  readonly #host: ChannelHost
  readonly #catchUp: CatchUp | null
  readonly #observers = new Set<(event: TopicEvent) => void>()
  /** Things that keep the channel open although nobody is in it. */
  holds = 0
  /** Settles when the log and the other nodes are reached; null when they are. */
  opening: Promise<void> | null = null
  /** Presence as it is shared with other nodes; null on a node without others. */
  shared: SharedPresence | null = null
  /** Ends the interest in what other nodes publish. */
  unsubscribe: Undo = () => {}

  constructor(name: string, match: ChannelMatch, handlers: AnyHandlers, host: ChannelHost) {
    const { spec, params } = match
    this.name = name
    this.match = match
    this.spec = spec
    this.params = params
    this.handlers = handlers
    this.#host = host
    this.topic = new Topic(name, host.turn)
    this.rates = spec.rates ? new Rates(host.clock, spec.rates) : null
    this.tracker = spec.presence
      ? new Tracker(host.random.token(6), host.clock, host.presence, (diff) => this.#rosterChanged(diff))
      : null
    this.feed = spec.history
      ? new Feed(host.log, name, {
          fed: (broadcast) => this.deliver(broadcast, null),
          lost: (reason, position) => this.#lost(reason, position),
        })
      : null
    this.#catchUp = this.feed
      ? new CatchUp(host.clock, this.feed, this.topic, host.catchUp, host.turn.counters, (membership) =>
          this.#repairRoster(membership),
        )
      : null
  }

  /** Whether nothing needs the channel any more. */
  get idle(): boolean {
    return this.holds === 0 && this.members.size === 0 && this.#observers.size === 0 && this.#ownEntries === 0
  }

  get #ownEntries(): number {
    return (this.shared ? this.shared.replica.own : this.tracker?.roster)?.size ?? 0
  }

  /** Feeds a membership: from behind `cursor` where the channel has a log, else from now on. */
  feedFrom(membership: Recipient, cursor: number): void {
    this.topic.unsubscribe(membership)
    membership.cursor = cursor
    if (this.#catchUp && cursor !== this.feed?.position.offset) this.#catchUp.start(membership)
    else {
      membership.feeding = 'live'
      this.topic.subscribe(membership, membership.variant)
    }
  }

  /** Ends the feeding at once: nothing that is published from now on reaches the membership. */
  stopFeeding(membership: Recipient): void {
    membership.feeding = 'ended'
    this.topic.unsubscribe(membership)
    membership.outbox.forget(membership)
    this.members.delete(membership)
  }

  /** Gives a message to everybody here but `except`. */
  deliver(broadcast: Broadcast, except: Recipient | null): void {
    this.topic.message(broadcast, except)
    if (this.#observers.size > 0) this.#observed(messageEvent(broadcast.delivery))
  }

  /** A slow connection cannot take these frames of its membership. Answers what it must take all the same. */
  overflowed(membership: Recipient, frames: readonly Frame[]): readonly Frame[] | null {
    const { counters } = this.#host.turn
    if (!this.#catchUp || !this.feed) {
      const vital = frames.filter(({ kind }) => !kind.volatile && !kind.roster)
      counters.volatileDropped += frames.filter(({ kind }) => kind.volatile).length
      if (vital.length > 0) return null
      // A roster that was not told is told whole as soon as there is room.
      membership.told = null
      return []
    }
    if (membership.feeding !== 'live') return []
    if (frames.some(({ kind }) => kind.roster)) membership.told = null
    const firstLost = frames.find(({ kind }) => kind.offset > 0)?.kind.offset
    this.topic.unsubscribe(membership)
    membership.cursor = firstLost === undefined ? this.feed.position.offset : firstLost - 1
    membership.feeding = 'behind'
    counters.behind++
    return []
  }

  /** The membership's connection can take more. */
  drained(membership: Recipient): void {
    if (membership.feeding === 'behind') this.#catchUp?.drained(membership)
    else if (membership.feeding === 'live') this.#repairRoster(membership)
  }

  #lost(reason: GapReason, position: Position): void {
    for (const membership of this.members) {
      if (membership.feeding === 'ended' || membership.feeding === 'joining') continue
      if (membership.feeding === 'behind') this.#catchUp?.gap(membership, reason)
      else membership.peer.notify({ kind: 'gap', alias: membership.alias, reason, position })
    }
  }

  // Presence

  #rosterChanged(diff: RosterDiff): void {
    if (this.spec.roster === 'count') {
      if (this.tracker) this.topic.count(this.tracker.count())
    } else this.topic.presence(diff)
    for (const membership of this.members)
      if (membership.feeding === 'live' && membership.told?.version === diff.since) membership.told = diff.version
    if (this.#observers.size > 0) this.#observedRoster(diff)
  }

  // While a membership was behind, changes of the roster passed it by.
  #repairRoster(membership: Recipient): void {
    const { tracker } = this
    if (!tracker || membership.told?.version === tracker.version.version) return
    const roster = this.rosterFor(membership.told)
    if (roster) membership.peer.notify({ kind: 'roster', alias: membership.alias, roster })
    membership.told = tracker.version
  }

  /** The roster as a client is told it, as a diff from what it holds where possible. Null without presence. */
  rosterFor(held: RosterVersion | null): RosterState | RosterDiff | RosterCount | null {
    if (!this.tracker) return null
    if (this.spec.roster === 'count') return this.tracker.count()
    return (held && this.tracker.diffSince(held)) ?? this.tracker.state()
  }

  /** Shows an entry. One whose connection was lost and that has the same key makes room for it, in the same diff. */
  track(entry: Entry): void {
    this.#set(entry)
    const lingering = this.lingering.get(entry.key)
    for (const id of lingering ?? []) {
      if (id === entry.id) continue
      this.untrack(id)
      break
    }
  }

  /** Whether an entry is shown, and this node's to show: another node's will go when that one lets go of it. */
  owns(id: string): boolean {
    return (this.shared ? this.shared.replica.own.get(id) : this.tracker?.roster.entry(id)) !== undefined
  }

  /**
   * The `rev` of an entry that comes behind `rev`. Rising for all entries of the node, since one that goes and comes again,
   * even into a channel that was closed meanwhile, must not be taken for what it was before.
   */
  nextRev(rev: number): number {
    return this.#host.nextRev(rev)
  }

  untrack(id: string): void {
    const key = this.tracker?.roster.entry(id)?.key
    if (key !== undefined) this.unlinger(key, id)
    this.#delete(id)
    this.#host.left(this)
  }

  #set(entry: Entry): void {
    if (!this.shared) this.tracker?.set(entry)
    else {
      this.shared.replica.set(entry)
      this.shared.changed()
    }
  }

  #delete(id: string): void {
    if (!this.shared) this.tracker?.delete(id)
    else {
      this.shared.replica.delete(id)
      this.shared.changed()
    }
  }

  linger(key: string, id: string): void {
    const ids = this.lingering.get(key)
    if (ids) ids.add(id)
    else this.lingering.set(key, new Set([id]))
  }

  unlinger(key: string, id: string): void {
    const ids = this.lingering.get(key)
    ids?.delete(id)
    if (ids?.size === 0) this.lingering.delete(key)
  }

  // Observers

  observe(listener: (event: TopicEvent) => void): Undo {
    this.#observers.add(listener)
    return () => {
      if (this.#observers.delete(listener)) this.#host.left(this)
    }
  }

  #observed(event: TopicEvent): void {
    for (const observer of this.#observers) {
      try {
        observer(event)
      } catch (error) {
        this.#host.report(`An observer of ${this.name} failed`, error)
      }
    }
  }

  #observedRoster({ joins, updates, leaves }: RosterDiff): void {
    const member = (entry: Entry): Member =>
      this.tracker?.roster.member(entry.key) ?? {
        key: entry.key,
        meta: entry.meta,
        entries: [{ id: entry.id, meta: entry.meta }],
      }
    for (const entry of joins) this.#observed({ kind: 'joined', member: member(entry) } as TopicEvent)
    for (const { entry } of updates) this.#observed({ kind: 'updated', member: member(entry) } as TopicEvent)
    for (const entry of leaves) this.#observed({ kind: 'left', member: member(entry) } as TopicEvent)
  }

  close(): void {
    // Who is not in yet is told by the answer to its join, and keeps its connection, on which there may be other channels.
    for (const { peer, feeding } of this.members)
      if (feeding !== 'joining') peer.close(CloseCode.insufficientState, 'the channel was closed')
    this.unsubscribe()
    this.feed?.close()
    this.shared?.close()
    this.tracker?.close()
  }
}

function messageEvent({ event, payload, from, at, position }: Delivery): TopicEvent {
  return { kind: 'message', event, payload, from, at, position } as TopicEvent
}
