import type { Duplex } from 'node:stream'
import { WebSocket } from 'ws'

/** Whom a socket belongs to: hears of everything that happens to it. */
export interface PeerSocketOwner {
  message(data: Buffer, isBinary: boolean): void
  control(kind: 'ping' | 'pong'): void
  /** The peer broke RFC 6455 or a limit; `code` is what it is told. */
  broke(code: number): void
  closed(code: number, reason: Buffer): void
}

/** Where `ws` looks for the extension when a frame says that it is compressed. Not public there; a test watches over it. */
interface Extended {
  readonly _extensions: Record<string, { cleanup(): void }>
}

/** What of `ws` decides whether messages may come in a row, without a turn of the event loop between: its option, but for all. */
interface Reading {
  readonly _receiver: {
    _allowSynchronousEvents: boolean
    readonly _state: number
    readonly _maxPayload: number
    readonly _buffers: Buffer[]
    _bufferedBytes: number
  }
}

/** The state of a receiver that has a message for the next turn. */
const DEFERRED = 6

// So much is read of one who is to go, beside a message: nothing of it matters but its close.
const LAST_BYTES = 262_144
const LAST_MESSAGES = 1_024
const LAST_IN_A_ROW = 256

/**
 * The WebSocket of `ws`, with three differences. Events go straight to one owner: a listener for each of them would cost every
 * connection a table. And the end waits for two turns when it is the peer's doing: what it sent before its close, or before
 * the frame that broke a rule, is still answered. Nothing that it sends behind them is read any more. And it can be made to
 * take turns with everybody else.
 */
export class PeerSocket extends WebSocket {
  #owner: PeerSocketOwner | null = null
  #socket: Duplex | null = null
  #holdsEnd = false
  #leaving = false
  #passedOver = 0
  #code = 1006
  #answering = false
  #failure: number | undefined

  belongTo(owner: PeerSocketOwner, socket: Duplex): void {
    this.#owner = owner
    this.#socket = socket
  }

  override emit(event: string | symbol, first?: unknown, second?: unknown): boolean {
    const owner = this.#owner
    if (!owner) return false
    if (event === 'message' || event === 'ping' || event === 'pong') {
      if (this.#leaving) this.#passOver()
      else if (event === 'message') owner.message(first as Buffer, second as boolean)
      else owner.control(event)
    }
    // A reset of the socket comes here without a code; `close` follows in any case.
    else if (event === 'error' && this.#answering) owner.broke(this.#code)
    else if (event === 'close') owner.closed(first as number, second as Buffer)
    return true
  }

  /**
   * What the peer has sent behind the present message waits for another turn of the event loop, in which others have theirs.
   * Not where it was compressed: `ws` passes such messages on as soon as they are inflated.
   */
  rest(): void {
    const { _receiver: receiver } = this as unknown as Reading
    receiver._allowSynchronousEvents = false
    // Before the message that waits: those behind it come in a row again.
    setImmediate(() => {
      receiver._allowSynchronousEvents = true
    })
    if (!this.#holdsEnd) this.#holdEnd()
  }

  // The end of the socket must not overtake what waits, nor the answers to it.
  #holdEnd(): void {
    this.#holdsEnd = true
    const { _receiver: receiver } = this as unknown as Reading
    const socket = this.#socket as Duplex
    const end = socket.listeners('end').find(({ name }) => name === 'socketOnEnd')
    if (!end) return
    const ended = () => {
      if (receiver._state === DEFERRED) setImmediate(ended)
      else setImmediate(() => setImmediate(() => socket.destroyed || end.call(socket)))
    }
    socket.off('end', end as () => void).on('end', ended)
  }

  // Bounds what one who is to go can still cost.
  #readLittle(): void {
    let left = LAST_BYTES + (this as unknown as Reading)._receiver._maxPayload
    this.#leaving = true
    this.#socket?.on('data', (bytes: Buffer) => {
      left -= bytes.length
      if (left < 0) this.pause()
    })
    if (this.isPaused) this.resume()
  }

  #passOver(): void {
    this.#passedOver++
    if (this.#passedOver % LAST_IN_A_ROW === 0) this.rest()
    if (this.#passedOver < LAST_MESSAGES) return
    const { _receiver: receiver } = this as unknown as Reading
    receiver._buffers.length = 0
    receiver._bufferedBytes = 0
    this.pause()
  }

  /** Takes compressed messages from the peer, and lets `inflation` read them. */
  inflateWith(inflation: { cleanup(): void }): void {
    ;(this as unknown as Extended)._extensions['permessage-deflate'] = inflation
  }

  /** The error that is about to be raised ends the connection with this code. */
  failWith(code: number): void {
    this.#failure = code
  }

  /** Closes from our side, at once. */
  goodbye(code?: number, reason?: string): void {
    this.#readLittle()
    super.close(code, reason)
  }

  /** Called by `ws` alone: to answer the peer's close (RFC 6455 section 5.5.1), or to fail the connection (section 7.1.7). */
  override close(given?: number, reason?: string | Buffer): void {
    const code = given ?? this.#failure
    if (this.readyState !== WebSocket.OPEN) return super.close(code, reason)
    if (this.#answering) return
    this.#answering = true
    this.#code = code ?? 1005
    this.#readLittle()
    const answer = () => {
      this.#socket?.off('end', answer)
      if (this.readyState === WebSocket.OPEN) super.close(code, reason)
    }
    // A peer that ends its half of the socket right behind its close gets the answer too.
    this.#socket?.prependListener('end', answer)
    setImmediate(() => setImmediate(answer))
  }
}
