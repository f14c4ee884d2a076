import type { Delivery, GapReason, Position, Undo } from '@rollcall/core'
import { Broadcast } from '../hub/broadcast.ts'
import type { Log, LogMessage } from '../log/log.ts'

/** What a feed hands on. */
export interface FeedListener {
  /** The next message in the log's order. */
  fed(broadcast: Broadcast): void
  /** Messages are lost for everybody on this node; what follows comes after `position`. */
  lost(reason: GapReason, position: Position): void
}

const RECENT_MESSAGES = 256
const REPAIR_PAGE = 500

/**
 * A topic's log as this node follows it: where it stands, and the newest messages with their frames, so that those who
 * return soon are served without reading the log or encoding again. A hole in what the log feeds is filled by reading.
 */
export class Feed {
  readonly #log: Log
  readonly #topic: string
  readonly #listener: FeedListener
  #position: Position = { epoch: '', offset: 0 }
  #recent: Broadcast[] = []
  #stop: Undo | null = null
  #opening: Promise<void> | null = null
  #early: { message: LogMessage; epoch: string }[] | null = []
  #repairing: Promise<void> | null = null

  constructor(log: Log, topic: string, listener: FeedListener) {
    this.#log = log
    this.#topic = topic
    this.#listener = listener
  }

  /** The last message handed on. */
  get position(): Position {
    return this.#position
  }

  /** Begins to follow. Rejects if the log cannot be followed; may then be tried again. */
  open(): Promise<void> | undefined {
    if (this.#stop) return undefined
    if (this.#opening) return this.#opening
    const following = this.#log.follow(this.#topic, {
      message: (message, epoch) => this.#take(message, epoch),
      reset: (reason, position) => this.#reset(reason, position),
    })
    if (!(following instanceof Promise)) {
      this.#began(following.position, following.stop)
      return undefined
    }
    this.#opening = following.then(
      ({ position, stop }) => {
        this.#opening = null
        this.#began(position, stop)
      },
      (error: unknown) => {
        this.#opening = null
        throw error
      },
    )
    return this.#opening
  }

  #began(position: Position, stop: Undo): void {
    this.#position = position
    this.#stop = stop
    const early = this.#early ?? []
    this.#early = null
    for (const { message, epoch } of early) this.#take(message, epoch)
  }

  #take(message: LogMessage, epoch: string): void {
    if (this.#early) {
      this.#early.push({ message, epoch })
      return
    }
    if (epoch !== this.#position.epoch) this.#reset('epoch_changed', { epoch, offset: message.offset - 1 })
    const next = this.#position.offset + 1
    if (message.offset < next) return
    if (message.offset > next) {
      void this.repair()
      return
    }
    this.#handOn(message, epoch)
  }

  #handOn(message: LogMessage, epoch: string): void {
    this.#position = { epoch, offset: message.offset }
    const broadcast = toBroadcast(this.#topic, message, epoch)
    this.#recent.push(broadcast)
    // Trimmed in blocks: one by one would move the array with each message.
    if (this.#recent.length >= RECENT_MESSAGES * 2) this.#recent = this.#recent.slice(-RECENT_MESSAGES)
    this.#listener.fed(broadcast)
  }

  #reset(reason: GapReason, position: Position): void {
    if (this.#early) return
    this.#position = position
    this.#recent = []
    this.#listener.lost(reason, position)
  }

  /**
   * Compares with the log's end and reads what the feed left out, so that even a loss inside the server is noticed and
   * mended. Called when a hole shows, and now and then. Never rejects.
   */
  async repair(): Promise<void> {
    try {
      await this.reach()
    } catch {
      // The log cannot be read now; the next message or the next check tries again.
    }
  }

  /** The same, for those who wait for it; all who come meanwhile share it. Rejects if the log cannot be read. */
  reach(): Promise<void> {
    this.#repairing ??= this.#reach().finally(() => {
      this.#repairing = null
    })
    return this.#repairing
  }

  async #reach(): Promise<void> {
    const open = () => this.#stop !== null
    if (!open()) return
    const before = this.#position.epoch
    const top = await this.#log.top(this.#topic)
    // What was fed meanwhile knows better.
    if (!open() || this.#position.epoch !== before) return
    if (top.epoch !== before) return this.#reset('epoch_changed', top)
    while (open() && top.epoch === this.#position.epoch && this.#position.offset < top.offset) {
      const from = this.#position.offset
      const page = await this.#log.readAfter(this.#topic, from, REPAIR_PAGE)
      if (page.epoch !== this.#position.epoch) return
      if (page.first > from + 1 && this.#position.offset === from)
        this.#reset('too_old', { epoch: page.epoch, offset: page.first - 1 })
      for (const message of page.messages)
        if (message.offset === this.#position.offset + 1) this.#handOn(message, page.epoch)
      if (page.messages.length === 0) return
    }
  }

  /**
   * Messages after `offset`, oldest first, at most `limit`: from memory where it reaches back far enough, else from the
   * log. `gap` if something in between is gone.
   */
  readAfter(offset: number, limit: number): FeedPage | Promise<FeedPage> {
    const held = this.#held(offset)
    if (held >= 0) return { messages: this.#recent.slice(held, held + limit) }
    const page = this.#log.readAfter(this.#topic, offset, limit)
    return page instanceof Promise ? page.then((read) => this.#toPage(offset, read)) : this.#toPage(offset, page)
  }

  /** The offset before the newest `last` messages, as far as they are kept. */
  async startOfLast(last: number): Promise<number> {
    const top = this.#position.offset
    const wanted = Math.max(0, top - last)
    if (this.#held(wanted) >= 0) return wanted
    const page = await this.#log.readAfter(this.#topic, wanted, 1)
    if (page.epoch !== this.#position.epoch) return this.#position.offset
    // The log may be ahead of its feed, and trimmed beyond where the feed is.
    return Math.min(Math.max(wanted, page.first - 1), this.#position.offset)
  }

  #toPage(
    offset: number,
    { epoch, messages, first }: { epoch: string; messages: readonly LogMessage[]; first: number },
  ): FeedPage {
    if (epoch !== this.#position.epoch) return { gap: 'epoch_changed' }
    if (first > offset + 1) return { gap: 'too_old' }
    return { messages: messages.map((message) => toBroadcast(this.#topic, message, epoch)) }
  }

  // Where in `recent` the message after `offset` stands; -1 if it is not held.
  #held(offset: number): number {
    if (offset === this.#position.offset) return this.#recent.length
    const first = this.#recent[0]?.delivery.position?.offset
    return first === undefined || offset + 1 < first ? -1 : offset + 1 - first
  }

  close(): void {
    this.#stop?.()
    this.#stop = null
    this.#early = []
  }
}

/** A page, or why there is none. */
export type FeedPage = { readonly messages: readonly Broadcast[] } | { readonly gap: GapReason }

function toBroadcast(topic: string, message: LogMessage, epoch: string): Broadcast {
  return new Broadcast(toDelivery(topic, message, epoch), {
    offset: message.offset,
    volatile: false,
    key: null,
    roster: false,
  })
}

/** A kept message as it is delivered. */
export function toDelivery(topic: string, { event, payload, from, at, offset }: LogMessage, epoch: string): Delivery {
  return { topic, event, payload, from, at, position: { epoch, offset } }
}
