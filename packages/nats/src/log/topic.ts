import { JetStreamApiCodes } from '@nats-io/jetstream'
import type { GapReason, Position, Undo } from '@rollcall/core'
import { type Following, type LogListener, LogUnavailable } from 'rollcall/log'
import type { Link } from '../link.ts'
import { type Block, type BlockHead, bytesAfter, encodeBlock, ownBlock, type Stored, topOf } from './block.ts'
import { closedError, type LogSettings } from './options.ts'
import { Replica, type Tip } from './replica.ts'
import { codeOf, type Stream } from './stream.ts'

/** What all topics of a log share. */
export interface LogParts {
  readonly link: Link
  readonly stream: Stream
  readonly settings: LogSettings
  closed(): boolean
}

/** Between two attempts at something that JetStream did not do. */
const RETRY_MS = 100
const LOOK_AGAIN_MS = 1000
const PAGE_BLOCKS = 256
const ID_BYTES = 6

/** A listener, and what it is still to hear once its `follow` has resolved. */
interface Follower {
  readonly listener: LogListener
  held: ((listener: LogListener) => void)[] | null
}

/**
 * A topic of the log as this node takes part in it: keeps its replica at the end of the stream, and feeds the followers
 * from it. Whatever brings a block, the stream's feed, an own append or a read, goes through the replica.
 */
export class Topic {
  readonly name: string
  readonly parts: LogParts
  readonly replica: Replica
  /** How often the log could not be continued without a hole. */
  resets = 0
  /** Hears of every block that continues the log. */
  onBlock: (stored: Stored) => void = () => {}
  usedAt: number
  readonly #followers = new Set<Follower>()
  #stopFeed: Undo | null = null
  #stale = false
  #syncing: Promise<void> | null = null
  #nextSync: Promise<void> | null = null

  constructor(name: string, parts: LogParts) {
    this.name = name
    this.parts = parts
    this.usedAt = parts.settings.clock.now()
    this.replica = new Replica(parts.settings.idempotencyWindowMs, {
      applied: (stored) => this.#applied(stored),
      reset: (reason, position) => this.#reset(reason, position),
    })
  }

  get followed(): boolean {
    return this.#followers.size > 0
  }

  /** The connection was lost: what the replica says is to be compared before it is used. */
  markStale(): void {
    this.#stale = true
  }

