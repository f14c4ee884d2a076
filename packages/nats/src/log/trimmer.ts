import { standing } from './chain.ts'
import type { Reader } from './reader.ts'
import type { Topic } from './topic.ts'

/** Trimming is asked for when so many messages, or this share of those kept, have come. */
const MIN_STEP = 64
const STEP_SHARE = 8
/** Beyond so many messages too many, keys of the window are no reason to keep them. */
const MAX_SURPLUS = 4096

/**
 * Removes from the stream what a topic does not keep any more. A message goes only when it is older than the idempotency
 * window, so that its key is found by a node that starts; unless too many of such wait.
 */
export class Trimmer {
  readonly #topic: Topic
  readonly #reader: Reader
  #running = false

  constructor(topic: Topic, reader: Reader) {
    this.#topic = topic
    this.#reader = reader
  }

  /** The messages from `base` to `top` were appended by this node. */
  appended(base: number, top: number): void {
    const messages = this.#topic.replica.tip?.retention?.messages ?? 0
    const step = Math.max(MIN_STEP, Math.ceil(messages / STEP_SHARE))
    // Among all nodes, one appends the message that fills a step.
    if (Math.floor((base - 1) / step) === Math.floor(top / step) || this.#running) return
    this.#running = true
    this.#trim()
      .catch(this.#topic.parts.settings.report)
      .finally(() => {
        this.#running = false
      })
  }

  async #trim(): Promise<void> {
    const { name, replica, parts } = this.#topic
    const { stream, settings } = parts
    const { tip } = replica
    if (!tip) return
    const floor = await this.#reader.floor(tip)
    let below = floor?.seq ?? tip.seq
    const oldest = await stream.firstFrom(name, 1)
    if (!oldest || oldest.seq >= below) return
    const surplus = (floor?.offset ?? tip.top) - oldest.block.base
    if (surplus < MAX_SURPLUS) {
      const from = settings.clock.now() - settings.idempotencyWindowMs
      if (oldest.at >= from) return
      const [young] = await stream.range(name, { at: from }, { limit: 1, until: tip.seq })
      // Never a block that is void: it would stand first, and be taken for one of the log.
      if (young) below = Math.min(below, (await standing(stream, name, young)).seq)
    }
    if (oldest.seq < below) await stream.trim(name, below)
  }
}
