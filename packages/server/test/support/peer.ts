import {
  CloseCode,
  type Payload,
  RollcallServerSession,
  serverSessionOptions,
  splitBinary,
  systemRandom,
} from '@rollcall/core'
import type { App, Handshake, Run, Transport, TransportListener } from '../../src/index.ts'
import { eventually } from './eventually.ts'
import { steadyClock } from './steady-clock.ts'

// A native client by hand: frames in, frames out, over a transport in memory.

export type Frame = readonly [kind: string, ...rest: unknown[]]

class HandTransport implements Transport {
  readonly peer: Peer
  bufferedBytes = 0
  constructor(peer: Peer) {
    this.peer = peer
  }
  write(run: Run): void {
    if (this.peer.stalled) this.bufferedBytes += run.byteLength
    for (const { payloads } of run.frames) for (const payload of payloads) this.peer.take(payload)
  }
  close(code: number, reason: string): void {
    this.peer.closed ??= { code, reason }
  }
  destroy(): void {
    this.peer.closed ??= { code: 1006, reason: '' }
  }
  pause(): void {}
  resume(): void {}
}

export class Peer {
  readonly frames: Frame[] = []
  readonly raw: Payload[] = []
  readonly #transport = new HandTransport(this)
  readonly #listener: TransportListener
  closed: { code: number; reason: string } | null = null
  stalled = false
  #ref = 0

  constructor(app: Pick<App, 'accept'>, options: { readonly pingMs?: number; readonly deadMs?: number } = {}) {
    const session = new RollcallServerSession(serverSessionOptions(options), systemRandom, steadyClock.now())
    this.#listener = app.accept(this.#transport, session, handshake(), 'rollcall')
  }

  take(payload: Payload): void {
    this.raw.push(payload)
    if (typeof payload === 'string') this.frames.push(JSON.parse(payload) as Frame)
    else this.frames.push(JSON.parse(splitBinary(payload)?.header ?? '["?"]') as Frame)
  }

  raw_(payload: Payload): void {
    this.#listener.received(payload)
  }

  say(...frame: unknown[]): void {
    this.#listener.received(JSON.stringify(frame))
  }

  /** Sends a request and waits for its answer. */
  async ask(kind: string, ...rest: unknown[]): Promise<Frame> {
    const ref = ++this.#ref
    this.say(kind, ref, ...rest)
    return eventually(() => {
      const answer = this.frames.find(([name, of]) => (name === 'ok' || name === 'error') && of === ref)
      if (!answer) throw new Error(`no answer to ${kind} ${JSON.stringify(rest)}`)
      return answer
    })
  }

  /** Says hello and waits for the welcome. */
  async hello(options: object = {}): Promise<Record<string, unknown>> {
    this.say('hello', options)
    const [, welcome] = await this.first('welcome')
    return welcome as Record<string, unknown>
  }

  /** Joins, and answers the result; throws what was refused. */
  async join(topic: string, options: object = {}): Promise<Record<string, unknown>> {
    const [kind, , result] = await this.ask('join', topic, options)
    if (kind === 'error') throw new Error((result as { code: string }).code)
    return result as Record<string, unknown>
  }

  of(kind: string): Frame[] {
    return this.frames.filter(([name]) => name === kind)
  }

  /** The payloads of the messages got so far. */
  get messages(): unknown[] {
    return this.of('message').map(([, , , payload]) => payload)
  }

  first(kind: string): Promise<Frame> {
    return eventually(() => {
      const [frame] = this.of(kind)
      if (!frame) throw new Error(`no ${kind}; got ${JSON.stringify(this.frames)}`)
      return frame
    })
  }

  /** The names in the roster as the frames got so far tell it. */
  get roster(): string[] {
    const entries = new Map<string, string>()
    for (const frame of this.frames) {
      const roster = (frame[0] === 'presence' ? frame[2] : (frame[2] as { roster?: unknown } | undefined)?.roster) as
        | {
            entries?: [string, string, { name: string }][]
            set?: [string, string, { name: string }][]
            gone?: string[]
          }
        | undefined
      if (frame[0] !== 'presence' && frame[0] !== 'ok') continue
      if (roster?.entries) entries.clear()
      for (const [id, , meta] of roster?.entries ?? roster?.set ?? []) entries.set(id, meta.name)
      const own = (frame[2] as { entry?: [string, string, { name: string }] } | undefined)?.entry
      if (own) entries.set(own[0], own[2].name)
      for (const id of roster?.gone ?? []) entries.delete(id)
    }
    return [...entries.values()].sort()
  }

  /** What was held back has been read. */
  drain(): void {
    this.stalled = false
    this.#transport.bufferedBytes = 0
    this.#listener.drained()
  }

  /** The connection breaks. */
  lose(): void {
    this.closed ??= { code: 1006, reason: '' }
    this.#listener.closed(1006, '')
  }

  /** The client closes. */
  close(code: number = CloseCode.normal): void {
    this.closed ??= { code, reason: '' }
    this.#listener.closed(code, '')
  }
}

export function handshake(url = '/rollcall'): Handshake {
  return {
    url: new URL(url, 'http://rollcall.invalid'),
    headers: Object.create(null),
    address: '127.0.0.1',
    secure: false,
    transport: 'memory',
  }
}
