import type { NatsConnection } from '@nats-io/transport-node'
import type { Undo } from '@rollcall/core'
import type { LinkSettings } from './options.ts'

/** How often a quiet connection is asked for a sign of life. */
const PROBE_MS = 1000
/** Bytes sent before the server is asked how far it has come. */
const MARK_BYTES = 65_536
/** How long closing waits for what was sent last. */
const FAREWELL_MS = 1000

/**
 * A connection to NATS that comes back for ever, knows whether it is alive, and knows how much the server has not taken
 * yet: the client library would buffer without bound.
 */
export class Link {
  readonly nc: NatsConnection
  readonly #settings: LinkSettings
  readonly #listeners = new Set<(healthy: boolean) => void>()
  #connected = true
  #responsive = true
  #closed = false
  #healthy = true
  #awaySince = 0
  #sent = 0
  #marked = 0
  #confirmed = 0
  #askedAt: number | null = null
  #settling: Promise<void> | null = null
  #nextSettling: Promise<void> | null = null
  #unhealthy: { readonly promise: Promise<void>; readonly resolve: () => void } = signal()
  #undoProbe: Undo = () => {}

  constructor(nc: NatsConnection, settings: LinkSettings) {
    this.nc = nc
    this.#settings = settings
  }

  /** Begins to watch. */
  start(): void {
    this.#watch().catch(this.#settings.report)
    this.#probe()
  }

  /** Whether the server is connected and answers. */
  get healthy(): boolean {
    return this.#healthy
  }

  /** For how long the server has been away, in milliseconds; 0 if it is healthy. */
  get awayMs(): number {
    return this.#healthy ? 0 : this.#settings.clock.now() - this.#awaySince
  }

  /** Hears of every change of `healthy`. */
  onHealth(changed: (healthy: boolean) => void): Undo {
    const listener = (healthy: boolean) => changed(healthy)
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }

  /** Whether `byteLength` more bytes may be sent. Counts them if so. */
  admit(byteLength: number): boolean {
    if (!this.#connected || this.#sent - this.#confirmed + byteLength > this.#settings.maxPendingBytes) return false
    this.#sent += byteLength
    if (this.#sent - this.#marked >= MARK_BYTES) this.#mark()
    return true
  }

  /** Resolves once the server has taken all that was sent before, or is found to be away. Never rejects. */
  settle(): Promise<void> {
    if (!this.#healthy) return Promise.resolve()
    if (!this.#settling) {
      this.#settling = this.#flushed()
      return this.#settling
    }
    // A flush under way may have been sent before; the next one, shared by all who come meanwhile, is sent after.
    this.#nextSettling ??= this.#settling.then(() => {
      this.#nextSettling = null
      this.#settling = this.#flushed()
      return this.#settling
    })
    return this.#nextSettling
  }

  /** Runs `task` once after `ms` milliseconds, unless undone. */
  after(ms: number, task: () => void): Undo {
    return this.#settings.clock.after(ms, task)
  }

  /** Resolves after `ms` milliseconds. */
  wait(ms: number): Promise<void> {
    return new Promise((resolve) => void this.after(ms, resolve))
  }

  /** Resolves after `ms` milliseconds at most, sooner if the server comes back. */
  async waitForHealth(ms: number): Promise<void> {
    if (this.#healthy) return
    await new Promise<void>((resolve) => {
      const done = () => {
        undoTimer()
        undoHealth()
        resolve()
      }
      const undoTimer = this.after(ms, done)
      const undoHealth = this.onHealth((healthy) => healthy && done())
    })
  }

  /** Closes an own connection, after what was sent has had a moment to leave. Idempotent. */
  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    this.#undoProbe()
    if (this.#connected) await Promise.race([this.nc.flush().catch(() => {}), this.wait(FAREWELL_MS)])
    // That it is closed is no news to those who listen for faults.
    this.#listeners.clear()
    this.#judge()
    if (!this.#settings.connection) await this.nc.close().catch(this.#settings.report)
  }

  async #watch(): Promise<void> {
    for await (const status of this.nc.status()) {
      if (status.type === 'error') this.#settings.report(status.error)
      if (status.type === 'disconnect' || status.type === 'close') this.#connected = false
      if (status.type === 'reconnect') {
        this.#connected = true
        this.#responsive = true
        this.#askedAt = null
        // What the old connection had not taken is gone.
        this.#confirmed = this.#sent
      }
      this.#judge()
    }
  }

  #probe(): void {
    if (this.#closed) return
    if (this.#connected) this.#mark()
    const askedAt = this.#askedAt
    this.#responsive = askedAt === null || this.#settings.clock.now() - askedAt < this.#settings.staleMs
    this.#judge()
    this.#undoProbe = this.#settings.clock.after(PROBE_MS, () => this.#probe())
  }

  #mark(): void {
    if (this.#askedAt !== null) return
    const mark = this.#sent
    this.#marked = mark
    this.#askedAt = this.#settings.clock.now()
    this.nc.flush().then(
      () => {
        this.#askedAt = null
        this.#confirmed = Math.max(this.#confirmed, mark)
        this.#responsive = true
        this.#judge()
        if (this.#sent - this.#marked >= MARK_BYTES && this.#connected && !this.#closed) this.#mark()
      },
      () => {
        this.#askedAt = null
      },
    )
  }

  #judge(): void {
    const healthy = this.#connected && this.#responsive && !this.#closed
    if (healthy === this.#healthy) return
    this.#healthy = healthy
    if (healthy) this.#unhealthy = signal()
    else {
      this.#awaySince = this.#settings.clock.now()
      this.#unhealthy.resolve()
    }
    for (const listener of [...this.#listeners]) {
      try {
        listener(healthy)
      } catch (error) {
        this.#settings.report(error)
      }
    }
  }

  async #flushed(): Promise<void> {
    await Promise.race([this.nc.flush().catch(() => {}), this.#unhealthy.promise])
    this.#settling = null
  }
}

function signal(): { readonly promise: Promise<void>; readonly resolve: () => void } {
  let resolve = () => {}
  const promise = new Promise<void>((done) => {
    resolve = done
  })
  return { promise, resolve }
}
