import type { IncomingMessage } from 'node:http'
import type { Adapter } from './adapter.ts'
import { BroadcastOperator, type RemoteSocket } from './broadcast-operator.ts'
import type { Middleware } from './chain.ts'
import type { Client, EngineSocket } from './client.ts'
import { TypedEmitter } from './emitter.ts'
import type {
  AllButLast,
  AnyListener,
  DecorateAcknowledgements,
  DefaultEventsMap,
  DecorateAcknowledgementsWithMultipleResponses as EachAnswers,
  EventNames,
  EventNamesWithAck,
  EventNamesWithoutAck,
  EventParams,
  EventsMap,
  FirstNonErrorArg,
  Last,
} from './events.ts'
import { NO_FLAGS, type SendFlags } from './flags.ts'
import { type Handshake, toHandshake } from './handshake.ts'
import { showAs } from './inspect.ts'
import { addFirst, addLast, remove } from './listeners.ts'
import type { Member } from './member.ts'
import type { Reach } from './reach.ts'
import type { DisconnectReason } from './reasons.ts'
import { refuseReserved, splitAck } from './reserved.ts'

/** An event as a middleware of a socket sees it: its name, then its arguments, and the acknowledgement where one is wanted. */
// biome-ignore lint/suspicious/noExplicitAny: clients send what they like
export type Event = [string, ...any[]]

/** Events that the server itself raises on a socket. */
export interface SocketReservedEventsMap {
  /** It is about to be disconnected, and still in its rooms. */
  disconnecting: (reason: DisconnectReason, description?: unknown) => void
  disconnect: (reason: DisconnectReason, description?: unknown) => void
  /** A middleware of the socket refused an event. Clients may send an event of this name, too. */
  error: (error: Error) => void
}

/** A server, as its sockets' namespaces show it. */
export interface SocketServer<
  Listen extends EventsMap = DefaultEventsMap,
  Emit extends EventsMap = Listen,
  ServerSide extends EventsMap = DefaultEventsMap,
  // biome-ignore lint/suspicious/noExplicitAny: whatever the application keeps there
  SocketData = any,
> {
  readonly sockets: SocketNamespace<Listen, Emit, ServerSide, SocketData>
  of(name: string): SocketNamespace<Listen, Emit, ServerSide, SocketData>
}

/** A namespace, as its sockets show it: what `Namespace` is, but for what no socket needs. */
export interface SocketNamespace<
  Listen extends EventsMap = DefaultEventsMap,
  Emit extends EventsMap = Listen,
  ServerSide extends EventsMap = DefaultEventsMap,
  // biome-ignore lint/suspicious/noExplicitAny: whatever the application keeps there
  SocketData = any,
> {
  readonly name: string
  readonly server: SocketServer<Listen, Emit, ServerSide, SocketData>
  readonly adapter: Adapter
  readonly sockets: Map<string, Socket<Listen, Emit, ServerSide, SocketData>>
  to(room: string | readonly string[]): BroadcastOperator<EachAnswers<Emit>, SocketData>
  in(room: string | readonly string[]): BroadcastOperator<EachAnswers<Emit>, SocketData>
  except(room: string | readonly string[]): BroadcastOperator<EachAnswers<Emit>, SocketData>
  readonly volatile: BroadcastOperator<EachAnswers<Emit>, SocketData>
  readonly local: BroadcastOperator<EachAnswers<Emit>, SocketData>
  timeout(timeout: number): BroadcastOperator<DecorateAcknowledgements<EachAnswers<Emit>>, SocketData>
  emit<Event extends EventNamesWithoutAck<Emit>>(event: Event, ...args: EventParams<Emit, Event>): boolean
  fetchSockets(): Promise<RemoteSocket<Emit, SocketData>[]>
  socketsJoin(room: string | readonly string[]): void
  socketsLeave(room: string | readonly string[]): void
  disconnectSockets(close?: boolean): void
}

/** One client in one namespace. Listen to its events with `on`, answer with `emit`. */
export class Socket<
  Listen extends EventsMap = DefaultEventsMap,
  Emit extends EventsMap = Listen,
  ServerSide extends EventsMap = DefaultEventsMap,
  // biome-ignore lint/suspicious/noExplicitAny: whatever the application keeps there
  SocketData = any,
