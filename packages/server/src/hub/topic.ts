import type { Position, RosterCount, RosterDiff, Variant } from '@rollcall/core'
import type { Broadcast } from './broadcast.ts'
import { Frame, ROSTER } from './frame.ts'
import { Group } from './group.ts'
import type { Subscriber } from './subscriber.ts'
import type { Turn } from './turn.ts'

/** A topic's subscribers on this node, by the variant that they are spoken to in. */
export class Topic {
  readonly name: string
  readonly #turn: Turn
  readonly #groups = new Map<string, Group>()
  #size = 0

  constructor(name: string, turn: Turn) {
    this.name = name
    this.#turn = turn
  }

  /** Subscribers that are fed live. */
  get size(): number {
    return this.#size
  }

  subscribe(subscriber: Subscriber, variant: Variant): void {
    let group = this.#groups.get(variant.id)
    if (!group) {
      group = new Group(variant, this.#turn)
      this.#groups.set(variant.id, group)
    }
    group.add(subscriber)
    this.#size++
  }

  /** What was published before still reaches the subscriber; nothing after. */
  unsubscribe(subscriber: Subscriber): void {
    const { group, index } = subscriber
    if (!group || index < 0) return
    group.remove(subscriber)
    this.#size--
  }

  /** Gives a message to all subscribers but `except`. @throws what encoding it throws; then nobody has got it. */
  message(broadcast: Broadcast, except: Subscriber | null): void {
    if (this.#turn.flushing) {
      this.#turn.defer(() => this.message(broadcast, except))
      return
    }
    // Before anybody has it: what cannot be encoded for one is for nobody.
    for (const group of this.#groups.values()) if (group.size > 0) broadcast.frame(group.variant)
    for (const group of this.#groups.values()) {
      if (group.size === 0) continue
      this.#turn.counters.deliveries += group.size - (except?.group === group && except.index >= 0 ? 1 : 0)
      group.publish(broadcast.frame(group.variant), except)
    }
  }

  presence(diff: RosterDiff): void {
    this.#each((variant) => variant.presence(this.name, diff))
  }

  count(count: RosterCount): void {
    this.#each((variant) => variant.count(this.name, count))
  }

  position(position: Position): void {
    this.#each((variant) => variant.position(this.name, position))
  }

  #each(encode: (variant: Variant) => string | Uint8Array | readonly (string | Uint8Array)[] | null): void {
    if (this.#turn.flushing) {
      this.#turn.defer(() => this.#each(encode))
      return
    }
    for (const group of this.#groups.values()) {
      if (group.size === 0) continue
      const payload = encode(group.variant)
      if (payload !== null) group.publish(new Frame(payload, ROSTER), null)
    }
  }
}
