import { type Clock, CloseCode, type GapReason } from '@rollcall/core'
import type { Topic } from '../hub/topic.ts'
import type { SlowCounters, TrafficCounters } from '../hub/turn.ts'
import type { Feed } from './feed.ts'
import type { Recipient } from './recipient.ts'

/** How a membership that is behind is fed. */
export interface CatchUpOptions {
  /** Messages read at once. Default 100. */
  readonly pageMessages: number
  /** No more is read while more bytes than this wait in the outbox. Default 256 KiB, at most a quarter of its limit. */
  readonly maxBufferedBytes: number
}

/**
 * Feeds memberships that are behind from the log, page by page as their connections drain, until they have everything that
 * the hub has handed on; at that very moment they go live. New members that ask for the past, returning ones and slow ones
 * are the same case. Nothing has to be buffered meanwhile: what is published in between is in the log.
 */
export class CatchUp {
  readonly #clock: Clock
  readonly #feed: Feed
  readonly #topic: Topic
  readonly #options: CatchUpOptions
  readonly #counters: SlowCounters & TrafficCounters
  readonly #live: (membership: Recipient) => void
  // Those being fed now, and those that wait for their connection to drain.
  readonly #running = new Set<Recipient>()

  constructor(
    clock: Clock,
    feed: Feed,
    topic: Topic,
    options: CatchUpOptions,
    counters: SlowCounters & TrafficCounters,
    live: (membership: Recipient) => void,
  ) {
    this.#clock = clock
    this.#feed = feed
    this.#topic = topic
    this.#options = options
    this.#counters = counters
    this.#live = live
  }

  /** Feeds the membership from behind its cursor. */
  start(membership: Recipient): void {
    membership.feeding = 'behind'
    this.#go(membership)
  }

  /** The membership's connection has drained. */
  drained(membership: Recipient): void {
    if (membership.feeding === 'behind') this.#go(membership)
  }

  #go(membership: Recipient): void {
    if (this.#running.has(membership)) return
    while (membership.feeding === 'behind') {
      if (membership.cursor === this.#feed.position.offset) {
        this.#arrive(membership)
        return
      }
      if (membership.outbox.bufferedBytes > this.#options.maxBufferedBytes) return
      if (!this.#hasRoom(membership)) {
        this.#goLater(membership)
        return
      }
      const page = this.#feed.readAfter(membership.cursor, this.#options.pageMessages)
      if (page instanceof Promise) {
        this.#running.add(membership)
        page.then(
          (read) => {
            this.#running.delete(membership)
            if (membership.feeding === 'behind') {
              this.#push(membership, read)
              this.#go(membership)
            }
          },
          () => {
            this.#running.delete(membership)
            this.#unreadable(membership)
          },
        )
        return
      }
      this.#push(membership, page)
      if (membership.feeding === 'behind' && membership.cursor !== this.#feed.position.offset) {
        this.#goLater(membership)
        return
      }
    }
  }

  // What waits for the end of the turn counts, too: all topics of a connection catch up through one outbox.
  #hasRoom({ outbox }: Recipient): boolean {
    return outbox.waitingBytes <= this.#options.maxBufferedBytes
  }

  #goLater(membership: Recipient): void {
    this.#running.add(membership)
    this.#clock.soon(() => {
      this.#running.delete(membership)
      this.#go(membership)
    })
  }

  #push(membership: Recipient, page: Awaited<ReturnType<Feed['readAfter']>>): void {
    if ('gap' in page) {
      this.gap(membership, page.gap)
      return
    }
    for (const broadcast of page.messages) {
      const offset = broadcast.delivery.position?.offset ?? 0
      // The log may be ahead of its feed: beyond what the hub has handed on there would be no place to go live at.
      if (offset > this.#feed.position.offset) return
      if (offset !== membership.cursor + 1) {
        this.gap(membership, 'too_old')
        return
      }
      // A page of large messages is taken in part: the outbox would call the connection slow for what it never asked for.
      if (!this.#hasRoom(membership)) return
      membership.outbox.push(broadcast.frame(membership.variant))
      this.#counters.deliveries++
      membership.cursor = offset
    }
    // Nothing read although something is there: the log was trimmed to nothing behind the cursor.
    if (page.messages.length === 0 && membership.cursor < this.#feed.position.offset) this.gap(membership, 'too_old')
  }

  /** Tells the membership that messages are lost to it, and sets it at the feed's end. */
  gap(membership: Recipient, reason: GapReason): void {
    const { position } = this.#feed
    membership.cursor = position.offset
    membership.peer.notify({ kind: 'gap', alias: membership.alias, reason, position })
  }

  #arrive(membership: Recipient): void {
    membership.feeding = 'live'
    this.#topic.subscribe(membership, membership.variant)
    this.#counters.caughtUp++
    this.#live(membership)
  }

  // The client keeps its position; after coming back it asks again.
  #unreadable(membership: Recipient): void {
    if (membership.feeding !== 'behind') return
    membership.peer.close(CloseCode.insufficientState, 'the log cannot be read now')
  }
}
