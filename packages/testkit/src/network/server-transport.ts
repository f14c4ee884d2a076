import type { Payload } from '@rollcall/core'
import type { Run, Transport, TransportListener } from 'rollcall'

/** What the server's end of a connection does to it. */
export interface ServerEnd {
  readonly bufferedBytes: number
  send(payload: Payload, bytes: number): void
  ping(): void
  close(code: number, reason: string): void
  destroy(): void
  pause(paused: boolean): void
}

/** The server's end of a connection: what the server takes for a transport. */
export class ServerTransport implements Transport {
  readonly #end: ServerEnd
  #listener: TransportListener | null = null
  #ended = false

  constructor(end: ServerEnd) {
    this.#end = end
  }

  /** Events go to this listener from now on. */
  listen(listener: TransportListener): void {
    this.#listener = listener
  }

  write(run: Run): void {
    if (this.#ended) return
    for (const { payloads, byteLength } of run.frames)
      for (const payload of payloads) this.#end.send(payload, byteLength / payloads.length)
  }

  get bufferedBytes(): number {
    return this.#end.bufferedBytes
  }

  ping(): void {
    if (!this.#ended) this.#end.ping()
  }

  close(code: number, reason: string): void {
    if (this.#ended) return
    this.#ended = true
    this.#end.close(code, reason)
  }

  destroy(): void {
    if (this.#listener === null) return
    this.#ended = true
    this.#end.destroy()
  }

  pause(): void {
    this.#end.pause(true)
  }

  resume(): void {
    this.#end.pause(false)
  }

  // From the network

  received(payload: Payload): void {
    if (!this.#ended) this.#listener?.received(payload)
  }

  alive(): void {
    this.#listener?.alive?.()
  }

  drained(): void {
    this.#listener?.drained()
  }

  closed(code: number, reason: string): void {
    this.#ended = true
    const listener = this.#listener
    this.#listener = null
    listener?.closed(code, reason)
  }

  /** Its machine is gone: nobody hears anything. */
  forget(): void {
    this.#ended = true
    this.#listener = null
  }
}
