import {
  type ChannelMatch,
  type Clock,
  type Contract,
  errorOf,
  isVolatile,
  type Random,
  RollcallError,
  type Schema,
  type Sender,
  type Undo,
} from '@rollcall/core'
import type { Audit } from '../audit.ts'
import type { Cluster, Who } from '../cluster/cluster.ts'
import { Broadcast } from '../hub/broadcast.ts'
import type { Turn } from '../hub/turn.ts'
import { type Log, type LogMessage, LogUnavailable, type Retention } from '../log/log.ts'
import type { TrackerOptions } from '../presence/tracker.ts'
import type { CatchUpOptions } from './catch-up.ts'
import { Channel, type ChannelHost } from './channel.ts'
import { check, checkEncodable } from './checking.ts'
import type { AnyHandlers, Emitted } from './handlers.ts'
import { encodeRelay, relayReader } from './relay.ts'

export interface ChannelsOptions extends Omit<ChannelHost, 'left' | 'nextRev'> {
  readonly contract: Contract
  readonly handlers: Readonly<Record<string, AnyHandlers>>
  /** This node among others; null if there are none. */
  readonly cluster: Cluster | null
  /** Ends what lost connections hold of a topic; answers how many memberships that were. */
  kickLost(topic: string, who: Who): number
  /** Hears who was put out; null if nobody does. */
  readonly audit: Audit | null
  /** A channel that nobody needs is closed after this long, in milliseconds. Default 5,000. */
  readonly idleMs: number
  /** How often a channel with history compares itself with its log, and its clients with it, in milliseconds. */
  readonly positionMs: number
}

/** Part of a topic's log. */
export interface HistorySlice {
  readonly epoch: string
  readonly messages: readonly LogMessage[]
  /** Whether there is more in the direction that was asked. */
  readonly more: boolean
}

/** That the log is away is reported this often, in milliseconds. */
const UNAVAILABLE_TOLD_MS = 10_000

/** The most messages of one page of history. */
const MAX_PAGE = 100

export interface EmitRequest {
  readonly from: Sender | null
  readonly except: string | null
  readonly idempotencyKey: string | undefined
}

const RETENTION: Retention = { messages: 1_000, ageMs: 86_400_000, bytes: 64 * 1024 * 1024 }

/** The channels in use on this node, and the way of every message into them. */
export class Channels implements ChannelHost {
  readonly clock: Clock
  readonly random: Random
  readonly turn: Turn
  readonly log: Log
  readonly presence: TrackerOptions
  readonly catchUp: CatchUpOptions
  /** Memberships that were ended here by a kick. */
  kicked = 0
  readonly #options: ChannelsOptions
  readonly #open = new Map<string, Channel>()
  readonly #idle = new Set<Channel>()
  #rev = 0
  #unavailableToldAt = Number.NEGATIVE_INFINITY
  #sweep: Undo | null = null
  #positions: Undo | null = null

  constructor(options: ChannelsOptions) {
    this.#options = options
    this.clock = options.clock
    this.random = options.random
    this.turn = options.turn
    this.log = options.log
    this.presence = options.presence
    this.catchUp = options.catchUp
  }

  report(what: string, error: unknown): void {
    this.#options.report(what, error)
  }

  nextRev(rev: number): number {
    this.#rev = Math.max(this.#rev, rev) + 1
    return this.#rev
  }

  /** The rules for a topic, or null if no pattern of the contract covers it. */
  match(topic: string): ChannelMatch | null {
    return this.#open.get(topic)?.match ?? this.#options.contract.match(topic)
  }

  /** The channel of a topic that is in use here, ready or not. */
  find(topic: string): Channel | undefined {
    return this.#open.get(topic)
  }

  all(): IterableIterator<Channel> {
    return this.#open.values()
  }

  get size(): number {
    return this.#open.size
  }

  /**
   * The topic's channel, opened if it was not in use. The caller must put something into it, or `hold` it, in the same
   * turn, and wait for `channel.opening` before it relies on the log or on other nodes.
   */
  acquire(topic: string, match: ChannelMatch): Channel {
    const known = this.#open.get(topic)
    if (known) return known
    const handlers = this.#options.handlers[match.pattern]
    if (!handlers) throw new TypeError(`No handlers for "${match.pattern}"`)
    const channel = new Channel(topic, match, handlers, this)
    this.#open.set(topic, channel)
    channel.opening = this.#prepare(channel)
    this.#watchPositions()
    return channel
  }

