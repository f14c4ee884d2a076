import {
  applyToRoster,
  type ClientFrame,
  decodeRoster,
  decodeServer,
  encodeClient,
  type Outcome,
  Roster,
  replaceRoster,
  SUBPROTOCOL,
  type WireRoster,
} from '@rollcall/core'
import { WebSocket } from 'ws'
import { type Client, type Subject, Told } from './subject.ts'

type Asking = Extract<ClientFrame, { readonly ref: number }>
type Unnumbered<T> = T extends { readonly ref: number } ? Omit<T, 'ref'> : never

/** Rollcall's own language. */
export function nativeSubject(): Subject {
  return {
    dialects: [],
    lacks: [],
    fates: {
      unauthorized: { closed: 4402 },
      joinRefused: { refused: 'refused' },
      unknownTopic: { refused: 'unknown_topic' },
      invalid: { refused: 'invalid_payload' },
      tooBig: { closed: 1009 },
      tooDeep: { closed: 4404 },
      tooManyChannels: { refused: 'too_many_channels' },
      kicked: 'left',
      disconnected: { closed: 4403 },
      tooSlow: { closed: 4001 },
      goingAway: { closed: 4100 },
    },
    async connect(url, user) {
      const client = new NativeClient(new WebSocket(`${url.replace('http', 'ws')}/rollcall`, [SUBPROTOCOL]), user)
      await client.opened
      return client
    },
  }
}

class NativeClient implements Client {
  readonly opened: Promise<void>
  closed: { code: number; reason: string } | null = null
  readonly #socket: WebSocket
  readonly #answers = new Map<number, (outcome: Outcome) => void>()
  readonly #messages = new Map<string, unknown[]>()
  readonly #rosters = new Map<string, Roster>()
  readonly #ended = new Map<string, string>()
  #ref = 0

  constructor(socket: WebSocket, user: string) {
    this.#socket = socket
    this.opened = new Promise((resolve, reject) => {
      socket.on('open', () => {
        socket.send(encodeClient({ kind: 'hello', credentials: { user }, resume: null }))
        resolve()
      })
      socket.on('error', reject)
    })
    socket.on('message', (bytes: Buffer, isBinary) => this.#take(isBinary ? bytes : bytes.toString()))
    socket.on('close', (code, reason) => {
      this.closed = { code, reason: reason.toString() }
      for (const answer of this.#answers.values())
        answer({ ok: false, refusal: { code: 'disconnected', message: `closed with ${code}` } })
    })
  }

  #take(payload: string | Uint8Array): void {
    const frame = decodeServer(payload)
    if (frame.kind === 'ok') this.#answers.get(frame.ref)?.({ ok: true, result: frame.result })
    else if (frame.kind === 'error') this.#answers.get(frame.ref)?.({ ok: false, refusal: frame.refusal })
    else if (frame.kind === 'message') this.#of(frame.topic).push(frame.payload)
    else if (frame.kind === 'presence') this.#learn(frame.topic, frame.roster)
    else if (frame.kind === 'left') this.#ended.set(frame.topic, frame.reason)
    else if (frame.kind === 'ping') this.#socket.send(encodeClient({ kind: 'pong' }))
  }

  #of(topic: string): unknown[] {
    const messages = this.#messages.get(topic) ?? []
    this.#messages.set(topic, messages)
    return messages
  }

  #learn(topic: string, news: WireRoster): void {
    const roster = this.#rosters.get(topic) ?? new Roster()
    this.#rosters.set(topic, roster)
    if (news.kind === 'state') replaceRoster(roster, news.entries)
    else if (news.kind === 'diff') applyToRoster(roster, news.set, news.gone)
  }

  #ask(frame: Unnumbered<Asking>): Promise<unknown> {
    const ref = ++this.#ref
    return new Promise((resolve, reject) => {
      this.#answers.set(ref, (outcome) => {
        this.#answers.delete(ref)
        if (outcome.ok) resolve(outcome.result)
        else reject(new Told(outcome.refusal.code, outcome.refusal.message))
      })
      this.#socket.send(encodeClient({ ...frame, ref } as Asking))
    })
  }

  async join(topic: string, { name }: { readonly name?: string } = {}): Promise<void> {
    const options = name === undefined ? {} : { presence: { name } }
    const { roster, entry } = (await this.#ask({ kind: 'join', topic, options })) as {
      roster?: unknown
      entry?: [string, string, unknown, number]
    }
    if (roster) this.#learn(topic, decodeRoster(roster))
    if (!entry) return
    const [id, key, meta, rev] = entry
    applyToRoster(this.#rosters.get(topic) ?? new Roster(), [{ id, key, meta, rev }], [])
  }

  async leave(topic: string): Promise<void> {
    await this.#ask({ kind: 'leave', topic })
  }

  async send(topic: string, payload: unknown): Promise<void> {
    await this.#ask({ kind: 'send', topic, event: 'message', payload, id: null })
  }

  async rename(topic: string, name: string): Promise<void> {
    await this.#ask({ kind: 'track', topic, meta: { name } })
  }

  messages(topic: string): readonly unknown[] {
    return this.#messages.get(topic) ?? []
  }

  members(topic: string): readonly string[] {
    const members = this.#rosters.get(topic)?.members() ?? []
    return members.map(({ meta }) => (meta as { name: string }).name).sort()
  }

  ended(topic: string): string | null {
    return this.#ended.get(topic) ?? null
  }

  raw(payload: string | Uint8Array): void {
    this.#socket.send(payload)
  }

  pause(): void {
    this.#socket.pause()
  }

  resume(): void {
    this.#socket.resume()
  }

  close(): Promise<void> {
    return new Promise((resolve) => {
      if (this.closed) return resolve()
      this.#socket.once('close', () => resolve())
      this.#socket.close(1000)
    })
  }

  lose(): void {
    this.#socket.terminate()
  }
}
