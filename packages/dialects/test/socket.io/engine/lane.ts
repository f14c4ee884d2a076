import type { Payload } from '@rollcall/core'
import type { Run, Transport } from 'rollcall'
import type { Answer, BodyFault, Exchange } from 'rollcall/long-poll'

/** A WebSocket by hand. */
export class HandSocket implements Transport {
  bufferedBytes = 0
  readonly written: Payload[] = []
  closed: number | null = null
  paused = false
  write({ frames }: Run): void {
    for (const { payloads } of frames) this.written.push(...payloads)
  }
  close(code: number): void {
    this.closed ??= code
  }
  destroy(): void {
    this.closed ??= 1006
  }
  pause(): void {
    this.paused = true
  }
  resume(): void {
    this.paused = false
  }
}

/** A request by hand: it is answered when `given` is set. */
export class HandExchange implements Exchange {
  readonly method: string
  readonly url: URL
  given: Answer | null = null
  left: () => void = () => {}
  readonly #headers: Record<string, string>
  readonly #body: Uint8Array | BodyFault | 'never'
  #gone: () => void = () => {}

  constructor(
    method = 'GET',
    body: string | Uint8Array | { readonly fault: BodyFault | 'never' } = '',
    query = '',
    headers: Record<string, string> = {},
  ) {
    this.method = method
    this.url = new URL(`/socket.io/?${query}`, 'http://host')
    this.#headers = headers
    this.#body = typeof body === 'string' ? new TextEncoder().encode(body) : 'fault' in body ? body.fault : body
  }

  header(name: string): string | undefined {
    return this.#headers[name]
  }
  answer(answer: Answer, left: () => void = () => {}): void {
    this.given ??= answer
    this.left = left
  }
  destroy(): void {
    this.given ??= { status: 0 }
  }
  onGone(task: () => void): void {
    this.#gone = task
  }
  readBody(_: object, done: (body: Uint8Array | BodyFault) => void): void {
    this.finish = (body) => done(body ?? (this.#body as Uint8Array | BodyFault))
    if (this.#body !== 'never') this.finish()
  }
  /** Ends a body that never ends by itself. */
  finish: (body?: Uint8Array | BodyFault) => void = () => {}
  go(): void {
    this.#gone()
  }
}
