import type { GapReason, Position } from '@rollcall/core'
import type { Retention } from 'rollcall/log'
import { type Block, bytesAfter, type Stored, topOf } from './block.ts'
import { Keys } from './keys.ts'

/** Where a topic's log ends, as far as a node knows. */
export interface Tip {
  /** The stream sequence and the id of the newest block of the chain: what the next one must name. */
  readonly seq: number
  readonly id: string
  readonly at: number
  readonly epoch: string
  /** The offset of the first message in the newest block, and that of the newest message. */
  readonly base: number
  readonly top: number
  readonly bytes: number
  readonly retention: Retention | null
}

/** A block's place in the stream. */
export interface Place {
  readonly seq: number
  readonly id: string
}

/** What a block is to a replica. */
export type Verdict =
  /** It continues the log. */
  | 'applied'
  /** It was here already. */
  | 'known'
  /** The stream has others before it. */
  | 'gap'
  /** It names another predecessor than the newest block of the chain: it is not part of the log. */
  | 'void'

/** Hears what a replica takes in, in the log's order. */
export interface ReplicaListener {
  applied(stored: Stored): void
  /** What follows comes after `position`, and not behind what was applied before. */
  reset(reason: GapReason, position: Position): void
}

const NOWHERE: Place = { seq: 0, id: '' }

/**
 * What a node knows of a topic's log: its end, and the keys of its newest messages. A machine: blocks go in, by whatever
 * way they come; out come those that continue the log, each once.
 *
 * Every block names its predecessor by sequence and id. In the order of the stream, the first block that names the end of
 * the chain continues it, and any other is void. So every node sees the same log even where the stream has stored two
 * blocks for the same place, as a replicated one of nats-server 2.9 may although it was told what to expect.
 */
export class Replica {
  readonly keys: Keys
  /** Whether all keys of the window are in `keys`. */
  keysComplete = false
  readonly #listener: ReplicaListener
  #tip: Tip | null = null
  #last: Place = NOWHERE

  constructor(windowMs: number, listener: ReplicaListener) {
    this.keys = new Keys(windowMs)
    this.#listener = listener
  }

  /** The end of the log; null before anything is known of it. */
  get tip(): Tip | null {
    return this.#tip
  }

  /** The topic's newest block in the stream, void or not. */
  get last(): Place {
    return this.#last
  }

  /** A block that the stream has stored, and the sequence of the topic's block right before it. */
  offer(stored: Stored, after: number): Verdict {
    const { seq, block } = stored
    if (seq <= this.#last.seq) return 'known'
    if (!this.#tip || after > this.#last.seq) return 'gap'
    this.#last = { seq, id: block.id }
    if (!follows(block, this.#tip)) return 'void'
    if (block.epoch !== this.#tip.epoch) this.#reset(block)
    this.#apply(stored)
    return 'applied'
  }

  /** Begins at the end of the log, without what led there. */
  begin(tip: Stored, last: Place): void {
    this.#last = last
    this.#take(tip)
    this.keysComplete = tip.block.prev === 0
  }

  /** Goes on from another end than the one that was known, which is gone from the stream. */
  adopt(tip: Stored, last: Place): void {
    this.#last = last
    this.#reset(tip.block)
    this.#apply(tip)
  }

  /** The stream's newest block of the topic, a void one, is gone. */
  rewind(last: Place): void {
    this.#last = last
  }

  #apply(stored: Stored): void {
    this.#take(stored)
    this.#listener.applied(stored)
  }

  #reset({ epoch, base }: Block): void {
    const same = epoch === this.#tip?.epoch
    if (!same) this.keys.clear()
    this.keysComplete = false
    this.#listener.reset(same ? 'too_old' : 'epoch_changed', { epoch, offset: base - 1 })
  }

  #take({ seq, at, block }: Stored): void {
    const { id, epoch, base } = block
    const retention = block.retention ?? this.#tip?.retention ?? null
    this.#tip = { seq, id, at, epoch, base, top: topOf(block), bytes: bytesAfter(block), retention }
    for (const [i, key] of block.keys.entries()) if (key !== undefined) this.keys.add(key, base + i, at)
  }
}

/** Whether a block names `place` as its predecessor. */
export function follows(block: Block, place: Place): boolean {
  return block.prev === place.seq && block.prevId === place.id
}
