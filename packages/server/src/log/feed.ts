import type { Undo } from '@rollcall/core'
import type { LogListener, LogMessage } from './log.ts'

interface Follower {
  readonly listener: LogListener
  readonly after: number
}

/**
 * The followers of one topic, for who writes a `Log`. Each hears every message once and in order, although listeners may
 * append, follow and stop while they are fed, and may throw.
 */
export class LogFeed {
  private readonly report: (error: unknown) => void
  private readonly followers: Set<Follower> = new Set()
  /** What waits while followers are being fed: a listener may append. Null when nobody is. */
  private waiting: LogMessage[] | null = null

  /** `report` hears of what a listener threw. */
  constructor(report: (error: unknown) => void) {
    this.report = report
  }

  get size(): number {
    return this.followers.size
  }

  /** Feeds `listener` what is above offset `after`. */
  add(listener: LogListener, after: number): Undo {
    const follower: Follower = { listener, after }
    this.followers.add(follower)
    return () => {
      this.followers.delete(follower)
    }
  }

  /** Feeds the next accepted message. Must be called in the order of offsets. */
  push(message: LogMessage, epoch: string): void {
    if (this.followers.size === 0) return
    if (this.waiting) {
      this.waiting.push(message)
      return
    }
    this.waiting = []
    for (let next: LogMessage | undefined = message; next; next = this.waiting.shift()) {
      for (const follower of this.followers) {
        if (next.offset <= follower.after) continue
        try {
          follower.listener.message(next, epoch)
        } catch (error) {
          this.reportSafely(error)
        }
      }
    }
    this.waiting = null
  }

  private reportSafely(error: unknown): void {
    try {
      this.report(error)
    } catch {
      // Nobody is left to tell it to, and the other followers wait.
    }
  }
}
