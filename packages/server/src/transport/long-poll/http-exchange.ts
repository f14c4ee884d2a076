import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Clock, Undo } from '@rollcall/core'
import { targetUrl } from '../../http/handshake.ts'
import { compressed } from './compressed.ts'
import type { Answer, BodyFault, Exchange } from './exchange.ts'

export interface HttpExchangeOptions {
  /** Added to every answer. */
  readonly headers?: Readonly<Record<string, string>>
  /** Bodies of at least this many bytes are compressed for clients that take it. Default: never. */
  readonly compressBytes?: number
}

/** A request of `node:http`. */
export function httpExchange(
  request: IncomingMessage,
  response: ServerResponse,
  clock: Clock,
  options: HttpExchangeOptions = {},
): Exchange {
  return new HttpExchange(request, response, clock, options)
}

class HttpExchange implements Exchange {
  readonly method: string
  readonly #request: IncomingMessage
  readonly #response: ServerResponse
  readonly #clock: Clock
  readonly #options: HttpExchangeOptions
  #answered = false

  constructor(request: IncomingMessage, response: ServerResponse, clock: Clock, options: HttpExchangeOptions) {
    this.method = request.method ?? 'GET'
    this.#request = request
    this.#response = response
    this.#clock = clock
    this.#options = options
    // Both report the same broken connection, and nobody else may be listening.
    request.on('error', ignore)
    response.on('error', ignore)
  }

  get url(): URL {
    return targetUrl(this.#request.url ?? '/')
  }

  header(name: string): string | undefined {
    const value = this.#request.headers[name]
    return Array.isArray(value) ? value.join(', ') : value
  }

  answer(answer: Answer, left: () => void = ignore): void {
    if (this.#answered) return
    this.#answered = true
    const { compressBytes = Number.POSITIVE_INFINITY } = this.#options
    const { body = '' } = answer
    if (body.length < compressBytes) this.#write(answer, left)
    else compressed(answer, this.header('accept-encoding') ?? '', (smaller) => this.#write(smaller, left))
  }

  #write({ status, headers = {}, body = '' }: Answer, left: () => void): void {
    const length = typeof body === 'string' ? Buffer.byteLength(body) : body.length
    this.#response.once('finish', left)
    this.#response.writeHead(status, { ...this.#options.headers, ...headers, 'content-length': length })
    this.#response.end(body)
  }

  destroy(): void {
    this.#answered = true
    this.#response.destroy()
  }

  onGone(task: () => void): void {
    this.#response.once('close', () => {
      if (!this.#response.writableFinished) task()
    })
  }

  readBody(
    { maxBytes, withinMs }: { readonly maxBytes: number; readonly withinMs: number },
    done: (body: Uint8Array | BodyFault) => void,
  ): void {
    new BodyReader(this.#request, maxBytes, done).start(this.#clock, withinMs)
  }
}

class BodyReader {
  readonly #request: IncomingMessage
  readonly #maxBytes: number
  readonly #done: (body: Uint8Array | BodyFault) => void
  #chunks: Buffer[] = []
  #bytes = 0
  #ended = false
  #undo: Undo = ignore

  constructor(request: IncomingMessage, maxBytes: number, done: (body: Uint8Array | BodyFault) => void) {
    this.#request = request
    this.#maxBytes = maxBytes
    this.#done = done
  }

  start(clock: Clock, withinMs: number): void {
    const request = this.#request
    // What is thrown away is not waited for longer either.
    this.#undo = clock.after(withinMs, () => {
      this.#end('too_slow')
      request.destroy()
    })
    request.on('data', (chunk: Buffer) => this.#take(chunk))
    request.on('end', () => {
      this.#undo()
      this.#end(Buffer.concat(this.#chunks, this.#bytes))
    })
    request.on('close', () => {
      this.#undo()
      this.#end('gone')
    })
    if (Number(request.headers['content-length'] ?? 0) > this.#maxBytes) this.#end('too_big')
  }

  #take(chunk: Buffer): void {
    if (this.#ended) return
    this.#bytes += chunk.length
    if (this.#bytes > this.#maxBytes) this.#end('too_big')
    else this.#chunks.push(chunk)
  }

  #end(body: Uint8Array | BodyFault): void {
    if (this.#ended) return
    this.#ended = true
    this.#chunks = []
    this.#done(body)
  }
}

function ignore(): void {}
