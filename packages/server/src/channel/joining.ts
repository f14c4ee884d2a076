import {
  type ChannelSpec,
  type Entry,
  errorOf,
  isTopic,
  type Joined,
  type JoinRequest,
  type Position,
  type Since,
} from '@rollcall/core'
import type { Channel } from './channel.ts'
import type { Channels } from './channels.ts'
import { check, checkMeta } from './checking.ts'
import { EnterContext } from './contexts.ts'
import type { Feed } from './feed.ts'
import type { Decision, JoinContext } from './handlers.ts'
import { type Held, Membership, type Peer } from './membership.ts'
import { type Answer, done, refusalOf, refused } from './refusals.ts'

/** Bounds of what one connection may have. */
export interface JoinLimits {
  /** Channels of one connection. Default 128. */
  readonly channels: number
  /** Bytes of a member's metadata as JSON. Default 2,048. */
  readonly presenceBytes: number
}

/** From where a membership is fed. */
interface Start {
  readonly cursor: number
  readonly recovery: Joined['recovery']
}

/** Lets clients into channels: checks, asks the application, shows them, and sets them on at the right place in the log. */
export class Joining {
  readonly #channels: Channels
  readonly #limits: JoinLimits

  constructor(channels: Channels, limits: JoinLimits) {
    this.#channels = channels
    this.#limits = limits
  }

  /** Answers exactly once. The membership is fed only after the answer was given: nothing can come before it. */
  join(peer: Peer, request: JoinRequest, answer: Answer): void {
    const { topic, alias } = request
    const known = peer.memberships.get(alias)
    if (known) {
      void this.#recoverAgain(known, request, answer)
      return
    }
    const match = this.#channels.match(topic)
    if (!match) return answer(refused('unknown_topic', notThere(topic)))
    const { channels } = this.#limits
    if (peer.memberships.size >= channels)
      return answer(refused('too_many_channels', `At most ${channels} channels for one connection: leave one first`))
    const channel = this.#channels.acquire(topic, match)
    const membership = new Membership(peer, channel, alias, request.variant)
    // Taken at once, so that a second join, a leave or a close while the application decides finds it.
    peer.memberships.set(alias, membership)
    channel.members.add(membership)
    membership.joining = this.#enter(membership, request, answer)
  }

