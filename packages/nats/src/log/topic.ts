import type { GapReason, Position, Undo } from '@rollcall/core'
import { type Following, type LogListener, LogUnavailable } from 'rollcall/log'
import { type BlockHead, bytesAfter, encodeBlock, ownBlock, type Stored, topOf } from './block.ts'
import { endOf, placeOf } from './chain.ts'
import { type Follower, Followers } from './followers.ts'
import type { LogParts } from './parts.ts'
import { again, patiently } from './patience.ts'
import { Replica, type Tip, type Verdict } from './replica.ts'

const LOOK_AGAIN_MS = 1000
const PAGE_BLOCKS = 256
/** For how long a replicated stream must contradict before it is believed. */
const CONFIRM_MS = 1500
const ID_BYTES = 6

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
  readonly #followers: Followers
  #stopFeed: Undo | null = null
  #stale = false
  /** The stream has what contradicts the replica, which one of them is right is to be found out. */
  #contested = false
  #suspectedAt: number | undefined
  #syncing: Promise<void> | null = null
  #nextSync: Promise<void> | null = null

  constructor(name: string, parts: LogParts) {
    this.name = name
    this.parts = parts
    this.usedAt = parts.settings.clock.now()
    this.#followers = new Followers(parts.settings.clock, parts.settings.report)
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
    const follower = this.#followers.add(listener)
    try {
      this.#stopFeed ??= this.#feed()
      await this.parts.link.settle()
      await this.sync()
      const { epoch, top } = this.#known()
      this.#followers.begin(follower)
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
    const head = { prev: seq, prevId: id, epoch, base: top + 1, bytesBefore: bytes, retention }
    if (!(await this.#write(head, this.replica.last.seq))) await this.sync()
  }

  /** Remembers the keys of the window, so that what was accepted through other nodes is known. */
  loadKeys(): Promise<void> {
    const { replica, name, parts } = this
    return patiently(parts, `The log of "${name}" cannot be read`, async () => {
      const from = this.#now() - parts.settings.idempotencyWindowMs
      const end = this.#known()
      const found: Stored[] = []
      let next: { readonly seq: number } | { readonly at: number } = { at: from }
      for (let read = end.at < from ? end.seq : 0; read < end.seq; ) {
        const page = await parts.stream.range(name, next, { limit: PAGE_BLOCKS, until: end.seq })
        const last = page.at(-1)
        if (!last) throw this.#notAtHand()
        found.push(...page)
        read = last.seq
        next = { seq: read + 1 }
      }
      replica.keys.addBefore(keysOf(found, end))
      replica.keysComplete = true
    })
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
    return this.parts.stream.follow(this.name, (stored, after) => {
      const verdict = this.#take(stored, after)
      if (verdict === 'gap' || verdict === 'void') this.sync().catch(this.parts.settings.report)
    })
  }

  async #syncOnce(): Promise<void> {
    await patiently(this.parts, `The log of "${this.name}" cannot be reached`, async () => {
      if (!(await this.#compare())) return again
      this.#stale = false
      this.#suspectedAt = undefined
      return undefined
    })
  }

  // Answers whether the replica stands at the end of the log, as it was when this was called.
  async #compare(): Promise<boolean> {
    const { stream } = this.parts
    const before = this.replica.last
    const last = await stream.last(this.name)
    const { tip } = this.replica
    if (!last) {
      if (this.replica.last !== before) return false
      if (tip && !this.#isSure()) throw this.#notAtHand()
      return this.#write(this.#firstHead(), 0)
    }
    if (!tip) {
      const end = await endOf(stream, this.name, last)
      if (!this.replica.tip) this.replica.begin(end, placeOf(last))
      return true
    }
    const known = this.replica.last
    if (last.seq > known.seq) await this.#catchUp(last)
    else if (last.seq === known.seq ? last.block.id !== known.id : last.seq < before.seq) this.#contested = true
    return !this.#contested || this.#settle(last)
  }

  // Takes in what the stream has up to `last`.
  async #catchUp(last: Stored): Promise<void> {
    for (;;) {
      let after = this.replica.last.seq
      if (after >= last.seq) return
      const found = await this.parts.stream.range(
        this.name,
        { seq: after + 1 },
        { limit: PAGE_BLOCKS, until: last.seq },
      )
      if (found.length === 0) throw this.#notAtHand()
      for (const stored of found) {
        this.#take(stored, after)
        after = stored.seq
      }
    }
  }

  // The stream has what contradicts this node. Answers whether that is settled; else the log has to be looked at again.
  async #settle(last: Stored): Promise<boolean> {
    const { stream } = this.parts
    const tip = this.#known()
    const found = await stream.firstFrom(this.name, tip.seq)
    if (this.replica.tip !== tip) return false
    if (found?.block.id === tip.id) {
      // Void blocks came, or went; the log is the same.
      if (this.replica.last.seq > last.seq && tip.seq <= last.seq) this.replica.rewind(placeOf(last))
      this.#contested = false
      return true
    }
    if (!this.#isSure()) throw this.#notAtHand()
    const end = await endOf(stream, this.name, last)
    if (this.replica.tip !== tip) return false
    const trimmed = found !== null && found.block.base > tip.top + 1
    if (end.block.epoch !== tip.epoch || trimmed) {
      this.replica.adopt(end, placeOf(last))
      this.#contested = false
      return true
    }
    // The stream lost what this node has seen, and would give its positions again: they become those of another epoch.
    await this.#write(this.#nextHead(end), last.seq)
    return false
  }

  // A replicated stream may for a moment be asked at a server that has not all of it.
  #isSure(): boolean {
    if (!this.parts.stream.replicated) return true
    this.#suspectedAt ??= this.#now()
    return this.#now() - this.#suspectedAt >= CONFIRM_MS
  }

  #notAtHand(): LogUnavailable {
    return new LogUnavailable(`The log of "${this.name}" is not at hand up to its end`)
  }

  #take(stored: Stored, after: number): Verdict {
    const verdict = this.replica.offer(stored, after)
    // Either two were stored for one place, or the chain that this node knows is gone.
    if (verdict === 'void') this.#contested = true
    return verdict
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

  // Stores a block without messages. Answers whether the replica stands behind it now; else the log has to be looked at.
  async #write(fields: Omit<BlockHead, 'id'>, expected: number): Promise<boolean> {
    const { stream } = this.parts
    const head: BlockHead = { ...fields, id: this.newId() }
    const outcome = await stream.store(this.name, expected, encodeBlock(head, []))
    if (outcome.kind === 'refused' || outcome.kind === 'unknown')
      throw new LogUnavailable(`The log of "${this.name}" cannot be written`, { cause: outcome.cause })
    if (outcome.kind === 'overtaken' || stream.replicated) return false
    const stored = { seq: outcome.seq, at: this.#now(), block: ownBlock(head, []) }
    if (this.replica.tip) return this.#take(stored, expected) === 'applied'
    this.replica.begin(stored, placeOf(stored))
    return true
  }

  #now(): number {
    return this.parts.settings.clock.now()
  }

  #applied(stored: Stored): void {
    this.onBlock(stored)
    this.#followers.tell(stored.block)
  }

  #reset(reason: GapReason, position: Position): void {
    this.resets++
    this.#followers.reset(reason, position)
  }

  #unfollow(follower: Follower): void {
    if (!this.#followers.remove(follower) || this.followed) return
    this.usedAt = this.#now()
    this.#stopFeed?.()
    this.#stopFeed = null
  }
}

// The keys in those blocks that lead to `end`, oldest first.
function keysOf(blocks: readonly Stored[], end: Tip): { key: string; offset: number; at: number }[] {
  const chain: Stored[] = []
  let wanted: { readonly seq: number; readonly id: string } = end
  for (const stored of blocks.toReversed()) {
    if (stored.seq !== wanted.seq || stored.block.id !== wanted.id) continue
    chain.push(stored)
    wanted = { seq: stored.block.prev, id: stored.block.prevId }
  }
  return chain
    .reverse()
    .flatMap(({ at, block }) =>
      block.keys.flatMap((key, i) => (key === undefined ? [] : [{ key, offset: block.base + i, at }])),
    )
}