  /** Keeps a channel open until undone. */
  hold(channel: Channel): Undo {
    channel.holds++
    let held = true
    return () => {
      if (!held) return
      held = false
      channel.holds--
      this.left(channel)
    }
  }

  #prepare(channel: Channel): Promise<void> | null {
    const { cluster } = this.#options
    const followed = channel.feed?.open()
    if (!cluster && !followed) return null
    const opening = this.#settle(channel, Promise.all([cluster && this.#join(channel, cluster), followed]))
    // Those who wait for it hear of a failure; if nobody does, it is no concern of the process.
    opening.catch(() => {})
    return opening
  }

  // Hears what other nodes publish on the topic, and shares its presence with them.
  async #join(channel: Channel, { broker, presence, ready }: Cluster): Promise<void> {
    await ready
    const read = relayReader(channel.name)
    const unsubscribe = await broker.subscribe(`message:${channel.name}`, (bytes) => {
      const broadcast = read(bytes)
      if (broadcast) channel.deliver(broadcast, null)
    })
    channel.unsubscribe = unsubscribe
    if (!channel.tracker) return
    channel.shared = await presence.share(channel.name, channel.tracker)
    // Else who comes here from another node would see everybody leave, and come again.
    await channel.shared.settled
  }

  async #settle(channel: Channel, preparing: Promise<unknown>): Promise<void> {
    try {
      await preparing
      channel.opening = null
      if (this.find(channel.name) !== channel) channel.close()
    } catch (error) {
      this.#drop(channel)
      const message = `${channel.name} cannot be opened now`
      throw errorOf({ code: 'unavailable', message, retryAfterMs: 1000 }, { cause: error })
    }
  }

  left(channel: Channel): void {
    if (!channel.idle || this.find(channel.name) !== channel) return
    this.#idle.add(channel)
    this.#sweep ??= this.clock.after(this.#options.idleMs, () => this.#sweepIdle())
  }

  #sweepIdle(): void {
    this.#sweep = null
    for (const channel of this.#idle) if (channel.idle) this.#drop(channel)
    this.#idle.clear()
  }

  #drop(channel: Channel): void {
    if (this.#open.get(channel.name) !== channel) return
    this.#open.delete(channel.name)
    channel.close()
  }

  // A loss of the last message shows only if somebody looks: the feed at its log, the clients at the feed.
  #watchPositions(): void {
    if (this.#positions) return
    this.#positions = this.clock.after(this.#options.positionMs, () => {
      this.#positions = null
      for (const channel of this.#open.values()) {
        if (!channel.feed || channel.opening) continue
        void channel.feed.repair()
        if (channel.feed.position.offset > 0) channel.topic.position(channel.feed.position)
      }
      if (this.#open.size > 0) this.#watchPositions()
    })
  }

  /** Checks, stamps and sends a message: into the log where the channel has one, else to all who are there now. */
  async emit(topic: string, event: string, payload: unknown, request: EmitRequest): Promise<Emitted> {
    const match = this.match(topic)
    if (!match) throw errorOf({ code: 'unknown_topic', message: `No channel of the contract covers "${topic}"` })
    const entry = ownEntry(match.spec.emit, event)
    if (!entry) throw errorOf({ code: 'unknown_event', message: `${match.pattern} does not emit "${event}"` })
    const volatile = isVolatile(entry)
    const schema: Schema = volatile ? entry.schema : entry
    const checking = check(schema, payload, `${event} for ${topic}`)
    if (checking instanceof Promise) await checking
    checkEncodable(payload, `${event} for ${topic}`)
    const at = this.clock.now()
    if (match.spec.history && !volatile)
      return this.#append(topic, match, { event, payload, from: request.from, at }, request)
    const key = volatile && entry.key ? `${topic}\n${event}\n${entry.key(payload as never)}` : null
    const delivery = { topic, event, payload, from: request.from, at, position: null }
    this.#relay(topic, new Broadcast(delivery, { offset: 0, volatile, key, roster: false }), request)
    this.turn.counters.emitted++
    return { position: null }
  }

  async #append(
    topic: string,
    { spec }: ChannelMatch,
    record: { event: string; payload: unknown; from: Sender | null; at: number },
    { idempotencyKey }: EmitRequest,
  ): Promise<Emitted> {
    try {
      const { position } = await this.log.append(topic, record, {
        retention: { ...RETENTION, ...spec.history },
        idempotencyKey,
      })
      this.turn.counters.emitted++
      return { position }
    } catch (error) {
      if (error instanceof RollcallError) throw error
      if (error instanceof RangeError) throw tooBig(topic, error)
      const refusal =
        error instanceof LogUnavailable
          ? ({
              code: 'unavailable',
              message: `${topic} cannot take messages now`,
              retryAfterMs: error.retryAfterMs,
            } as const)
          : ({ code: 'internal', message: `Whether ${topic} took the message is unknown` } as const)
      if (!(error instanceof LogUnavailable) || this.#isNews())
        this.report(`The log did not take a message of ${topic}`, error)
      throw errorOf(refusal, { cause: error })
    }
  }

  // Each sender is told; whoever reads what is reported knows after the first time.
  #isNews(): boolean {
    const now = this.clock.now()
    if (now < this.#unavailableToldAt + UNAVAILABLE_TOLD_MS) return false
    this.#unavailableToldAt = now
    return true
  }

  #relay(topic: string, broadcast: Broadcast, { except }: EmitRequest): void {
    // The others first: what cannot be carried there is for nobody.
    try {
      this.#options.cluster?.broker.publish(`message:${topic}`, encodeRelay(broadcast))
    } catch (error) {
      throw error instanceof RangeError ? tooBig(topic, error) : error
    }
    const channel = this.find(topic)
    if (channel) {
      const excluded = except === null ? null : ([...channel.members].find(({ peer }) => peer.id === except) ?? null)
      channel.deliver(broadcast, excluded)
    }
  }

  /** A page of a topic's log, oldest first; at most 100 messages. */
  async page(topic: string, before: number | null, after: number | null, limit: number): Promise<HistorySlice> {
    const count = Math.max(1, Math.min(limit, MAX_PAGE))
    if (after !== null) {
      const { epoch, messages, top } = await this.log.readAfter(topic, after, count)
      return { epoch, messages, more: (messages.at(-1)?.offset ?? top) < top }
    }
    const { epoch, messages, first } = await this.log.readBefore(topic, before ?? Number.MAX_SAFE_INTEGER, count)
    return { epoch, messages, more: (messages[0]?.offset ?? first) > first }
  }

  /** Ends memberships of a topic on all nodes; answers how many. */
  async kick(topic: string, who: Who, reason: string): Promise<number> {
    const here = this.kickHere(topic, who, reason)
    const ended = here + ((await this.#options.cluster?.order({ kick: topic, who, reason })) ?? 0)
    this.#options.audit?.note('kicked', { topic, ...who, reason, ended })
    return ended
  }

  /** The same on this node alone. */
  kickHere(topic: string, who: Who, reason: string): number {
    let ended = this.#options.kickLost(topic, who)
    for (const membership of [...(this.find(topic)?.members ?? [])]) {
      const { peer } = membership
      if ('user' in who ? peer.user.id !== who.user : peer.id !== who.connection) continue
      membership.kick(reason)
      ended++
    }
    this.kicked += ended
    return ended
  }

  close(): void {
    this.#sweep?.()
    this.#positions?.()
    for (const channel of [...this.all()]) this.#drop(channel)
  }
}

/** What lies between the nodes, or keeps the messages, has a bound of its own. */
function tooBig(topic: string, cause: RangeError): RollcallError {
  return errorOf({ code: 'too_big', message: `${topic} cannot take a message of this size` }, { cause })
}

/** A section's entry of its own name: names from outside must not reach the prototype. */
export function ownEntry<T>(section: Readonly<Record<string, T>> | undefined, name: string): T | undefined {
  return section && Object.hasOwn(section, name) ? section[name] : undefined
}
