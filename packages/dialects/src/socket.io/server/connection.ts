import type { IncomingMessage } from 'node:http'
import { type Clock, CloseCode, type Payload, type Undo } from '@rollcall/core'
import type { Handshake, TransportListener } from 'rollcall'
import { DIRECT, Frame, Outbox, type OutboxOwner, type Turn } from 'rollcall/hub'
import { type Auth, queryAuth, splitQuery } from '../auth.ts'
import type { EngineTransport } from '../engine/engine-transport.ts'
import { NO_PONG } from '../engine/heartbeat.ts'
import type { EngineVersion } from '../engine/packet.ts'
import type { TransportName } from '../engine/verify.ts'
import { PacketDecoder } from '../packet/decoder.ts'
import { encodeRefused } from '../packet/encode.ts'
import type { PacketLimits, SioPacket } from '../packet/packet.ts'
import { INVALID_NAMESPACE } from '../refusal.ts'
import { toBuffer } from './buffer.ts'
import { Client, type EngineSession, EngineSocket } from './client.ts'
import { type Report, raise } from './emitter.ts'
import type { ServerLimits } from './limits.ts'
import type { Carrier, Member } from './member.ts'
import type { DisconnectReason } from './reasons.ts'
import type { Space, Wish } from './space.ts'

/** What the connections of one server share. */
export interface ConnectionHost {
  readonly clock: Clock
  readonly turn: Turn
  readonly limits: ServerLimits
  readonly packets: PacketLimits
  readonly report: Report
  readonly connectTimeoutMs: number
  /** The namespace of a name, or null; may ask the application first. Calls `found` once. */
  find(name: string, auth: Auth, found: (space: Space | null) => void): void
  /** It is over for the application. */
  gone(connection: Connection): void
  /** Its transport is over, too. */
  left(connection: Connection): void
}

const NOTHING: Auth = Object.freeze({})
// Each refused connect is a question to the application, or at least an answer to write.
const MAX_REFUSED = 64
// A namespace that does not exist is told by its name, which the client has made up.
const MAX_ECHO = 256
// Namespaces that the server has ended are remembered: what a client sends before it has heard of it is no fault.
const MAX_ENDED = 128
const CLOSED_BY_PEER = [1000, 1001, 1005, 1006]

/** One client's connection: which namespaces it is in, and what goes to which of them. */
export class Connection implements Carrier, EngineSession, TransportListener, OutboxOwner {
  readonly handshake: Handshake
  readonly outbox: Outbox
  request: IncomingMessage | null
  readonly #host: ConnectionHost
  readonly #transport: EngineTransport
  readonly #decoder: PacketDecoder
  readonly #wishes = new Map<string, Entry>()
  #ended: Set<string> | null = null
  #client: Client | null = null
  #refused = 0
  #closed = false
  #connectBy: Undo | null
  #attachedBy: Undo | null = null
  // Those who wait for a ping to be answered.
  #asking: Set<(alive: boolean) => void> | null = null

  constructor(host: ConnectionHost, transport: EngineTransport, handshake: Handshake, request: IncomingMessage | null) {
    this.#host = host
    this.#transport = transport
    this.handshake = handshake
    this.request = request
    const { outboxBytes, volatileBytes } = host.limits
    this.outbox = new Outbox(transport, host.turn, { bytes: outboxBytes, volatileBytes }, this)
    this.#decoder = new PacketDecoder(host.packets)
    this.#connectBy = host.clock.after(host.connectTimeoutMs, () => this.#connectedTooLate())
    transport.moved = () => this.#client?.conn.emit('upgrade', this.#client.conn.transport)
  }

  /** Clients of revision 3 are connected to "/" without asking. */
  start(): void {
    if (this.version === 3) this.#connect('/', queryAuth(this.handshake.url.searchParams) ?? NOTHING)
  }

  get sid(): string {
    return this.#transport.sid
  }

  get version(): EngineVersion {
    return this.#transport.version
  }

