import type { ChannelMatch, Sender } from '@rollcall/core'
import type { Channels } from './channels.ts'
import type { ConnectionView, LeaveContext, User } from './handlers.ts'
import type { Membership } from './membership.ts'
import type { Place } from './place.ts'
import { ServerTopic } from './server-topic.ts'

// What handlers are given. Classes with getters: one small object for each call, and nothing computed that is not read.

class MembershipContext {
  protected readonly membership: Membership
  protected readonly channels: Channels

  constructor(membership: Membership, channels: Channels) {
    this.membership = membership
    this.channels = channels
  }

  get topic(): string {
    return this.membership.channel.name
  }
  get params(): ChannelMatch['params'] {
    return this.membership.channel.params
  }
  get user(): User {
    return this.membership.peer.user
  }
  get data(): Record<string, unknown> {
    return this.membership.peer.data
  }
  get connection(): ConnectionView {
    return this.membership.peer
  }
  get channel(): ServerTopic {
    return new ServerTopic(this.channels, this.topic)
  }
}

/** For `join` and `resume`. */
export class EnterContext extends MembershipContext {
  readonly input: unknown
  readonly presence: unknown

  constructor(membership: Membership, channels: Channels, input: unknown, presence: unknown) {
    super(membership, channels)
    this.input = input
    this.presence = presence
  }
}

/** For events and calls: what the handler emits is from the sender, and repeats of the same send are accepted once. */
export class MessageContext extends MembershipContext {
  readonly #sendId: string | null
  readonly #place: Place
  #emits = 0
  #channel: ServerTopic | null = null

  constructor(membership: Membership, channels: Channels, sendId: string | null, place: Place) {
    super(membership, channels)
    this.#sendId = sendId
    this.#place = place
  }

  get member(): { entry: string; meta: unknown } | null {
    return memberOf(this.membership)
  }

  override get channel(): ServerTopic {
    this.#channel ??= new ServerTopic(this.channels, this.topic, {
      from: senderOf(this.membership),
      nextKey: () => this.#nextKey(),
      emitting: () => this.#place.take(),
    })
    return this.#channel
  }

  // A handler that emits the same things when it runs again gets the same keys.
  #nextKey(): string | undefined {
    return this.#sendId === null ? undefined : `${this.user.id}\n${this.#sendId}\n${this.#emits++}`
  }
}

/** For `leave`. */
export class EndContext extends MembershipContext {
  readonly reason: LeaveContext<never>['reason']
  readonly member: { entry: string; meta: unknown } | null

  constructor(membership: Membership, channels: Channels, reason: LeaveContext<never>['reason']) {
    super(membership, channels)
    this.reason = reason
    this.member = memberOf(membership)
  }
}

function memberOf({ entry, channel }: Membership): { entry: string; meta: unknown } | null {
  const shown = entry === null ? undefined : channel.tracker?.roster.entry(entry)
  return shown ? { entry: shown.id, meta: shown.meta } : null
}

/** Who a member's messages are from. */
function senderOf(membership: Membership): Sender {
  const { user, id } = membership.peer
  const name = nameIn(memberOf(membership)?.meta) ?? nameIn(user)
  return name === undefined ? { key: user.id, connection: id } : { key: user.id, connection: id, name }
}

function nameIn(value: unknown): string | undefined {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, 'name')) return undefined
  const { name } = value as { name: unknown }
  return typeof name === 'string' ? name : undefined
}
