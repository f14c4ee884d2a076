import { type ChannelMatch, errorOf, type Member, type Sender, type Undo } from '@rollcall/core'
import type { Who } from '../cluster/cluster.ts'
import type { Channel } from './channel.ts'
import type { Channels } from './channels.ts'
import type { EmitOptions, Emitted, ServerChannel, ServerHistoryPage, TopicEvent } from './handlers.ts'

/** On whose behalf a handler emits. */
export interface Emitting {
  readonly from: Sender
  /** An idempotency key for the next emit, if the send that caused it has an id. */
  nextKey(): string | undefined
  /** The emit is under way: its place among the sender's other messages is taken. */
  emitting(): void
}

/** A topic in the hands of server code. Cheap to make; holds nothing. */
export class ServerTopic implements ServerChannel {
  readonly topic: string
  readonly #channels: Channels
  readonly #emitting: Emitting | null

  constructor(channels: Channels, topic: string, emitting: Emitting | null = null) {
    this.#channels = channels
    this.topic = topic
    this.#emitting = emitting
  }

  emit(event: string, payload: unknown, { except, idempotencyKey, from }: EmitOptions = {}): Promise<Emitted> {
    const emitted = this.#channels.emit(this.topic, event, payload, {
      from: from === undefined ? (this.#emitting?.from ?? null) : from,
      except: except ?? null,
      idempotencyKey: idempotencyKey ?? this.#emitting?.nextKey(),
    })
    this.#emitting?.emitting()
    // An application that does not wait for the promise is not to die of its rejection; one that does still gets it.
    emitted.catch(() => {})
    return emitted
  }

  async members(): Promise<Member<never>[]> {
    return this.#with((channel) => (channel.tracker?.roster.members() ?? []) as Member<never>[])
  }

  async count(): Promise<{ members: number; entries: number }> {
    return this.#with(({ tracker }) => ({ members: tracker?.roster.count ?? 0, entries: tracker?.roster.size ?? 0 }))
  }

  kick(who: Who, reason = 'kicked'): Promise<number> {
    return this.#channels.kick(this.topic, who, reason)
  }

  async history({
    before,
    after,
    limit = 50,
  }: Parameters<ServerChannel['history']>[0] = {}): Promise<ServerHistoryPage> {
    const { spec } = this.#match()
    if (!spec.history) throw errorOf({ code: 'no_history', message: `${this.topic} keeps no history` })
    const { epoch, messages, more } = await this.#channels.page(this.topic, before ?? null, after ?? null, limit)
    return { epoch, more, messages }
  }

  observe(listener: (event: TopicEvent) => void): Undo {
    const channel = this.#channels.acquire(this.topic, this.#match())
    return channel.observe(listener)
  }

  async #with<T>(read: (channel: Channel) => T): Promise<T> {
    const channel = this.#channels.acquire(this.topic, this.#match())
    const release = this.#channels.hold(channel)
    try {
      if (channel.opening) await channel.opening
      await channel.shared?.settled
      return read(channel)
    } finally {
      release()
    }
  }

  #match(): ChannelMatch {
    const match = this.#channels.match(this.topic)
    if (!match) throw errorOf({ code: 'unknown_topic', message: `No channel of the contract covers "${this.topic}"` })
    return match
  }
}
