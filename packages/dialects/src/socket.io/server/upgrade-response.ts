import { EventEmitter } from 'node:events'
import { validateHeaderName, validateHeaderValue } from 'node:http'

/**
 * What middlewares get as the response of an upgrade, which has none yet: they set headers of the answer that opens the
 * WebSocket, or end it, which refuses.
 */
export class UpgradeResponse extends EventEmitter {
  statusCode: number = 200
  headersSent: boolean = false
  readonly #headers = new Map<string, { readonly name: string; readonly value: string }>()
  readonly #ended: () => void

  constructor(ended: () => void) {
    super()
    this.#ended = ended
  }

  /** The headers that were set. */
  get headers(): Record<string, string> {
    return Object.fromEntries([...this.#headers.values()].map(({ name, value }) => [name, value]))
  }

  setHeader(name: string, value: number | string | readonly string[]): this {
    const text = Array.isArray(value) ? value.join(', ') : String(value)
    validateHeaderName(name)
    validateHeaderValue(name, text)
    this.#headers.set(name.toLowerCase(), { name, value: text })
    return this
  }

  getHeader(name: string): string | undefined {
    return this.#headers.get(name.toLowerCase())?.value
  }

  hasHeader(name: string): boolean {
    return this.#headers.has(name.toLowerCase())
  }

  removeHeader(name: string): void {
    this.#headers.delete(name.toLowerCase())
  }

  write(): boolean {
    return true
  }

  writeHead(statusCode: number): this {
    this.statusCode = statusCode
    return this
  }

  end(): this {
    if (this.headersSent) return this
    this.headersSent = true
    this.emit('finish')
    this.#ended()
    return this
  }
}