  async follow(listener: LogListener): Promise<Following> {
    const follower: Follower = { listener, held: [] }
    this.#followers.add(follower)
    try {
      this.#stopFeed ??= this.#feed()
      await this.parts.link.settle()
      await this.sync()
      const { epoch, top } = this.#known()
      // What was applied up to now lies before the position.
      follower.held = []
      this.parts.settings.clock.soon(() => this.#release(follower))
      if (this.parts.link.nc.info?.cluster !== undefined) this.#lookAgain()
      return { position: { epoch, offset: top }, stop: () => this.#unfollow(follower) }
    } catch (error) {
      this.#unfollow(follower)
      throw error
    }
  }

  /** Follows the stream anew, after it has become another one. */
  refeed(): void {
    this.#stale = true
    if (!this.#stopFeed) return
    this.#stopFeed()
    this.#stopFeed = this.#feed()
  }

  /**
   * Brings the replica to where the log ends now; a topic without a log gets one.
   * @throws LogUnavailable if the stream cannot be read within `patienceMs`.
   */
  sync(): Promise<void> {
    if (!this.#syncing) {
      this.#syncing = this.#syncOnce().finally(() => {
        this.#syncing = null
      })
      return this.#syncing
    }
    // The one under way may have read before: the next one, shared by all who come meanwhile, reads after.
    this.#nextSync ??= this.#syncing
      .catch(() => {})
      .then(() => {
        this.#nextSync = null
        return this.sync()
      })
    return this.#nextSync
  }

  /** The end of the log as far as the feed brought it; asks the stream where there is no feed. */
  async end(): Promise<Tip> {
    if (!this.#stopFeed || this.#stale || !this.replica.tip) await this.sync()
    return this.#known()
  }

  /** The end of the log as this node saw it last: good enough to append, as the stream checks it. */
  async lastSeen(): Promise<Tip> {
    if (this.#stale || !this.replica.tip) await this.sync()
    return this.#known()
  }

  /** Stores a block without messages, so that the log of a topic that is followed is not forgotten. */
  async touch(): Promise<void> {
    const { seq, id, epoch, top, bytes, retention } = await this.end()
    await this.#write({ prev: seq, prevId: id, epoch, base: top + 1, bytesBefore: bytes, retention })
  }

  /** Remembers the keys of the window, so that what was accepted through other nodes is known. */
  async loadKeys(): Promise<void> {
    const { replica, name, parts } = this
    const from = parts.settings.clock.now() - parts.settings.idempotencyWindowMs
    const end = this.#known()
    const earlier: { key: string; offset: number; at: number }[] = []
    let next: { readonly seq: number } | { readonly at: number } = { at: from }
    let read = end.at < from ? end.seq : 0
    while (read < end.seq) {
      const page = await parts.stream.range(name, next, { limit: PAGE_BLOCKS, until: end.seq })
      const last = page.at(-1)
      if (!last) throw new LogUnavailable(`The log of "${name}" is not at hand up to its end`)
      for (const { at, block } of page)
        for (const [i, key] of block.keys.entries())
          if (key !== undefined) earlier.push({ key, offset: block.base + i, at })
      read = last.seq
      next = { seq: read + 1 }
    }
    replica.keys.addBefore(earlier)
    replica.keysComplete = true
  }

  newId(): string {
    return this.parts.settings.random.token(ID_BYTES)
  }

  close(): void {
    this.#followers.clear()
    this.#stopFeed?.()
    this.#stopFeed = null
  }

  #known(): Tip {
    const { tip } = this.replica
    if (!tip) throw new LogUnavailable(`The log of "${this.name}" is not known yet`)
    return tip
  }

  // Servers of a cluster tell one another of an interest after they have told this node that it is known.
  #lookAgain(): void {
    this.parts.link.after(LOOK_AGAIN_MS, () => {
      if (this.followed && !this.parts.closed()) this.sync().catch(this.parts.settings.report)
    })
  }

  #feed(): Undo {
    return this.parts.stream.follow(this.name, (stored) => {
      const verdict = this.replica.offer(stored)
      if (verdict === 'gap' || verdict === 'doubtful') this.sync().catch(this.parts.settings.report)
    })
  }

  async #syncOnce(): Promise<void> {
    const { link, settings } = this.parts
    const deadline = settings.clock.now() + settings.patienceMs
    for (;;) {
      if (this.parts.closed()) throw closedError()
      if (link.awayMs > settings.patienceMs) throw new LogUnavailable('NATS is away')
      let cause: unknown
      try {
        if (link.healthy) {
          // Not yet: the log moved meanwhile, so look again at once.
          if (!(await this.#compare())) continue
          this.#stale = false
          return
        }
      } catch (error) {
        cause = error
        if (codeOf(error) === JetStreamApiCodes.StreamNotFound) await this.parts.stream.ensure().catch(settings.report)
      }
      const leftMs = deadline - settings.clock.now()
      if (leftMs <= 0) throw new LogUnavailable(`The log of "${this.name}" cannot be reached`, { cause })
      if (link.healthy) await link.wait(Math.min(RETRY_MS, leftMs))
      else await link.waitForHealth(leftMs)
    }
  }

  // Answers whether the replica stands at the end of the log, as it was when this was called.
  async #compare(): Promise<boolean> {
    const before = this.replica.tip
    const last = await this.parts.stream.last(this.name)
    const tip = this.replica.tip
    if (!last) {
      return tip === before && this.#write(this.#firstHead())
    }
    if (!tip) {
      this.replica.begin(last)
      return true
    }
    if (last.seq > tip.seq) return this.#catchUp(last)
    // An append that ended while this was reading.
    if (before !== tip) return tip.seq > last.seq || this.replica.knows(last.seq, last.block.id)
    if (last.seq === tip.seq && last.block.id === tip.id) return true
    if (last.block.epoch !== tip.epoch) {
      this.replica.adopt(last)
      return true
    }
    // The stream lost what this node has seen, and would give its positions again.
    return this.#write(this.#nextHead(last), 'beyond_end')
  }

