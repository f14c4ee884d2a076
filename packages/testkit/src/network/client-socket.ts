import type { WebSocketLike } from '@rollcall/client'
import type { Payload } from '@rollcall/core'

/** What the client's end of a connection does to it. */
export interface ClientEnd {
  send(payload: Payload): void
  close(code: number, reason: string): void
}

/** The client's end of a connection: what the client takes for a WebSocket. */
export class ClientSocket implements WebSocketLike {
  binaryType = 'arraybuffer'
  onopen: ((event: never) => void) | null = null
  onmessage: ((event: never) => void) | null = null
  onerror: ((event: never) => void) | null = null
  onclose: ((event: never) => void) | null = null
  readonly #end: ClientEnd
  #state: 'connecting' | 'open' | 'closing' | 'closed' = 'connecting'

  constructor(end: ClientEnd) {
    this.#end = end
  }

  send(payload: string | Uint8Array<ArrayBuffer>): void {
    if (this.#state === 'connecting') throw new Error('The socket is not open yet')
    // As in browsers: what is sent on a socket that ends is lost without a word.
    if (this.#state === 'open') this.#end.send(payload)
  }

  close(code = 1005, reason = ''): void {
    if (this.#state === 'closing' || this.#state === 'closed') return
    this.#state = 'closing'
    this.#end.close(code, reason)
  }

  // From the network

  opened(): void {
    if (this.#state !== 'connecting') return
    this.#state = 'open'
    this.onopen?.({} as never)
  }

  received(payload: Payload): void {
    if (this.#state !== 'open') return
    const data = typeof payload === 'string' ? payload : payload.slice().buffer
    this.onmessage?.({ data } as never)
  }

  ended(code: number, reason: string): void {
    if (this.#state === 'closed') return
    this.#state = 'closed'
    if (code === 1006) this.onerror?.({} as never)
    this.onclose?.({ code, reason } as never)
  }
}
