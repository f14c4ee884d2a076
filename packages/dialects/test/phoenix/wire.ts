import { WebSocket } from 'ws'
import { ALONE, PollWatch } from '../contract/poll-watch.ts'
import { Told } from '../contract/subject.ts'

/** How frames of a client travel, by hand. */
export interface Wire {
  /** Rejects with `Told` if the transport itself does not take it. */
  send(payload: string | Uint8Array): Promise<void>
  /** Something that may be anything. */
  raw(payload: string | Uint8Array): void
  readonly closed: { readonly code: number; readonly reason: string } | null
  pause(): void
  resume(): void
  close(): Promise<void>
  lose(): void
}

export type Heard = (payload: string | Uint8Array) => void

/** Opens a WebSocket; one that is refused is closed. */
export async function openWebSocket(url: string, heard: Heard): Promise<Wire> {
  const wire = new WebSocketWire(new WebSocket(url.replace('http', 'ws')), heard)
  await wire.settled
  return wire
}

class WebSocketWire implements Wire {
  readonly settled: Promise<void>
  closed: { code: number; reason: string } | null = null
  readonly #socket: WebSocket

  constructor(socket: WebSocket, heard: Heard) {
    this.#socket = socket
    this.settled = new Promise((resolve) => {
      socket.on('open', resolve)
      socket.on('close', (code, reason) => {
        this.closed ??= { code, reason: reason.toString() }
        resolve()
      })
    })
    socket.on('error', () => {})
    socket.on('message', (bytes: Buffer, isBinary) => heard(isBinary ? bytes : bytes.toString()))
  }

  async send(payload: string | Uint8Array): Promise<void> {
    this.#socket.send(payload)
  }

  raw(payload: string | Uint8Array): void {
    if (this.#socket.readyState === WebSocket.OPEN) this.#socket.send(payload)
  }

  pause(): void {
    this.#socket.pause()
  }

  resume(): void {
    this.#socket.resume()
  }

  async close(): Promise<void> {
    this.#socket.close(1000)
    await this.#end()
  }

  lose(): void {
    this.closed ??= { code: 1006, reason: 'lost' }
    this.#socket.terminate()
  }

  #end(): Promise<void> {
    if (this.#socket.readyState === WebSocket.CLOSED) return Promise.resolve()
    return new Promise((resolve) => this.#socket.once('close', () => resolve()))
  }
}

/** Opens a long poll; one that is refused is closed. */
export async function openLongPoll(url: string, heard: Heard): Promise<Wire> {
  const wire = new LongPollWire(url, heard)
  await wire.open()
  return wire
}

class LongPollWire implements Wire {
  closed: { code: number; reason: string } | null = null
  readonly #url: string
  readonly #heard: Heard
  #gone = new AbortController()
  #token = ''
  #watch: PollWatch | null = null
  #leaving: Promise<void> | null = null
  #polling: Promise<void> | null = null
  #paused = false
  #sending: Promise<unknown> = Promise.resolve()

  constructor(url: string, heard: Heard) {
    this.#url = url
    this.#heard = heard
  }

  async open(): Promise<void> {
    const { status, token } = await this.#ask({})
    if (status === 410) this.#enter(token)
    else {
      this.closed = { code: 1008, reason: String(status) }
      this.#gone.abort()
    }
    this.#go()
  }

  #enter(token: string): void {
    this.#token = token
    this.#watch?.close()
    this.#watch = new PollWatch(token)
  }

  async #ask(request: RequestInit): Promise<{ status: number; token: string; messages: string[]; reason?: string }> {
    const token = this.#token === '' ? '' : `&token=${this.#token}`
    const headers = { ...request.headers, ...ALONE }
    const response = await fetch(`${this.#url}${token}`, { ...request, headers, signal: this.#gone.signal })
    return (await response.json()) as { status: number; token: string; messages: string[] }
  }

  #go(): void {
    if (!this.#gone.signal.aborted && !this.#paused) this.#polling ??= this.#poll()
  }

  async #poll(): Promise<void> {
    try {
      if (this.#watch) this.#watch.begun++
      const { status, token, messages } = await this.#ask({})
      for (const message of messages) this.#heard(message)
      if (status === 410 && this.#leaving && token !== this.#token) this.#enter(token)
      else if (status === 410) this.#end()
    } catch {
      // A server that stops may do so between two polls.
      this.#end()
    }
    this.#polling = null
    this.#go()
  }

  #end(): void {
    this.closed ??= { code: 3410, reason: 'gone' }
    this.#gone.abort()
    if (!this.#leaving) this.#watch?.close()
  }

  // One request at a time, as the official client sends.
  send(payload: string | Uint8Array): Promise<void> {
    const body = typeof payload === 'string' ? payload : Buffer.from(payload).toString('base64')
    const sent = this.#sending.then(() => this.#post('application/x-ndjson', body))
    this.#sending = sent.catch(() => {})
    return sent
  }

  async #post(type: string, body: string): Promise<void> {
    const { status, reason } = await this.#ask({ method: 'POST', body, headers: { 'content-type': type } })
    if (status !== 200) throw new Told(String(status), reason ?? '')
  }

  raw(payload: string | Uint8Array): void {
    if (this.closed) return
    const sent = typeof payload === 'string' ? this.#post('application/json', payload) : this.send(payload)
    sent.catch(() => {})
  }

  pause(): void {
    this.#paused = true
  }

  resume(): void {
    this.#paused = false
    this.#go()
  }

  async close(): Promise<void> {
    this.lose()
    await this.#leaving
    await this.#polling
  }

  lose(): void {
    if (this.closed) return
    this.closed = { code: 1006, reason: 'lost' }
    this.#leaving = this.#leave()
  }

  async #leave(): Promise<void> {
    this.resume()
    for (let watch = this.#watch; watch; watch = this.#watch) {
      const entered = watch
      const over = () => this.#gone.signal.aborted || this.#watch !== entered
      const heard = await entered.giveUp(() => this.#gone.abort(), over)
      // Its session was over before: a poll for one that is gone opens another.
      if (this.#watch !== entered) continue
      if (heard) break
      await this.#polling
      this.#gone = new AbortController()
      this.resume()
    }
    this.#watch?.close()
  }
}