> extends TypedEmitter<Listen, Emit, SocketReservedEventsMap> {
  /** The namespace that it is in. */
  readonly nsp: SocketNamespace<Listen, Emit, ServerSide, SocketData>
  readonly #member: Member
  readonly #reach: Reach
  #flags: SendFlags = NO_FLAGS
  #handshake: Handshake | null = null

  /** Made by its namespace. */
  constructor(member: Member, nsp: SocketNamespace<Listen, Emit, ServerSide, SocketData>, reach: Reach) {
    super(member.host.report)
    this.nsp = nsp
    this.#member = member
    this.#reach = reach
  }

  /** Names it to everybody: not a secret, and not the same after a reconnect, unless that recovered. */
  get id(): string {
    return this.#member.id
  }

  /** Whatever the application wants to keep with it. */
  get data(): SocketData {
    return this.#member.data as SocketData
  }

  set data(data: SocketData) {
    this.#member.data = data
  }

  /** The request and the `auth` that it came with. */
  get handshake(): Handshake {
    const { carrier, issued, auth } = this.#member
    this.#handshake ??= toHandshake(carrier.handshake, issued, auth)
    return this.#handshake
  }

  /** Whether it goes on from an earlier connection: with the id, the rooms, the data and what it had missed. */
  get recovered(): boolean {
    return this.#member.recovered
  }

  get connected(): boolean {
    return this.#member.connected
  }

  get disconnected(): boolean {
    return !this.connected
  }

  /** The rooms that it is in, its own included. */
  get rooms(): Set<string> {
    return this.#member.rooms
  }

  /** The connection that it shares with the client's other namespaces. */
  get client(): Client {
    return this.#member.carrier.client
  }

  /** The session of Engine.IO below it. */
  get conn(): EngineSocket {
    return this.client.conn
  }

  /** The request that the connection began with. */
  get request(): IncomingMessage {
    return this.client.request
  }

  // Sending

  /**
   * Sends an event to the client. With a function as its last argument it is acknowledged: that is called with what the
   * client answers; after `timeout`, with an error or null before it.
   * @throws Error on a reserved name.
   */
  emit<Event extends EventNames<Emit>>(event: Event, ...args: EventParams<Emit, Event>): boolean {
    refuseReserved(event)
    const flags = this.#takeFlags()
    const { sent, ack } = splitAck(args)
    const timed = flags.timeoutMs !== null
    const awaiting = ack && {
      answered: (answer: readonly unknown[]) => this.#call(ack, timed ? [null, ...answer] : answer),
      // Without `timeout` there is no place to say it in.
      failed: (error: Error) => timed && this.#call(ack, [error]),
    }
    this.#member.emit([event, ...sent], flags, awaiting)
    return true
  }

  /** Sends an event and settles with the client's answer: rejects after `timeout`, or when the client is gone. */
  emitWithAck<Event extends EventNamesWithAck<Emit>>(
    event: Event,
    ...args: AllButLast<EventParams<Emit, Event>>
  ): Promise<FirstNonErrorArg<Last<EventParams<Emit, Event>>>> {
    refuseReserved(event)
    const flags = this.#takeFlags()
    return new Promise((resolve, reject) => {
      const awaiting = {
        answered: ([first]: readonly unknown[]) => resolve(first as FirstNonErrorArg<Last<EventParams<Emit, Event>>>),
        failed: reject,
      }
      this.#member.emit([event, ...args], flags, awaiting)
    })
  }

  #call(ack: AnyListener, args: readonly unknown[]): void {
    try {
      ack.apply(this, args as unknown[])
    } catch (error) {
      this.#member.host.report('An acknowledgement failed', error)
    }
  }

  /** Sends the event `message`. */
  send(...args: EventParams<Emit, 'message'>): this {
    this.emit('message', ...args)
    return this
  }

  /** Sends the event `message`. */
  write(...args: EventParams<Emit, 'message'>): this {
    return this.send(...args)
  }

  /** The next event may be dropped if the connection is slow. */
  get volatile(): this {
    this.#flags = { ...this.#flags, volatile: true }
    return this
  }

  /** Does nothing: what is compressed is for `perMessageDeflate` to say, since it is compressed once for all. */
  compress(_compress: boolean): this {
    return this
  }

  /** How long the next event's acknowledgement is waited for, in milliseconds. */
  timeout(timeout: number): Socket<Listen, DecorateAcknowledgements<Emit>, ServerSide, SocketData> {
    this.#flags = { ...this.#flags, timeoutMs: timeout }
    return this as unknown as Socket<Listen, DecorateAcknowledgements<Emit>, ServerSide, SocketData>
  }

  #takeFlags(): SendFlags {
    const flags = this.#flags
    this.#flags = NO_FLAGS
    return flags
  }

  // To others

  /** To those in a room, but not to this one. */
  to(room: string | readonly string[]): BroadcastOperator<EachAnswers<Emit>, SocketData> {
    return this.broadcast.to(room)
  }

  /** The same as `to`. */
  in(room: string | readonly string[]): BroadcastOperator<EachAnswers<Emit>, SocketData> {
    return this.broadcast.to(room)
  }

  /** To all but this one and those in a room. */
  except(room: string | readonly string[]): BroadcastOperator<EachAnswers<Emit>, SocketData> {
    return this.broadcast.except(room)
  }

  /** To all but this one. */
  get broadcast(): BroadcastOperator<EachAnswers<Emit>, SocketData> {
    return new BroadcastOperator(this.#reach, new Set(), new Set([this.id]), this.#takeFlags())
  }

  /** To all of this server but this one. */
  get local(): BroadcastOperator<EachAnswers<Emit>, SocketData> {
    return this.broadcast.local
  }

  // Rooms

  /** Joins rooms, at once. */
  join(rooms: string | readonly string[]): Promise<void> | void {
    for (const room of Array.isArray(rooms) ? rooms : [rooms]) this.#member.join(room)
  }

  /** Leaves a room, at once. */
  leave(room: string): Promise<void> | void {
    this.#member.leave(room)
  }

  /** Disconnects it from the namespace; with `close`, its connection with all that came by it. */
  disconnect(close: boolean = false): this {
    if (!this.#member.connected) return this
    if (close) this.#member.carrier.disconnect()
    else this.#member.disconnect()
    return this
  }

  // Listening

  /** Judges every event of the client before its listeners are called. It may be async. */
  use(middleware: (event: Event, next: (error?: Error) => void) => void): this {
    this.#member.middlewares ??= []
    this.#member.middlewares.push(middleware as Middleware<unknown[]>)
    return this
  }

  /** Listens to every event of the client. */
  onAny(listener: AnyListener): this {
    this.#member.incoming = addLast(this.#member.incoming, listener)
    return this
  }

  /** The same, before those that are there. */
  prependAny(listener: AnyListener): this {
    this.#member.incoming = addFirst(this.#member.incoming, listener)
    return this
  }

  /** Takes one of these listeners away, or all. */
  offAny(listener?: AnyListener): this {
    this.#member.incoming = remove(this.#member.incoming, listener)
    return this
  }

  listenersAny(): AnyListener[] {
    return [...(this.#member.incoming ?? [])]
  }

  /** Listens to every event that is sent to the client, also to its rooms. */
  onAnyOutgoing(listener: AnyListener): this {
    this.#member.outgoing = addLast(this.#member.outgoing, listener)
    return this
  }

  /** The same, before those that are there. */
  prependAnyOutgoing(listener: AnyListener): this {
    this.#member.outgoing = addFirst(this.#member.outgoing, listener)
    return this
  }

  /** Takes one of these listeners away, or all. */
  offAnyOutgoing(listener?: AnyListener): this {
    this.#member.outgoing = remove(this.#member.outgoing, listener)
    return this
  }

  listenersAnyOutgoing(): AnyListener[] {
    return [...(this.#member.outgoing ?? [])]
  }
}

showAs(Socket, ({ id, nsp, connected, recovered, conn, rooms, data }) => {
  const { remoteAddress, transport } = conn
  return { id, nsp: nsp.name, connected, recovered, transport: transport.name, remoteAddress, rooms, data }
})
