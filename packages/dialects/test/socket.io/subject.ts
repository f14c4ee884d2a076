import { socketIo } from '@rollcall/dialects/socket.io'
import { type Client, type Fate, type Subject, Told } from '../contract/subject.ts'
import { LIMITS } from '../contract/world.ts'
import { type Carrier, type CarrierListener, overPolling, overWebSocket } from './carrier.ts'

const ENDED: Fate = { closed: 1005 }
const CUT: Fate = { closed: undefined }

export function socketIoSubject(transport: 'websocket' | 'polling'): Subject {
  const ended = transport === 'websocket' ? ENDED : CUT
  return {
    dialects: [socketIo({ maxHttpBufferSize: LIMITS.messageBytes, recovery: 'none' })],
    lacks: [],
    fates: {
      unauthorized: { refused: 'unauthorized' },
      joinRefused: { refused: 'refused' },
      unknownTopic: { refused: 'invalid_namespace' },
      invalid: { refused: 'invalid_payload' },
      tooBig: transport === 'websocket' ? { closed: 1009 } : { refused: '413' },
      tooDeep: ended,
      tooManyChannels: { refused: 'too_many_channels' },
      kicked: 'left',
      disconnected: ended,
      tooSlow: ended,
      goingAway: ended,
    },
    async connect(url, user) {
      const client = new SocketIoClient(user)
      await client.open((listener) => (transport === 'websocket' ? overWebSocket : overPolling)(url, listener))
      return client
    },
  }
}

interface Waiting {
  resolve(): void
  reject(error: Error): void
}

/** A client of Socket.IO 5 by hand: a namespace for each topic, all on one connection. */
class SocketIoClient implements Client, CarrierListener {
  closed: { code: number | undefined; reason: string } | null = null
  readonly #user: string
  readonly #joining = new Map<string, Waiting>()
  readonly #acks = new Map<string, Waiting>()
  readonly #messages = new Map<string, unknown[]>()
  readonly #members = new Map<string, Map<string, string>>()
  readonly #ended = new Map<string, string>()
  #carrier: Carrier | null = null
  #ids = 0
  #binary: { head: string; missing: number; bytes: Uint8Array[] } | null = null

  constructor(user: string) {
    this.#user = user
  }

  async open(connect: (listener: CarrierListener) => Promise<Carrier>): Promise<void> {
    this.#carrier = await connect(this)
  }

  packet(packet: string | Uint8Array): void {
    if (packet === '2') return void this.#send('3')
    if (typeof packet !== 'string') {
      const group = this.#binary
      if (!group) throw new Error('stray bytes')
      group.bytes.push(packet)
      if (--group.missing > 0) return
      this.#binary = null
      return this.#read(group.head, group.bytes)
    }
    const [, count] = /^45(\d+)-/.exec(packet) ?? []
    if (count !== undefined) this.#binary = { head: packet.replace(/^45\d+-/, '42'), missing: Number(count), bytes: [] }
    else if (packet.startsWith('4')) this.#read(packet, [])
  }

  #read(packet: string, bytes: readonly Uint8Array[]): void {
    const [, type, nsp = '', id = '', json = 'null'] = /^4(\d)\/([^,]*),?(\d*)(.*)$/su.exec(packet) ?? []
    const revive = (_: string, value: unknown) =>
      bytes.length > 0 && (value as { _placeholder?: true })?._placeholder
        ? bytes[(value as { num: number }).num]
        : value
    const content: unknown = json === '' ? null : JSON.parse(json, revive)
    if (type === '0') this.#joining.get(nsp)?.resolve()
    else if (type === '1') this.#ended.set(nsp, this.#ended.get(nsp) ?? '')
    else if (type === '2') this.#event(nsp, content as [string, never])
    else if (type === '3') this.#acked(id, (content as unknown[])[0])
    else if (type === '4') {
      const { message, data } = content as { message: string; data?: { code: string } }
      this.#joining.get(nsp)?.reject(new Told(data?.code ?? 'invalid_namespace', message))
    }
  }

  #event(topic: string, [event, payload]: [string, never]): void {
    if (event === 'message') this.#messages.set(topic, [...this.messages(topic), payload])
    else if (event === 'left') this.#ended.set(topic, (payload as { reason: string }).reason)
    else if (event === 'presence_state') {
      this.#members.set(topic, new Map())
      this.#learn(topic, payload)
    } else if (event === 'presence_diff') {
      const { joins, updates, leaves } = payload as Record<string, { id: string; meta: { name: string } }[]>
      this.#learn(topic, [...(joins ?? []), ...(updates ?? [])])
      for (const { id } of leaves ?? []) this.#members.get(topic)?.delete(id)
    }
  }

  #learn(topic: string, members: readonly { id: string; meta: { name: string } }[]): void {
    for (const { id, meta } of members) this.#members.get(topic)?.set(id, meta.name)
  }

  #acked(id: string, answer: unknown): void {
    const waiting = this.#acks.get(id)
    const refusal = (answer as { error?: { code: string; message: string } } | null)?.error
    if (refusal) waiting?.reject(new Told(refusal.code, refusal.message))
    else waiting?.resolve()
  }

  // Known by the topic's name, or by the id of the ack.
  #wait(waiting: Map<string, Waiting>, key: string, ...packets: (string | Uint8Array)[]): Promise<void> {
    return new Promise((resolve, reject) => {
      waiting.set(key, { resolve, reject })
      this.#send(...packets).catch((error: Error) => reject(new Told(error.message, '')))
    })
  }

  #send(...packets: (string | Uint8Array)[]): Promise<void> {
    return this.#carrier?.send(...packets) ?? Promise.resolve()
  }

  lost(code: number | undefined): void {
    this.closed ??= { code, reason: '' }
  }

  join(topic: string, { name }: { readonly name?: string } = {}): Promise<void> {
    this.#ended.delete(topic)
    return this.#wait(this.#joining, topic, `40/${topic},${JSON.stringify({ user: this.#user, name })}`)
  }

  async leave(topic: string): Promise<void> {
    await this.#send(`41/${topic},`)
  }

  send(topic: string, payload: unknown): Promise<void> {
    return this.#emit(topic, 'message', payload)
  }

  rename(topic: string, name: string): Promise<void> {
    return this.#emit(topic, 'presence', { name })
  }

  #emit(topic: string, event: string, payload: unknown): Promise<void> {
    const id = String(++this.#ids)
    if (!(payload instanceof Uint8Array))
      return this.#wait(this.#acks, id, `42/${topic},${id}${JSON.stringify([event, payload])}`)
    const json = JSON.stringify([event, { _placeholder: true, num: 0 }])
    return this.#wait(this.#acks, id, `451-/${topic},${id}${json}`, payload)
  }

  messages(topic: string): readonly unknown[] {
    return this.#messages.get(topic) ?? []
  }

  members(topic: string): readonly string[] {
    return [...(this.#members.get(topic)?.values() ?? [])].sort()
  }

  ended(topic: string): string | null {
    return this.#ended.get(topic) ?? null
  }

  raw(payload: string | Uint8Array): void {
    this.#send(payload).catch(() => {})
  }

  pause(): void {
    this.#carrier?.pause()
  }

  resume(): void {
    this.#carrier?.resume()
  }

  async close(): Promise<void> {
    if (!this.closed) for (const topic of this.#joining.keys()) await this.#send(`41/${topic},`).catch(() => {})
    await this.#carrier?.close()
  }

  lose(): void {
    this.#carrier?.lose()
  }
}
