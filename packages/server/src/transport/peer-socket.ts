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

/** What of `ws` decides whether messages may come in a row, without a turn of the event loop between. Its option, but for all. */
interface Reading {
  readonly _receiver: { _allowSynchronousEvents: boolean } | null
}

// So many messages of one who floods come in a turn of the event loop: more would let all others wait for as long as it likes.
const IN_A_TURN = 64

// Which turn it is. Counted only while somebody floods.
let turn = 0
let counting = false

function currentTurn(): number {
  if (counting) return turn
  counting = true
  setImmediate(() => {
    turn++
    counting = false
  })
  return turn
}

/**
 * The WebSocket of `ws`, with three differences. Events go straight to one owner: a listener for each of them would cost every
 * connection a table. And the end waits for two turns when it is the peer's doing: what it sent before its close, or before
 * the frame that broke a rule, is still answered. Nothing that it sends behind them is read any more. And who is told
 * to slow down takes turns with everybody else.
 */
export class PeerSocket extends WebSocket {
  #owner: PeerSocketOwner | null = null
  #socket: Duplex | null = null
  #takesTurns = false
  #turn = 0
  #inTurn = 0
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
    if (event === 'message') {
      if (this.#takesTurns) this.#waitForTurn()
      owner.message(first as Buffer, second as boolean)
    } else if (event === 'ping' || event === 'pong') owner.control(event)
    // A reset of the socket comes here without a code; `close` follows in any case.
    else if (event === 'error' && this.#answering) owner.broke(this.#code)
    else if (event === 'close') owner.closed(first as number, second as Buffer)
    return true
  }

  /**
   * From now on the peer's messages come a few in a turn of the event loop, not all that its socket has brought. Those that
   * were compressed come as they are: they have waited to be inflated.
   */
  takeTurns(): void {
    this.#takesTurns = true
  }

  #waitForTurn(): void {
    const now = currentTurn()
    if (now !== this.#turn) this.#inTurn = 0
    this.#turn = now
    this.#inTurn++
    const { _receiver: receiver } = this as unknown as Reading
    if (receiver) receiver._allowSynchronousEvents = this.#inTurn < IN_A_TURN
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
    super.close(code, reason)
  }

  /** Called by `ws` alone: to answer the peer's close (RFC 6455 section 5.5.1), or to fail the connection (section 7.1.7). */
  override close(given?: number, reason?: string | Buffer): void {
    const code = given ?? this.#failure
    if (this.readyState !== WebSocket.OPEN) return super.close(code, reason)
    if (this.#answering) return
    this.#answering = true
    this.#code = code ?? 1005
    const answer = () => {
      this.#socket?.off('end', answer)
      if (this.readyState === WebSocket.OPEN) super.close(code, reason)
    }
    // A peer that ends its half of the socket right behind its close gets the answer too.
    this.#socket?.prependListener('end', answer)
    setImmediate(() => setImmediate(answer))
  }
}
