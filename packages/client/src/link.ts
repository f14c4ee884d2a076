import {
  backoffMs,
  type ClientEffect,
  type Payload,
  type RollcallClientSession,
  reactionTo,
  SUBPROTOCOL,
  type Undo,
} from '@rollcall/core'
import { onWake } from './ambient.ts'
import { Listeners } from './listeners.ts'
import type { ClientOptions } from './options.ts'
import type { ConnectionState } from './state.ts'
import type { WebSocketLike } from './web-socket.ts'

// Of core's close codes. By name they would bring all of them into a page.
const NORMAL = 1000
const SILENT = 4000
const IDLE = 4401
const UNAUTHORIZED = 4402
const KICKED = 4403

/** A connection open for this long was a success: the next loss begins with the shortest wait again. */
const STEADY_MS = 5_000
const TICK_MS = 1_000
const LOST = 'the connection was lost'
/** How long the goodbye may take. */
const GOODBYE_MS = 2_000

/** Keeps a session on a socket: opens it, opens it again, and carries out what the session wants. */
export class Link {
  readonly changed: Listeners<[ConnectionState]> = new Listeners()
  state: ConnectionState = { kind: 'connecting', attempt: 0 }
  readonly #url: string
  readonly #options: ClientOptions
  readonly #session: RollcallClientSession
  readonly #tell: (effect: ClientEffect) => void
  readonly #effects: ClientEffect[] = []
  #running = false
  #socket: WebSocketLike | null = null
  /** Aborted when the attempt or the connection that it stands for is over. */
  #controller: AbortController | null = null
  #attempt = 0
  #openedAt = Infinity
  /** The server's word on when to come back. */
  #hint: (ClientEffect & { readonly kind: 'closing' }) | null = null
  /** The end of the attempt's patience, or of the wait before the next. */
  #timer: Undo | null = null
  #ticker: Undo | null = null
  #sleep: Undo | null = null
  #closed: Promise<void> | null = null

  constructor(
    url: string,
    options: ClientOptions,
    session: RollcallClientSession,
    tell: (effect: ClientEffect) => void,
  ) {
    this.#url = url
    this.#options = options
    this.#session = session
    this.#tell = tell
  }

  /** There is something to connect for: ends a wait that has no end of its own. */
  need(): void {
    if (this.state.kind === 'waiting' && this.state.nextAttemptMs === Infinity) this.wake()
  }

  get now(): number {
    return this.#options.clock.now()
  }

  start(): void {
    this.#sleep = onWake(() => this.wake())
    this.#tick()
    this.#connect()
  }

  /** Carries out effects, and what follows from them, in order: a listener that asks for more waits for the rest. */
  run(effects: readonly ClientEffect[]): void {
    this.#effects.push(...effects)
    if (this.#running) return
    this.#running = true
    try {
      for (let effect = this.#effects.shift(); effect; effect = this.#effects.shift()) this.#carryOut(effect)
    } finally {
      this.#running = false
    }
  }

  #carryOut(effect: ClientEffect): void {
    const { kind } = effect
    if (kind === 'write') this.#socket?.send(effect.payload as string | Uint8Array<ArrayBuffer>)
    else if (kind === 'close') this.#lose(LOST, effect.code, true)
    else if (kind === 'closing') this.#hint = effect
    else this.#tell(effect)
    if (kind !== 'welcomed') return
    this.#timer?.()
    this.#openedAt = this.now
    this.#enter({ kind: 'open' })
  }

  #enter(state: ConnectionState): void {
    this.state = state
    this.changed.call(state)
  }

