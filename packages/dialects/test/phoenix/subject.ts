import { phoenix } from '@rollcall/dialects/phoenix'
import { Presence } from 'phoenix'
import { type Client, type Lack, type Subject, Told } from '../contract/subject.ts'
import { openLongPoll, openWebSocket, type Wire } from './wire.ts'

type Payload = { readonly status?: string; readonly response?: { readonly reason?: string; readonly code?: string } }
type Message = readonly [joinRef: unknown, ref: string | null, topic: string, event: string, payload: unknown]

interface Kind {
  readonly version: 1 | 2
  readonly transport: 'websocket' | 'longpoll'
}

/** A client of Phoenix by hand; its table of members is kept by the official client's own code. */
export function phoenixSubject(kind: Kind): Subject {
  const polls = kind.transport === 'longpoll'
  return {
    dialects: [phoenix({ longPoll: { windowMs: 2_000, idleMs: 10_000 } })],
    lacks: lacksOf(kind),
    fates: {
      ...FATES,
      ...(polls && {
        unauthorized: { closed: 1008 },
        tooBig: { refused: '413' },
        tooDeep: { closed: 3410 },
        disconnected: { closed: 3410 },
        tooSlow: { closed: 3410 },
        goingAway: { closed: 3410 },
      }),
    },
    async connect(url, user) {
      const client = new PhoenixClient(kind.version)
      const target = `${url}/socket/${kind.transport}?user=${encodeURIComponent(user)}&vsn=${kind.version}.0.0`
      const open = polls ? openLongPoll : openWebSocket
      client.wire = await open(target, (payload) => client.take(payload))
      return client
    },
  }
}

const FATES: Subject['fates'] = {
  // An HTTP answer, of which clients see that there was no connection.
  unauthorized: { closed: 1006 },
  joinRefused: { refused: 'refused' },
  unknownTopic: { refused: 'unmatched topic' },
  invalid: { refused: 'invalid_payload' },
  tooBig: { closed: 1009 },
  tooDeep: { closed: 1011 },
  tooManyChannels: { refused: 'too many channels joined' },
  kicked: 'left',
  disconnected: { closed: 1001 },
  tooSlow: { closed: 4001 },
  goingAway: { closed: 1012 },
}

function lacksOf({ version, transport }: Kind): Lack[] {
  return ['return', ...(version === 1 || transport === 'longpoll' ? (['bytes'] as const) : [])]
}

class PhoenixClient implements Client {
  wire!: Wire
  readonly #version: 1 | 2
  readonly #answers = new Map<string, (payload: Payload | null) => void>()
  readonly #joinRefs = new Map<string, string>()
  readonly #messages = new Map<string, unknown[]>()
  readonly #presences = new Map<string, object>()
  readonly #ended = new Map<string, string>()
  #ref = 0

  constructor(version: 1 | 2) {
    this.#version = version
  }

  get closed(): Wire['closed'] {
    const { closed } = this.wire
    if (closed) for (const answer of this.#answers.values()) answer(null)
    return closed
  }

  take(payload: string | Uint8Array): void {
    const [, ref, topic, event, body] = this.#decode(payload)
    if (event === 'phx_reply') this.#answers.get(ref ?? '')?.(body as Payload)
    else if (event === 'message') this.#of(topic).push(body)
    else if (event === 'presence_state')
      this.#presences.set(topic, Presence.syncState(this.#presences.get(topic) ?? {}, body as object))
    else if (event === 'presence_diff')
      this.#presences.set(topic, Presence.syncDiff(this.#presences.get(topic) ?? {}, body as never))
    else if (event === 'phx_close') this.#ended.set(topic, String((body as { reason?: string }).reason))
  }

  #decode(payload: string | Uint8Array): Message {
    if (typeof payload !== 'string') return decodeBroadcast(payload)
    const frame = JSON.parse(payload)
    return this.#version === 2 ? frame : [null, frame.ref, frame.topic, frame.event, frame.payload]
  }

  #of(topic: string): unknown[] {
    const messages = this.#messages.get(topic) ?? []
    this.#messages.set(topic, messages)
    return messages
  }

  async #ask(topic: string, event: string, payload: unknown): Promise<void> {
    const ref = String(++this.#ref)
    if (event === 'phx_join') this.#joinRefs.set(topic, ref)
    const answered = new Promise<Payload | null>((resolve) => this.#answers.set(ref, resolve))
    await this.wire.send(this.#encode(ref, topic, event, payload))
    // Who waits must hear of an end.
    const watch = setInterval(() => this.closed, 5)
    const answer = await answered.finally(() => clearInterval(watch))
    this.#answers.delete(ref)
    if (!answer) throw new Error('closed')
    const { status, response } = answer
    if (status !== 'ok') throw new Told(response?.code ?? response?.reason ?? '', response?.reason ?? '')
  }

  #encode(ref: string, topic: string, event: string, payload: unknown): string | Uint8Array {
    const joinRef = this.#joinRefs.get(topic) ?? null
    if (payload instanceof Uint8Array) return encodePush(joinRef ?? '', ref, topic, event, payload)
    if (this.#version === 2) return JSON.stringify([joinRef, ref, topic, event, payload])
    return JSON.stringify({ topic, event, payload, ref })
  }

  join(topic: string, { name }: { readonly name?: string } = {}): Promise<void> {
    return this.#ask(topic, 'phx_join', name === undefined ? {} : { name })
  }

  leave(topic: string): Promise<void> {
    return this.#ask(topic, 'phx_leave', {})
  }

  send(topic: string, payload: unknown): Promise<void> {
    return this.#ask(topic, 'message', payload)
  }

  rename(topic: string, name: string): Promise<void> {
    return this.#ask(topic, 'presence', { name })
  }

  messages(topic: string): readonly unknown[] {
    return this.#messages.get(topic) ?? []
  }

  members(topic: string): readonly string[] {
    const names: string[] = []
    for (const { metas } of Object.values(this.#presences.get(topic) ?? {}) as { metas: { name: string }[] }[])
      for (const { name } of metas) names.push(name)
    return names.sort()
  }

  ended(topic: string): string | null {
    return this.#ended.get(topic) ?? null
  }

  raw(payload: string | Uint8Array): void {
    this.wire.raw(payload)
  }

  pause(): void {
    this.wire.pause()
  }

  resume(): void {
    this.wire.resume()
  }

  // A long poll has no goodbye of its own: leaving is one.
  async close(): Promise<void> {
    if (!this.wire.closed) await Promise.all([...this.#joinRefs.keys()].map((topic) => this.leave(topic)))
    await this.wire.close()
  }

  lose(): void {
    this.wire.lose()
  }
}

function encodePush(joinRef: string, ref: string, topic: string, event: string, payload: Uint8Array): Uint8Array {
  const texts = [joinRef, ref, topic, event].map((text) => Buffer.from(text))
  return Buffer.concat([Buffer.from([0, ...texts.map(({ length }) => length)]), ...texts, payload])
}

function decodeBroadcast(bytes: Uint8Array): Message {
  const [kind, topicLength = 0, eventLength = 0] = bytes
  if (kind !== 2) throw new Error(`a binary frame of kind ${kind}`)
  const text = (from: number, to: number) => Buffer.from(bytes.subarray(from, to)).toString()
  const at = 3 + topicLength
  return [null, null, text(3, at), text(at, at + eventLength), bytes.subarray(at + eventLength)]
}
