import type { Accuse } from './anomaly.ts'
import type { Story } from './story.ts'

/** What a check needs to know of the system. */
export interface CheckOptions {
  /**
   * On channels without history: a message must have reached a membership that leaves so long after it was accepted, in
   * milliseconds. Default 1,000.
   */
  readonly deliveryMs?: number
  /** How long after a user was barred messages may still reach it, in milliseconds. Default 0. */
  readonly barredMs?: number
  /** How many messages of a topic the log must keep, however old; undefined: not checked. Default: not checked. */
  readonly keeps?: (topic: string) => number | undefined
}

/** One promise, checked over a whole history in O(n log n) or less. */
export interface Rule {
  readonly name: string
  /** The sentence that it checks. */
  readonly promise: string
  check(story: Story, accuse: Accuse, options: Required<CheckOptions>): void
}