  #tick(): void {
    this.#ticker = this.#options.clock.after(TICK_MS, () => {
      this.#tick()
      this.run(this.#session.tick(this.now))
    })
  }

  #connect(): void {
    const { clock, openTimeoutMs } = this.#options
    const controller = new AbortController()
    const { signal } = controller
    const fail = (reason: string) => {
      if (!signal.aborted) this.#lose(reason, null, true)
    }
    this.#controller = controller
    this.#timer = clock.after(openTimeoutMs, () => fail('no welcome in time'))
    this.#enter({ kind: 'connecting', attempt: this.#attempt })
    this.#open(signal).catch((error) => fail(String(error?.message ?? error)))
  }

  async #open(signal: AbortSignal): Promise<void> {
    const { credentials, webSocket } = this.#options
    const shown = await credentials(signal)
    // Throws here, where it is heard of, if JSON cannot carry them.
    JSON.stringify(shown)
    if (signal.aborted) return
    const socket = await webSocket(this.#url, [SUBPROTOCOL])
    // The close event that follows says more.
    socket.onerror = () => {}
    if (signal.aborted) {
      socket.close()
      return
    }
    this.#socket = socket
    socket.binaryType = 'arraybuffer'
    socket.onopen = () => this.run(this.#session.open(shown, this.now))
    socket.onmessage = ({ data }: { data: string | ArrayBuffer }) => {
      const payload: Payload = typeof data === 'string' ? data : new Uint8Array(data)
      this.run(this.#session.receive(payload, this.now))
    }
    socket.onclose = ({ code, reason }: { code: number; reason: string }) => this.#lose(reason || LOST, code, false)
  }

  /** Lets the socket go, without waiting for its close: on a dead network that takes minutes. */
  #drop(code?: number, reason?: string): WebSocketLike | null {
    const socket = this.#socket
    this.#socket = null
    this.#timer?.()
    this.#controller?.abort()
    if (socket) {
      socket.onopen = socket.onmessage = socket.onclose = null
      socket.close(code, reason)
    }
    return socket
  }

  /** The connection or the attempt is over, by our own doing or not. */
  #lose(reason: string, code: number | null, ours: boolean): void {
    const { clock, random, backoff } = this.#options
    const idle = code === IDLE
    const reaction = ours || idle || code === null ? 'reconnect' : reactionTo(code)
    if (ours) this.#drop(code ?? SILENT, reason)
    else this.#drop()
    if (this.now - this.#openedAt >= STEADY_MS) this.#attempt = 0
    this.#openedAt = Infinity
    this.run(this.#session.lost())
    if (this.state.kind === 'closed') return
    if (reaction === 'stop') {
      this.#stop(reason, code)
      return
    }
    const nextAttemptMs =
      idle && !this.#session.wanted
        ? Infinity
        : this.#hint
          ? Math.round(this.#hint.retryAfterMs + random.fraction() * this.#hint.spreadMs)
          : backoffMs(reaction === 'later' ? Infinity : this.#attempt, random, backoff)
    this.#hint = null
    this.#attempt += 1
    this.#timer = nextAttemptMs < Infinity ? clock.after(nextAttemptMs, () => this.#connect()) : null
    this.#enter({ kind: 'waiting', nextAttemptMs, nextAttemptAt: this.now + nextAttemptMs, reason, code })
  }

  /** The page is looked at again, the network is back, or the application says so. */
  wake(): void {
    if (this.state.kind === 'waiting') {
      this.#timer?.()
      this.#connect()
    } else if (this.state.kind === 'open') this.run(this.#session.check(this.now))
  }

  #stop(reason: string, code: number | null): void {
    this.#ticker?.()
    this.#sleep?.()
    const refused = code === UNAUTHORIZED ? 'unauthorized' : code === KICKED ? 'refused' : 'closed'
    this.run(this.#session.end({ code: refused, message: reason }))
    this.#enter({ kind: 'closed', reason, code })
  }

  /** For good. Resolves when the socket is gone. */
  close(): Promise<void> {
    this.#closed ??= new Promise((resolve) => {
      const socket = this.#drop(NORMAL)
      if (this.state.kind !== 'closed') this.#stop('the client was closed', null)
      if (!socket) {
        resolve()
        return
      }
      const undo = this.#options.clock.after(GOODBYE_MS, resolve)
      socket.onclose = () => {
        undo()
        resolve()
      }
    })
    return this.#closed
  }
}
