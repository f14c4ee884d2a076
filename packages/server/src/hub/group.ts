import type { Variant } from '@rollcall/core'
import { type Frame, Run } from './frame.ts'
import type { Sharing, Subscriber } from './subscriber.ts'
import type { Turn } from './turn.ts'

// Lists of a turn begin with their first entry: until then all groups share these, which stay empty. They are made by
// `Array.of`, since literals whose arrays a storm has kept alive, V8 makes among the old ones from then on; there they and
// all that they hold would wait for a major collection, every few seconds.
const NO_FRAMES: Frame[] = []
const NOBODY: Subscriber[] = []

/**
 * The subscribers of one topic that get the same bytes. Frames of one turn wait in one list, the run, whatever the number
 * of subscribers; each outbox remembers only from where in the run it takes part. A publish therefore costs one list entry
 * once every subscriber is awake in this turn, and all of them write the same joined buffer at its end.
 */
export class Group implements Sharing {
  readonly variant: Variant
  readonly #turn: Turn
  readonly #members: Subscriber[] = []
  #run: Frame[] = NO_FRAMES
  // Members whose part of the run was ended by something else they had to write; they come back in with the next frame.
  #ended: Subscriber[] = NOBODY
  #whole: Run | null = null

  constructor(variant: Variant, turn: Turn) {
    this.variant = variant
    this.#turn = turn
  }

  get size(): number {
    return this.#members.length
  }

  /** Frames published in this turn so far. */
  get length(): number {
    return this.#run.length
  }

  add(subscriber: Subscriber): void {
    subscriber.group = this
    subscriber.index = this.#members.push(subscriber) - 1
    if (this.#run.length > 0) this.#await(subscriber)
  }

  #await(subscriber: Subscriber): void {
    if (this.#ended === NOBODY) this.#ended = Array.of(subscriber)
    else this.#ended.push(subscriber)
  }

  /** Takes a subscriber out; what was published before still reaches it. */
  remove(subscriber: Subscriber): void {
    const { index } = subscriber
    if (index < 0 || this.#members[index] !== subscriber) return
    subscriber.outbox.end(subscriber)
    const ended = this.#ended.indexOf(subscriber)
    if (ended >= 0) this.#ended.splice(ended, 1)
    const last = this.#members.pop()
    if (last && last !== subscriber) {
      this.#members[index] = last
      last.index = index
    }
    subscriber.index = -1
  }

  /** Gives a frame to every member but `except`; it is written at the end of the turn. */
  publish(frame: Frame, except: Subscriber | null): void {
    if (except) except.outbox.end(except)
    const at = this.#run.length
    if (at === 0) {
      this.#run = Array.of(frame)
      this.#turn.addGroup(this)
    } else this.#run.push(frame)
    this.#whole = null
    const waking = at === 0 ? this.#members : this.#ended
    if (at > 0) this.#ended = NOBODY
    for (let i = 0; i < waking.length; i++) {
      const member = waking[i] as Subscriber
      if (member === except) this.#await(member)
      else member.outbox.begin(member, at)
    }
  }

  /** The member's part of the run was ended by its outbox. */
  ended(subscriber: Subscriber): void {
    if (subscriber.index >= 0) this.#await(subscriber)
  }

  /** The run from `start` on; one shared object for all who take it whole. */
  shared(start: number): Run {
    if (start > 0) return new Run(this.#run.slice(start))
    this.#whole ??= new Run(this.#run)
    return this.#whole
  }

  slice(start: number, end: number): readonly Frame[] {
    return this.#run.slice(start, end)
  }

  /** Every outbox has written: the turn's run is over. */
  clear(): void {
    // Another list, not a shorter one: transports may still hold the run.
    this.#run = NO_FRAMES
    this.#ended = NOBODY
    this.#whole = null
  }
}