  get transportName(): TransportName {
    return this.#transport.transport
  }

  get address(): string {
    return this.handshake.address
  }

  get open(): boolean {
    return !this.#closed
  }

  get client(): Client {
    this.#client ??= new Client(new EngineSocket(this))
    return this.#client
  }

  // From the transport

  received(payload: Payload): void {
    if (this.#closed) return
    const packet = this.#decoder.take(typeof payload === 'string' ? payload : toBuffer(payload))
    this.#attachedBy?.()
    this.#attachedBy = null
    if (packet === null) {
      const { clock, limits } = this.#host
      this.#attachedBy = clock.after(limits.attachmentMs, () => this.#broken('attachments did not come'))
    } else if (packet.kind === 'fault') this.#broken(packet.reason)
    else this.#read(packet)
  }

  alive(): void {
    for (const answered of this.#asking ?? []) answered(true)
  }

  drained(): void {
    if (!this.#closed) this.outbox.drained()
  }

  closed(code: number, reason: string): void {
    this.#end(reasonOf(code, reason), reason === '' ? undefined : { code, description: reason })
    this.#host.left(this)
  }

  // Packets

  #read(packet: SioPacket): void {
    if (packet.kind === 'connect') return this.#readConnect(packet.nsp, packet.auth)
    const entry = this.#wishes.get(packet.nsp)
    const member = entry?.member
    if (entry && packet.kind === 'disconnect') return this.#leave(packet.nsp, entry)
    if (!member?.connected) {
      if (!entry && this.#ended?.has(packet.nsp)) return
      return this.#shut('forced server close')
    }
    if (packet.kind === 'event') member.receive(packet.event, packet.args, packet.id)
    else if (packet.kind === 'ack' && packet.id !== null) member.settle(Number(packet.id), packet.args)
  }

  #readConnect(nsp: string, auth: Auth | undefined): void {
    if (this.version === 4) return this.#connect(nsp, auth ?? NOTHING)
    const split = splitQuery(nsp)
    this.#connect(split.nsp, queryAuth(split.query) ?? NOTHING)
  }

  #connect(nsp: string, auth: Auth): void {
    const known = this.#wishes.get(nsp)
    if (known?.member?.connected) return this.#shut('forced server close')
    // The answer to the first one is on its way.
    if (known) return
    if (this.#wishes.size >= this.#host.limits.namespacesPerConnection)
      return this.refuse(nsp, 'Too many namespaces', undefined)
    this.#ended?.delete(nsp)
    const entry = new Entry(this, nsp, auth)
    this.#wishes.set(nsp, entry)
    this.#host.find(nsp, auth, (space) => {
      if (entry.cancelled) return
      if (space) space.admit(entry)
      else entry.refuse(INVALID_NAMESPACE, undefined)
      // One that is still being judged is looked for when the time is up.
      if (entry.member?.connected) this.#connectedInTime()
    })
  }

  /** Tells the client that it is not let in. */
  refuse(nsp: string, message: string, data: unknown): void {
    if (++this.#refused > MAX_REFUSED) return this.#shut('forced server close')
    const name = nsp.slice(0, MAX_ECHO)
    try {
      this.write(encodeRefused(name, this.version, message, data))
    } catch (error) {
      this.#host.report(`What a client of ${name} is refused with cannot be written`, error)
      this.write(encodeRefused(name, this.version, message, undefined))
    }
  }

  #leave(nsp: string, entry: Entry): void {
    this.#wishes.delete(nsp)
    entry.cancelled = true
    entry.member?.end('client namespace disconnect')
  }

