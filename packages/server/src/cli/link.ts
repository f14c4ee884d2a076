import {
  backoffMs,
  type ClientEffect,
  CloseCode,
  type Payload,
  type RollcallClientSession,
  reactionTo,
  SUBPROTOCOL,
  systemClock,
  systemRandom,
  type Undo,
} from '@rollcall/core'
import { WebSocket } from 'ws'

const TICK_MS = 1_000
const OPEN_TIMEOUT_MS = 10_000
const GOODBYE_MS = 1_000

export interface LinkListener {
  /** What the session has to tell, of one frame together. */
  told(effects: readonly ClientEffect[]): void
  /** The connection is lost; the next attempt is in `ms`. */
  waiting(ms: number, reason: string): void
  /** It will not be made again. `everOpen` is false where it could not be made at all. */
  stopped(reason: string, everOpen: boolean): void
}

/** A session's connection: one socket after the other. */
export class Link {
  readonly #url: string
  readonly #credentials: unknown
  readonly #session: RollcallClientSession
  readonly #listener: LinkListener
  #socket: WebSocket | null = null
  #attempt = 0
  #everOpen = false
  #hint: { readonly retryAfterMs: number; readonly spreadMs: number } | null = null
  #timer: Undo = () => {}
  #ticker: Undo = () => {}
  #closed = false

  constructor(url: string, credentials: unknown, session: RollcallClientSession, listener: LinkListener) {
    this.#url = url
    this.#credentials = credentials
    this.#session = session
    this.#listener = listener
  }

  open(): void {
    this.#tick()
    this.#connect()
  }

  /** Carries out what the session wants, and tells the rest. */
  run(effects: readonly ClientEffect[]): void {
    const told: ClientEffect[] = []
    for (const effect of effects) {
      if (effect.kind === 'write') this.#socket?.send(effect.payload)
      else if (effect.kind === 'close') this.#drop(effect.code)
      else if (effect.kind === 'closing') this.#hint = effect
      else {
        if (effect.kind === 'welcomed') this.#welcomed()
        told.push(effect)
      }
    }
    if (told.length > 0) this.#listener.told(told)
  }

  #welcomed(): void {
    this.#timer()
    this.#everOpen = true
    this.#attempt = 0
    this.#hint = null
  }

  #tick(): void {
    this.#ticker = systemClock.after(TICK_MS, () => {
      this.#tick()
      this.run(this.#session.tick(systemClock.now()))
    })
  }

  #connect(): void {
    const socket = new WebSocket(this.#url, [SUBPROTOCOL], {
      perMessageDeflate: false,
      handshakeTimeout: OPEN_TIMEOUT_MS,
    })
    this.#socket = socket
    let fault = 'the connection was lost'
    this.#timer = systemClock.after(OPEN_TIMEOUT_MS, () => {
      fault = 'no welcome in time'
      socket.terminate()
    })
    socket.on('open', () => this.run(this.#session.open(this.#credentials, systemClock.now())))
    socket.on('message', (bytes: Buffer, isBinary: boolean) => {
      const payload: Payload = isBinary ? bytes : bytes.toString('utf8')
      this.run(this.#session.receive(payload, systemClock.now()))
    })
    socket.on('error', (error: Error & { code?: string; errors?: { message: string }[] }) => {
      // Node tries all addresses of a host, and tells of them together.
      fault = error.message || error.errors?.[0]?.message || error.code || fault
    })
    socket.on('close', (code, reason) => {
      if (this.#socket === socket) this.#after(code, reason.toString() || fault)
    })
  }

  /** Lets go of the socket without waiting for its close. */
  #drop(code: number): void {
    const socket = this.#socket
    this.#socket = null
    socket?.close(code)
    this.#after(
      CloseCode.silent,
      code === CloseCode.silent ? 'nothing was heard in time' : 'a frame was not understood',
    )
  }

  #after(code: number, reason: string): void {
    this.#timer()
    this.#socket = null
    if (this.#closed) return
    this.run(this.#session.lost())
    const reaction = reactionTo(code)
    if (!this.#everOpen || reaction === 'stop') {
      this.#end()
      this.#listener.stopped(reason, this.#everOpen)
      return
    }
    const hint = this.#hint
    this.#hint = null
    const attempt = reaction === 'later' ? Number.POSITIVE_INFINITY : this.#attempt
    const ms = hint
      ? Math.round(hint.retryAfterMs + systemRandom.fraction() * hint.spreadMs)
      : backoffMs(attempt, systemRandom)
    this.#attempt++
    this.#timer = systemClock.after(ms, () => this.#connect())
    this.#listener.waiting(ms, reason)
  }

  #end(): void {
    this.#closed = true
    this.#timer()
    this.#ticker()
  }

  /** For good. Resolves when the socket is gone, or has had its time. */
  close(): Promise<void> {
    this.#end()
    const socket = this.#socket
    if (!socket) return Promise.resolve()
    return new Promise((resolve) => {
      const cut = systemClock.after(GOODBYE_MS, () => socket.terminate())
      socket.on('close', () => {
        cut()
        resolve()
      })
      socket.close(CloseCode.normal)
    })
  }
}
