import type { GapReason, Position } from '@rollcall/core'
import type { Retention } from 'rollcall/log'
import { type Block, bytesAfter, type Stored, topOf } from './block.ts'
import { Keys } from './keys.ts'

/** Where a topic's log ends, as far as a node knows. */
export interface Tip {
  /** The stream sequence of the newest block: what the next one must follow. */
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

/** What a block is to a replica. */
export type Verdict =
  /** It came next. */
  | 'applied'
  /** It was there already. */
  | 'known'
  /** Something is missing before it. */
  | 'gap'
  /** It contradicts what was here: ask the stream. */
  | 'doubtful'

/** Hears what a replica takes in, in the log's order. */
export interface ReplicaListener {
  applied(stored: Stored): void
  /** What follows comes after `position`, and not behind what was applied before. */
  reset(reason: GapReason, position: Position): void
}

/** So many of the newest blocks are recognised when they come again. */
const RECENT_BLOCKS = 16

/**
 * What a node knows of a topic's log: its end, and the keys of its newest messages. A machine: blocks go in, in whatever
 * order they come; out come those that continue the log, each once.
 *
 * Each block names its predecessor by sequence and id, so what continues and what does not is never guessed.
 */
export class Replica {
  readonly #listener: ReplicaListener
  readonly #recent = new Map<number, string>()
  readonly keys: Keys
  /** Whether all keys of the window are in `keys`. */
  keysComplete = false
  #tip: Tip | null = null

  constructor(windowMs: number, listener: ReplicaListener) {
    this.keys = new Keys(windowMs)
    this.#listener = listener
  }

  /** The end of the log; null before anything is known of it. */
  get tip(): Tip | null {
    return this.#tip
  }

  /** Whether `seq` is a block that went through here lately. */
  knows(seq: number, id: string): boolean {
    return this.#recent.get(seq) === id
  }

  /** A block that the stream has stored. */
  offer(stored: Stored): Verdict {
    const tip = this.#tip
    if (!tip) return 'gap'
    if (stored.seq <= tip.seq) return this.#isOld(stored) ? 'known' : 'doubtful'
    if (stored.block.prev !== tip.seq) return stored.block.prev > tip.seq ? 'gap' : 'doubtful'
    if (!this.#continues(stored.block, tip)) return 'doubtful'
    this.#apply(stored)
    return 'applied'
  }

  /**
   * Continues with a block although what stood before it is not there any more, or is another log's. Tells the listener
   * unless nothing is lost.
   */
  adopt(stored: Stored, reason?: GapReason): void {
    const tip = this.#tip
    const { block } = stored
    if (tip) {
      const position = { epoch: block.epoch, offset: block.base - 1 }
      if (block.epoch !== tip.epoch) this.#reset(reason ?? 'epoch_changed', position)
      else if (block.base !== tip.top + 1) this.#reset(reason ?? 'too_old', position)
    }
    this.#apply(stored)
  }

  /** Begins at the end of the log, without what led there. */
  begin(stored: Stored): void {
    this.#remember(stored)
    this.#addKeys(stored)
  }

  #apply(stored: Stored): void {
    this.#remember(stored)
    this.#addKeys(stored)
    this.#listener.applied(stored)
  }

  #reset(reason: GapReason, position: Position): void {
    this.#recent.clear()
    if (position.epoch !== this.#tip?.epoch) {
      this.keys.clear()
      this.keysComplete = false
    }
    this.#listener.reset(reason, position)
  }

  #remember({ seq, at, block }: Stored): void {
    const { id, epoch, base, retention } = block
    const kept = retention ?? this.#tip?.retention ?? null
    this.#tip = { seq, id, at, epoch, base, top: topOf(block), bytes: bytesAfter(block), retention: kept }
    this.#recent.set(seq, id)
    if (this.#recent.size <= RECENT_BLOCKS) return
    for (const oldest of this.#recent.keys()) {
      this.#recent.delete(oldest)
      return
    }
  }

  #addKeys({ at, block }: Stored): void {
    for (const [i, key] of block.keys.entries()) if (key !== undefined) this.keys.add(key, block.base + i, at)
  }

  #isOld({ seq, block }: Stored): boolean {
    const id = this.#recent.get(seq)
    if (id !== undefined) return id === block.id
    for (const oldest of this.#recent.keys()) return seq < oldest
    return false
  }

  #continues(block: Block, tip: Tip): boolean {
    return block.prevId === tip.id && block.epoch === tip.epoch && block.base === tip.top + 1
  }
}