  /** Whether a wish is still one of this connection. */
  forget(nsp: string, entry: Entry): void {
    if (this.#wishes.get(nsp) === entry) this.#wishes.delete(nsp)
  }

  ended(member: Member): void {
    const { name } = member.host
    const entry = this.#wishes.get(name)
    if (entry?.member !== member) return
    this.#wishes.delete(name)
    entry.cancelled = true
    this.#ended ??= new Set()
    if (this.#ended.size >= MAX_ENDED) this.#ended.clear()
    this.#ended.add(name)
  }

  // Time

  /** A namespace is connected: it may stay. */
  #connectedInTime(): void {
    this.#connectBy?.()
    this.#connectBy = null
  }

  #connectedTooLate(): void {
    const connected = [...this.#wishes.values()].some(({ member }) => member?.connected)
    if (!connected) this.#shut('forced server close')
  }

  admitted(): void {
    this.#transport.trusted()
  }

  answersPing(ms: number): Promise<boolean> {
    if (this.#closed) return Promise.resolve(false)
    return new Promise((resolve) => {
      const answered = (alive: boolean) => {
        undo()
        this.#asking?.delete(answered)
        resolve(alive)
      }
      const undo = this.#host.clock.after(ms, () => answered(false))
      this.#asking ??= new Set()
      this.#asking.add(answered)
      this.#transport.ping()
    })
  }

  // Out

  write(payloads: Payload | readonly Payload[]): void {
    if (!this.#closed) this.outbox.push(new Frame(payloads, DIRECT))
  }

  hasRoom(): void {}

  tooSlow(): void {
    this.#host.turn.counters.closedAsSlow++
    this.#shut('transport error', { description: 'the client reads too slowly' })
  }

  // Ends

  abandon(): void {
    this.#shut('ping timeout')
  }

  disconnect(): void {
    for (const { member } of [...this.#wishes.values()]) member?.disconnect()
    this.#shut('forced server close')
  }

  close(): void {
    this.#shut('forced close')
  }

  /** The server stops. */
  stop(): void {
    this.#shut('server shutting down', undefined, CloseCode.goingAway)
  }

  /** Ends it without a goodbye. */
  destroy(): void {
    this.#transport.destroy()
  }

  #broken(reason: string): void {
    const error = new Error(`a packet cannot be read: ${reason}`)
    for (const { member } of [...this.#wishes.values()])
      if (member?.connected && member.face) raise(member.face, this.#host.report, 'error', [error])
    this.#shut('forced close', { description: reason })
  }

  #shut(reason: DisconnectReason, description?: unknown, code: number = 1005): void {
    if (this.#closed) return
    this.#end(reason, description)
    // What was written before is still to go out, unless it is too much.
    if (!this.#host.turn.flushing) this.outbox.flush()
    this.#transport.close(code, reason)
  }

  #end(reason: DisconnectReason, description: unknown): void {
    if (this.#closed) return
    this.#closed = true
    this.#connectedInTime()
    this.#attachedBy?.()
    for (const answered of this.#asking ?? []) answered(false)
    const { turn } = this.#host
    const tell = () => {
      for (const entry of [...this.#wishes.values()]) {
        entry.cancelled = true
        entry.member?.end(reason, description)
      }
      this.#wishes.clear()
      this.#client?.conn.emit('close', reason, description)
      this.#host.gone(this)
    }
    // No code of an application's while runs are being written.
    if (turn.flushing) turn.defer(tell)
    else tell()
  }
}

/** One namespace that a client wants to be in, or is. */
class Entry implements Wish {
  readonly carrier: Connection
  readonly auth: Auth
  readonly #nsp: string
  member: Member | null = null
  cancelled = false

  constructor(connection: Connection, nsp: string, auth: Auth) {
    this.carrier = connection
    this.#nsp = nsp
    this.auth = auth
  }

  refuse(message: string, data: unknown): void {
    this.cancelled = true
    this.carrier.forget(this.#nsp, this)
    this.carrier.refuse(this.#nsp, message, data)
  }
}

function reasonOf(code: number, reason: string): DisconnectReason {
  if (reason === NO_PONG) return 'ping timeout'
  if (code === 1002 && reason !== '') return 'parse error'
  return CLOSED_BY_PEER.includes(code) ? 'transport close' : 'transport error'
}
