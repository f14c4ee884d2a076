import type { EngineVersion } from './packet.ts'

/** The reason that a session of a silent client ends with. */
export const NO_PONG = 'no pong in time'

export interface HeartbeatOptions {
  readonly pingIntervalMs: number
  readonly pingTimeoutMs: number
}

/**
 * When to ping a client, and when to give it up. In revision 4 the server pings, and only a pong counts as an answer; in
 * revision 3 the client does, and any packet shows that it lives.
 */
export class Heartbeat {
  readonly #version: EngineVersion
  readonly #options: HeartbeatOptions
  #awaited = false
  /** When `lapse` is to be called, at the earliest; it moves. */
  due: number

  constructor(version: EngineVersion, options: HeartbeatOptions, now: number) {
    this.#version = version
    this.#options = options
    this.due = now + options.pingIntervalMs + (version === 3 ? options.pingTimeoutMs : 0)
  }

  /** It is due: a ping is to be written, or the client is dead. */
  lapse(now: number): 'ping' | 'dead' {
    if (this.#version === 3 || this.#awaited) return 'dead'
    this.pinged(now)
    return 'ping'
  }

  /** A ping was written. */
  pinged(now: number): void {
    this.#awaited = true
    this.due = now + this.#options.pingTimeoutMs
  }

  /** Answers whether the pong answers a ping. */
  ponged(now: number): boolean {
    if (!this.#awaited) return false
    this.#awaited = false
    this.due = now + this.#options.pingIntervalMs
    return true
  }

  /** Anything was heard. */
  heard(now: number): void {
    if (this.#version === 3) this.due = now + this.#options.pingIntervalMs + this.#options.pingTimeoutMs
  }
}
