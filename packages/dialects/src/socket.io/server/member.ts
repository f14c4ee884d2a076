import type { EventEmitter } from 'node:events'
import type { Payload } from '@rollcall/core'
import type { Handshake } from 'rollcall'
import type { Outbox } from 'rollcall/hub'
import type { Auth } from '../auth.ts'
import type { EngineVersion } from '../engine/packet.ts'
import { encodeAck, encodeDisconnect, namespacePrefix } from '../packet/encode.ts'
import { type Answers, type Awaiting, DISCONNECTED } from './answers.ts'
import { type Middleware, runChain } from './chain.ts'
import type { Client } from './client.ts'
import { type Report, raise } from './emitter.ts'
import type { AnyListener } from './events.ts'
import type { SendFlags } from './flags.ts'
import type { EventVariant } from './outgoing.ts'
import { type DisconnectReason, RECOVERABLE } from './reasons.ts'
import type { Stay } from './returns.ts'
import { type Occupant, Seat } from './seat.ts'

/** The connection that a member came by. */
export interface Carrier {
  /** The session's id in Engine.IO: nobody but its client may know it. */
  readonly sid: string
  readonly version: EngineVersion
  readonly handshake: Handshake
  /** What the application sees of it. */
  readonly client: Client
  readonly outbox: Outbox
  /** Whether it can still be written to. */
  readonly open: boolean
  /** Writes one message of its own; the last before a close goes out, too. */
  write(payloads: Payload | readonly Payload[]): void
  /** A member is let in: what its client sends is worth more trouble. */
  admitted(): void
  /** The member is over, and the connection goes on. */
  ended(member: Member): void
  /** Ends the connection, since its client does not answer: it may come back. */
  abandon(): void
  /** Ends all that came by it, and then the connection. */
  disconnect(): void
  /** Whether its client answers within `ms`. */
  answersPing(ms: number): Promise<boolean>
}

/** The namespace, as its members know it. */
export interface MemberHost {
  readonly name: string
  readonly report: Report
  /** Members with listeners for what is sent to them. */
  watchers: number
  newAnswers(): Answers
  nextAck(): number
  /** Where the history stands. */
  readonly position: number
  join(member: Member, room: string): void
  leave(member: Member, room: string): void
  /** Sends an event to this member alone. */
  deliver(member: Member, args: readonly unknown[], ack: number | null, isVolatile: boolean): void
  /** The member is over: out of its rooms. `stays`: it may come back. */
  exit(member: Member, stays: boolean): void
}

type Incoming = unknown[]

/** A client in a namespace: what a `Socket` stands for. */
export class Member implements Occupant {
  readonly id: string
  readonly host: MemberHost
  readonly carrier: Carrier
  readonly outbox: Outbox
  readonly variant: EventVariant
  readonly seat: Seat
  readonly auth: Auth
  readonly issued: number
  readonly recovered: boolean
  /** What it can come back to; null where nothing is recovered. */
  stay: Stay<Member> | null = null
  seats: Map<string, Seat> | null = null
  inOwnRoom: boolean = false
  fed: boolean = false
  data: unknown = {}
  /** `ending`: its application is being told. */
  state: 'joining' | 'connected' | 'ending' | 'gone' = 'joining'
  /** What the application knows it by. Set before anything else happens. */
  face: EventEmitter | null = null
  incoming: AnyListener[] | null = null
  #outgoing: AnyListener[] | null = null
  middlewares: Middleware<Incoming>[] | null = null
  #answers: Answers | null = null

  constructor(
    host: MemberHost,
    carrier: Carrier,
    variant: EventVariant,
    about: { readonly id: string; readonly auth: Auth; readonly issued: number; readonly recovered: boolean },
  ) {
    this.host = host
    this.carrier = carrier
    this.outbox = carrier.outbox
    this.variant = variant
    this.seat = new Seat(carrier.outbox, host.position)
    this.id = about.id
    this.auth = about.auth
    this.issued = about.issued
    this.recovered = about.recovered
  }

  get connected(): boolean {
    return this.state === 'connected' || this.state === 'ending'
  }