  async #catchUp(last: Stored): Promise<boolean> {
    for (;;) {
      const from = (this.replica.tip?.seq ?? 0) + 1
      if (from > last.seq) return true
      const found = await this.parts.stream.range(this.name, { seq: from }, { limit: PAGE_BLOCKS, until: last.seq })
      if (found.length === 0) throw new LogUnavailable(`The log of "${this.name}" is not at hand up to its end`)
      for (const stored of found) {
        const { tip } = this.replica
        // What ended meanwhile came by another way.
        if (!tip || stored.seq <= tip.seq || this.replica.offer(stored) === 'applied') continue
        // This is the first block behind the replica's end, so what it names as its predecessor is gone.
        if (stored.block.epoch === tip.epoch && stored.block.base <= tip.top)
          return this.#write(this.#nextHead(last), 'beyond_end')
        this.replica.adopt(stored)
      }
    }
  }

  #firstHead(): Omit<BlockHead, 'id'> {
    return { prev: 0, prevId: '', epoch: this.newId(), base: 1, bytesBefore: 0, retention: null }
  }

  // Of a new epoch, so that no position is given twice.
  #nextHead({ seq, block }: Stored): Omit<BlockHead, 'id'> {
    const { id, retention } = block
    const base = topOf(block) + 1
    return { prev: seq, prevId: id, epoch: this.newId(), base, bytesBefore: bytesAfter(block), retention }
  }

  // Stores a block without messages. Answers whether it was stored: another node may be faster.
  async #write(fields: Omit<BlockHead, 'id'>, reason?: GapReason): Promise<boolean> {
    const head: BlockHead = { ...fields, id: this.newId() }
    const outcome = await this.parts.stream.store(this.name, head.prev, encodeBlock(head, []))
    if (outcome.kind === 'refused' || outcome.kind === 'unknown')
      throw new LogUnavailable(`The log of "${this.name}" cannot be written`, { cause: outcome.cause })
    if (outcome.kind === 'overtaken') return false
    this.#take({ seq: outcome.seq, at: this.#now(), block: ownBlock(head, []) }, reason)
    return true
  }

  #take(stored: Stored, reason: GapReason | undefined): void {
    const { tip } = this.replica
    if (!tip) this.replica.begin(stored)
    else if (stored.seq > tip.seq || reason) {
      if (this.replica.offer(stored) !== 'applied') this.replica.adopt(stored, reason)
    } else if (!this.replica.knows(stored.seq, stored.block.id)) this.replica.adopt(stored)
  }

  #now(): number {
    return this.parts.settings.clock.now()
  }

  #applied(stored: Stored): void {
    this.onBlock(stored)
    const { block } = stored
    if (block.messages.length > 0) this.#tell((listener) => tellMessages(listener, block, this.parts.settings.report))
  }

  #reset(reason: GapReason, position: Position): void {
    this.resets++
    this.#tell((listener) => listener.reset(reason, position))
  }

  #tell(word: (listener: LogListener) => void): void {
    for (const follower of this.#followers) {
      if (follower.held) follower.held.push(word)
      else this.#speak(follower, word)
    }
  }

  #speak(follower: Follower, word: (listener: LogListener) => void): void {
    try {
      word(follower.listener)
    } catch (error) {
      this.parts.settings.report(error)
    }
  }

  #release(follower: Follower): void {
    const held = follower.held ?? []
    follower.held = null
    for (const word of held) if (this.#followers.has(follower)) this.#speak(follower, word)
  }

  #unfollow(follower: Follower): void {
    if (!this.#followers.delete(follower) || this.#followers.size > 0) return
    this.usedAt = this.#now()
    this.#stopFeed?.()
    this.#stopFeed = null
  }
}

function tellMessages(listener: LogListener, block: Block, report: (error: unknown) => void): void {
  for (const message of block.messages) {
    try {
      listener.message(message, block.epoch)
    } catch (error) {
      report(error)
    }
  }
}