  async #enter(membership: Membership, request: JoinRequest, answer: Answer): Promise<void> {
    const { peer, channel } = membership
    let held: Held | null = null
    try {
      if (channel.opening) await channel.opening
      held = peer.takeHeld(membership.alias)
      const decision = await this.#decide(membership, request, held)
      if (!decision.allowed) throw errorOf(decision.refusal)
      const start = await this.#start(channel, request.since)
      if (membership.feeding === 'ended')
        throw errorOf({ code: 'closed', message: `${channel.name} was left before it was joined` })
      membership.joining = null
      this.#commit(membership, request, decision, start, held, answer)
    } catch (error) {
      membership.joining = null
      if (peer.memberships.get(membership.alias) === membership) peer.memberships.delete(membership.alias)
      channel.stopFeeding(membership)
      if (held) peer.letGo(held)
      this.#channels.left(channel)
      const { refusal, unexpected } = refusalOf(error, `Joining ${channel.name}`)
      if (unexpected) this.#channels.report(`The join of ${channel.name} failed`, error)
      answer({ ok: false, refusal })
    }
  }

  async #decide(membership: Membership, request: JoinRequest, held: Held | null): Promise<Decision> {
    const { channel, peer } = membership
    const { spec, handlers } = channel
    const input = await check(spec.join, request.input, `The join input of ${channel.name}`)
    const presence =
      request.presence === undefined ? undefined : await this.#checkedPresence(spec, request.presence, channel)
    const asked = held ? (handlers.resume ?? null) : handlers.join
    const context = new EnterContext(membership, this.#channels, input, presence)
    const decision = asked
      ? await asked(context as unknown as JoinContext<ChannelSpec>)
      : { allowed: true as const, reply: undefined }
    if (typeof decision !== 'object' || decision === null || typeof decision.allowed !== 'boolean')
      throw new TypeError(`join of "${channel.name}" must answer allow() or refuse(), for ${peer.id}`)
    if (!decision.allowed) return decision
    membership.input = input
    if ('presence' in decision)
      return { ...decision, presence: await this.#checkedPresence(spec, decision.presence, channel) }
    return { ...decision, presence }
  }

  async #checkedPresence(spec: ChannelSpec, meta: unknown, channel: Channel): Promise<unknown> {
    if (!spec.presence) throw errorOf({ code: 'no_presence', message: `${channel.name} has no presence` })
    return checkMeta(spec.presence, meta, channel.name, this.#limits.presenceBytes)
  }

  async #start(channel: Channel, since: Since | null): Promise<Start> {
    const { feed } = channel
    if (!feed || since === null) return { cursor: feed?.position.offset ?? 0, recovery: 'fresh' }
    if ('last' in since) return { cursor: await firstOf(channel, since.last), recovery: 'fresh' }
    const { epoch, offset } = since.position
    await reachable(feed, since.position)
    const end = feed.position
    if (epoch !== end.epoch) return { cursor: end.offset, recovery: { gap: 'epoch_changed' } }
    if (offset > end.offset) return { cursor: end.offset, recovery: { gap: 'beyond_end' } }
    if (offset === end.offset) return { cursor: offset, recovery: 'recovered' }
    const page = await feed.readAfter(offset, 1)
    if ('gap' in page) return { cursor: feed.position.offset, recovery: { gap: page.gap } }
    return { cursor: offset, recovery: 'recovered' }
  }

  #commit(
    membership: Membership,
    request: JoinRequest,
    decision: Decision & { allowed: true },
    start: Start,
    held: Held | null,
    answer: Answer,
  ): void {
    const entry = decision.presence === undefined ? null : show(membership, decision.presence, held?.entry ?? null)
    // It comes back unseen.
    if (!entry && held?.entry) membership.channel.untrack(held.entry.id)
    this.#answerJoined(membership, request, start, entry, decision.reply, answer)
  }

  #answerJoined(
    membership: Membership,
    request: JoinRequest,
    { cursor, recovery }: Start,
    entry: Entry | null,
    reply: unknown,
    answer: Answer,
  ): void {
    const { channel } = membership
    channel.tracker?.flushIfDue()
    const position = channel.feed?.position ?? null
    // After a gap deliveries begin behind what the answer calls the end, wherever that is by now.
    const from = typeof recovery === 'string' ? cursor : (position?.offset ?? 0)
    const joined: Joined = { entry, position, recovery, roster: channel.rosterFor(request.roster), reply }
    membership.told = channel.tracker?.version ?? null
    answer(done(joined))
    channel.feedFrom(membership, from)
  }

  // A client that found a hole asks to be fed again from its position.
  async #recoverAgain(membership: Membership, request: JoinRequest, answer: Answer): Promise<void> {
    const { channel } = membership
    const entitled = membership.feeding === 'live' || membership.feeding === 'behind'
    if (!entitled || !request.since || !('position' in request.since))
      return answer(
        refused(
          'already_joined',
          `${channel.name} is joined already: leave it first, or give a position to recover from`,
        ),
      )
    try {
      const start = await this.#start(channel, request.since)
      if (membership.feeding === 'ended') return answer(refused('not_joined', `${channel.name} was left`))
      const entry = membership.entry === null ? null : (channel.tracker?.roster.entry(membership.entry) ?? null)
      this.#answerJoined(membership, request, start, entry, undefined, answer)
    } catch (error) {
      answer({ ok: false, refusal: refusalOf(error, `Recovering ${channel.name}`).refusal })
    }
  }
}

/** Shows a member, under the entry that its session held where there is one. */
export function show(membership: Membership, meta: unknown, held: Entry | null): Entry {
  const { channel, peer, alias } = membership
  const id = held?.id ?? (alias === channel.name ? peer.id : `${peer.id} ${alias}`)
  const shown = channel.tracker?.roster.entry(id) ?? null
  const before = shown ?? held
  membership.entry = id
  channel.unlinger(peer.user.id, id)
  if (shown && channel.owns(id) && shown.key === peer.user.id && sameJson(shown.meta, meta)) return shown
  const entry: Entry = { id, key: peer.user.id, meta, rev: channel.nextRev(before?.rev ?? 0) }
  channel.track(entry)
  return entry
}

// A client that comes from another node may know more of the log than has been fed here yet: that is no gap. Asked twice, as
// what others have asked may be from before the client's last message.
async function reachable(feed: Feed, { epoch, offset }: Position): Promise<void> {
  const isBehind = () => epoch !== feed.position.epoch || offset > feed.position.offset
  if (isBehind()) await feed.reach()
  if (isBehind()) await feed.reach()
}

// Where the newest `last` messages begin, as far as they are still kept.
async function firstOf(channel: Channel, last: number): Promise<number> {
  const { feed } = channel
  if (!feed || last === 0) return feed?.position.offset ?? 0
  return feed.startOfLast(last)
}

function sameJson(a: unknown, b: unknown): boolean {
  return a === b || JSON.stringify(a) === JSON.stringify(b)
}

function notThere(topic: string): string {
  return isTopic(topic)
    ? `There is no channel "${topic}"`
    : 'A topic is a text of 1 to 255 characters, none of them control characters'
}