  /** Listeners for what is sent to it. */
  get outgoing(): AnyListener[] | null {
    return this.#outgoing
  }

  set outgoing(listeners: AnyListener[] | null) {
    if (!this.#outgoing && listeners) this.host.watchers++
    this.#outgoing = listeners
  }

  // Rooms

  join(room: string): void {
    if (this.state !== 'gone') this.host.join(this, room)
  }

  leave(room: string): void {
    if (this.state !== 'gone') this.host.leave(this, room)
  }

  get rooms(): Set<string> {
    const rooms = new Set<string>()
    if (this.inOwnRoom) rooms.add(this.id)
    for (const name of this.seats?.keys() ?? []) rooms.add(name)
    return rooms
  }

  // Out

  emit(args: readonly unknown[], flags: SendFlags, awaiting: Awaiting | null): void {
    if (this.state === 'gone') {
      awaiting?.failed(new Error(DISCONNECTED))
      return
    }
    const ack = awaiting ? this.host.nextAck() : null
    if (awaiting && ack !== null) this.expect(ack, awaiting, flags.timeoutMs)
    this.tellOutgoing(args)
    this.host.deliver(this, args, ack, flags.volatile)
  }

  /** Tells its listeners of something that is sent to it. */
  tellOutgoing(args: readonly unknown[]): void {
    for (const listener of this.#outgoing ?? []) this.#call(listener, args)
  }

  expect(ack: number, awaiting: Awaiting, timeoutMs: number | null): void {
    this.#answers ??= this.host.newAnswers()
    this.#answers.expect(ack, awaiting, timeoutMs)
  }

  forget(ack: number): void {
    this.#answers?.forget(ack)
  }

  // In

  /** An event of the client. `id`: it wants it acknowledged. */
  receive(event: string, args: readonly unknown[], id: string | null): void {
    if (this.state !== 'connected') return
    const given = id === null ? args : [...args, this.#acknowledgement(id)]
    if (!this.incoming && !this.middlewares) return this.#raise(event, given)
    const incoming: Incoming = [event, ...given]
    for (const listener of this.incoming ?? []) this.#call(listener, incoming)
    runChain(this.middlewares ?? [], incoming, this.host.report, (verdict) => {
      if (verdict?.unexpected) this.host.report('A middleware of a socket failed', verdict.error)
      if (verdict) this.#raise('error', [verdict.error])
      // A middleware may have taken its time, or changed the event.
      else if (this.connected) this.#raise(String(incoming[0]), incoming.slice(1))
    })
  }

  /** An acknowledgement of the client. */
  settle(id: number, args: readonly unknown[]): void {
    this.#answers?.settle(id, args)
  }

  #acknowledgement(id: string): (...args: unknown[]) => void {
    let sent = false
    return (...args) => {
      if (sent || !this.connected) return
      const { version } = this.carrier
      this.carrier.write(encodeAck(namespacePrefix(this.host.name), id, args, version))
      sent = true
    }
  }

  // Ends

  /** The server ends it; its connection goes on. */
  disconnect(): void {
    if (this.state !== 'connected') return
    this.carrier.write(encodeDisconnect(this.host.name))
    this.end('server namespace disconnect')
  }

  /** It is over: its application is told, before and after it has left its rooms. */
  end(reason: DisconnectReason, description?: unknown): void {
    if (this.state === 'ending' || this.state === 'gone') return
    const told = this.state === 'connected'
    this.state = 'ending'
    if (told) this.#raise('disconnecting', [reason, description])
    // One that was still being judged goes back to what it came from.
    this.host.exit(this, RECOVERABLE.has(reason) && (told || this.recovered))
    this.carrier.ended(this)
    this.state = 'gone'
    if (this.#outgoing) this.host.watchers--
    this.#answers?.end()
    if (told) this.#raise('disconnect', [reason, description])
  }

  #raise(event: string, args: readonly unknown[]): void {
    if (this.face) raise(this.face, this.host.report, event, args)
  }

  #call(listener: AnyListener, args: readonly unknown[]): void {
    try {
      listener.apply(this.face, args as unknown[])
    } catch (error) {
      this.host.report('A catch-all listener failed', error)
    }
  }
}
