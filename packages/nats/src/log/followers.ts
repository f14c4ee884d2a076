import type { Clock, GapReason, Position } from '@rollcall/core'
import type { LogListener } from 'rollcall/log'
import type { Block } from './block.ts'

/** A listener, and what it is still to hear once its `follow` has resolved. */
export interface Follower {
  readonly listener: LogListener
  held: ((listener: LogListener) => void)[] | null
}

/** Those who follow a topic on this node. What one of them throws is reported, and harms nobody. */
export class Followers {
  readonly #clock: Clock
  readonly #report: (error: unknown) => void
  readonly #followers = new Set<Follower>()

  constructor(clock: Clock, report: (error: unknown) => void) {
    this.#clock = clock
    this.#report = report
  }

  get size(): number {
    return this.#followers.size
  }

  /** Adds a listener that hears nothing before `begin`. */
  add(listener: LogListener): Follower {
    const follower: Follower = { listener, held: [] }
    this.#followers.add(follower)
    return follower
  }

  /** What comes from now on is for the follower, once those have gone on who wait for its `follow`. */
  begin(follower: Follower): void {
    follower.held = []
    this.#clock.soon(() => {
      const held = follower.held ?? []
      follower.held = null
      for (const word of held) if (this.#followers.has(follower)) this.#speak(follower, word)
    })
  }

  /** Answers whether it was there. */
  remove(follower: Follower): boolean {
    return this.#followers.delete(follower)
  }

  clear(): void {
    this.#followers.clear()
  }

  /** The messages of the next block. */
  tell(block: Block): void {
    for (const message of block.messages) this.#tellAll((listener) => listener.message(message, block.epoch))
  }

  reset(reason: GapReason, position: Position): void {
    this.#tellAll((listener) => listener.reset(reason, position))
  }

  #tellAll(word: (listener: LogListener) => void): void {
    for (const follower of this.#followers) {
      if (follower.held) follower.held.push(word)
      else this.#speak(follower, word)
    }
  }

  #speak({ listener }: Follower, word: (listener: LogListener) => void): void {
    try {
      word(listener)
    } catch (error) {
      this.#report(error)
    }
  }
}
