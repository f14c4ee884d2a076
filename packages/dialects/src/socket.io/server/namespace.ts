import { Adapter, watchFor } from './adapter.ts'
import { BroadcastOperator, type RemoteSocket } from './broadcast-operator.ts'
import type { Middleware } from './chain.ts'
import { type Report, raise, TypedEmitter } from './emitter.ts'
import type {
  AllButLast,
  DecorateAcknowledgements,
  DefaultEventsMap,
  DecorateAcknowledgementsWithMultipleResponses as EachAnswers,
  DecorateAcknowledgementsWithTimeoutAndMultipleResponses as EachServerAnswers,
  EventNames,
  EventNamesWithAck,
  EventNamesWithoutAck,
  EventParams,
  EventsMap,
  FirstNonErrorArg,
  Last,
  RemoveAcknowledgements,
} from './events.ts'
import type { Gathered } from './gathering.ts'
import { showAs } from './inspect.ts'
import { type PastEvent, toPastEvent } from './past.ts'
import type { Reach } from './reach.ts'
import { splitAck } from './reserved.ts'
import type { RoomWatch } from './rooms.ts'
import { Socket, type SocketNamespace, type SocketServer } from './socket.ts'
import type { Space, SpaceFace } from './space.ts'

/** What a middleware may refuse with: the client is told its message, and its `data`. */
export interface ExtendedError extends Error {
  // biome-ignore lint/suspicious/noExplicitAny: whatever the client understands
  data?: any
}

/** Events that a namespace raises itself. */
export interface NamespaceReservedEventsMap<
  Listen extends EventsMap,
  Emit extends EventsMap,
  ServerSide extends EventsMap,
  SocketData,
> {
  connect: (socket: Socket<Listen, Emit, ServerSide, SocketData>) => void
  connection: (socket: Socket<Listen, Emit, ServerSide, SocketData>) => void
}

/** Judges a client that wants to be in a namespace: `next()` lets it in, `next(error)` refuses. It may be async. */
export type NamespaceMiddleware<
  Listen extends EventsMap,
  Emit extends EventsMap,
  ServerSide extends EventsMap,
  SocketData,
> = (socket: Socket<Listen, Emit, ServerSide, SocketData>, next: (error?: ExtendedError) => void) => void

/** What a namespace is made of. */
export interface NamespaceParts {
  readonly name: string
  readonly server: SocketServer
  readonly report: Report
  space(face: SpaceFace, watch: RoomWatch): Space
  /** Its sockets, and those of the other servers where there are any. */
  reach(space: Space): Reach
  /** Raises an event in the same namespace of the other servers. `done`: their answers are wanted. */
  serverSide(args: readonly unknown[], done: Gathered | null): void
}

// Raised by the namespace itself.
const RESERVED: readonly string[] = ['connect', 'connection', 'new_namespace']

/** What is behind a namespace. */
export interface Behind {
  readonly space: Space
  readonly reach: Reach
}

let look: (namespace: object) => Behind

/** Looks behind a namespace of ours. */
export function behind(namespace: object): Behind {
  return look(namespace)
}

/** A part of the server that clients connect to by its name: with its own sockets, rooms and middlewares. */
export class Namespace<
    Listen extends EventsMap = DefaultEventsMap,
    Emit extends EventsMap = Listen,
    ServerSide extends EventsMap = DefaultEventsMap,
    // biome-ignore lint/suspicious/noExplicitAny: whatever the application keeps there
    SocketData = any,
  >
  extends TypedEmitter<
    ServerSide,
    RemoveAcknowledgements<Emit>,
    NamespaceReservedEventsMap<Listen, Emit, ServerSide, SocketData>
  >
  implements SocketNamespace<Listen, Emit, ServerSide, SocketData>
{
  readonly name: string
  readonly server: SocketServer<Listen, Emit, ServerSide, SocketData>
  readonly adapter: Adapter
  readonly #space: Space
  readonly #reach: Reach
  readonly #serverSide: NamespaceParts['serverSide']

  static {
    look = (namespace) => ({ space: (namespace as Namespace).#space, reach: (namespace as Namespace).#reach })
  }

  /** Made by its server. */
  constructor({ name, server, report, space, reach, serverSide }: NamespaceParts) {
    super(report)
    this.name = name
    this.server = server as unknown as SocketServer<Listen, Emit, ServerSide, SocketData>
    this.adapter = new Adapter(() => this.#space.rooms)
    const face: SpaceFace = {
      socket: (member) => new Socket<Listen, Emit, ServerSide, SocketData>(member, this, this.#reach),
      connected: (socket) => {
        raise(this, report, 'connect', [socket])
        raise(this, report, 'connection', [socket])
      },
    }
    this.#space = space(
      face,
      watchFor(() => this.adapter),
    )
    this.#reach = reach(this.#space)
    this.#serverSide = serverSide
  }

  /** The connected sockets of this server, by their ids. */
  get sockets(): Map<string, Socket<Listen, Emit, ServerSide, SocketData>> {
    return this.#space.sockets as unknown as Map<string, Socket<Listen, Emit, ServerSide, SocketData>>
  }

  /** Judges every client that wants to be in here. */
  use(middleware: NamespaceMiddleware<Listen, Emit, ServerSide, SocketData>): this {
    this.#space.middlewares.push(middleware as unknown as Middleware<unknown>)
    return this
  }

  // To sockets

  get #everybody(): BroadcastOperator<EachAnswers<Emit>, SocketData> {
    return new BroadcastOperator(this.#reach)
  }

  /** To those in a room. */
  to(room: string | readonly string[]): BroadcastOperator<EachAnswers<Emit>, SocketData> {
    return this.#everybody.to(room)
  }

  /** The same as `to`. */
  in(room: string | readonly string[]): BroadcastOperator<EachAnswers<Emit>, SocketData> {
    return this.#everybody.to(room)
  }

  /** To all but those in a room. */
  except(room: string | readonly string[]): BroadcastOperator<EachAnswers<Emit>, SocketData> {
    return this.#everybody.except(room)
  }

  /** Does nothing: what is compressed is for `perMessageDeflate` to say, since it is compressed once for all. */
  compress(_compress: boolean): BroadcastOperator<EachAnswers<Emit>, SocketData> {
    return this.#everybody
  }

  /** The event may be dropped where a connection is slow. */
  get volatile(): BroadcastOperator<EachAnswers<Emit>, SocketData> {
    return this.#everybody.volatile
  }

  /** Only to the sockets of this server. */
  get local(): BroadcastOperator<EachAnswers<Emit>, SocketData> {
    return this.#everybody.local
  }

  /** How long acknowledgements are waited for, in milliseconds. */
  timeout(timeout: number): BroadcastOperator<DecorateAcknowledgements<EachAnswers<Emit>>, SocketData> {
    return this.#everybody.timeout(timeout)
  }

  /**
   * Sends an event to all sockets.
   * @throws Error on a reserved name.
   */
  emit<Event extends EventNamesWithoutAck<Emit>>(event: Event, ...args: EventParams<Emit, Event>): boolean {
    // The types of the operator have answers, of which an event without an acknowledgement has none.
    return (this.#everybody as BroadcastOperator<DefaultEventsMap, SocketData>).emit(event as string, ...args)
  }

  /** Sends the event `message` to all sockets. */
  send(...args: EventParams<Emit, 'message'>): this {
    ;(this.#everybody as BroadcastOperator<DefaultEventsMap, SocketData>).emit('message', ...args)
    return this
  }

  /** The same as `send`. */
  write(...args: EventParams<Emit, 'message'>): this {
    return this.send(...args)
  }

  // To other servers

  /**
   * Raises an event in this namespace of the other servers, not in this one. With a function as its last argument they
   * acknowledge it: that is called with an error or null, and what each of them answered.
   * @throws Error on a reserved name.
   */
  serverSideEmit<Event extends EventNames<ServerSide>>(
    event: Event,
    ...args: EventParams<EachServerAnswers<ServerSide>, Event>
  ): boolean {
    if (RESERVED.includes(String(event))) throw new Error(`"${String(event)}" is a reserved event name`)
    const { sent, ack } = splitAck(args)
    this.#serverSide([event, ...sent], ack)
    return true
  }

  /** The same, as a promise. It rejects if an answer is missing; the error has the others as `responses`. */
  serverSideEmitWithAck<Event extends EventNamesWithAck<ServerSide>>(
    event: Event,
    ...args: AllButLast<EventParams<ServerSide, Event>>
  ): Promise<FirstNonErrorArg<Last<EventParams<ServerSide, Event>>>[]> {
    return new Promise((resolve, reject) => {
      this.#serverSide([event, ...args], (error, responses) => {
        if (error) reject(Object.assign(error, { responses }))
        else resolve(responses as FirstNonErrorArg<Last<EventParams<ServerSide, Event>>>[])
      })
    })
  }

  // All sockets

  /**
   * Ids of all sockets.
   * @deprecated Take `fetchSockets`.
   */
  allSockets(): Promise<Set<string>> {
    return this.#everybody.allSockets()
  }

  /** All sockets, of the other servers, too. */
  fetchSockets(): Promise<RemoteSocket<Emit, SocketData>[]> {
    return this.#everybody.fetchSockets() as unknown as Promise<RemoteSocket<Emit, SocketData>[]>
  }

  /** Makes all sockets join rooms. */
  socketsJoin(room: string | readonly string[]): void {
    this.#everybody.socketsJoin(room)
  }

  /** Makes all sockets leave rooms. */
  socketsLeave(room: string | readonly string[]): void {
    this.#everybody.socketsLeave(room)
  }

  /** Disconnects all sockets; with `close`, also the connections that they came by. */
  disconnectSockets(close: boolean = false): void {
    this.#everybody.disconnectSockets(close)
  }

  /**
   * The newest events that were sent to a room of this server, oldest first; without one, to the whole namespace. Not those
   * to several rooms of which it is none, nor volatile ones, nor such with an acknowledgement.
   * @throws Error where the server was made without `history` and without `connectionStateRecovery`.
   */
  history(options: { readonly room?: string; readonly last?: number } = {}): PastEvent[] {
    const { room = null, last = 50 } = options
    if (!this.#space.keeps) throw new Error(`${this.name} keeps no history: make the server with the option history`)
    return this.#space.latest(room, last).map((kept) => toPastEvent(kept, this.#space.recovers))
  }
}

showAs(Namespace, ({ name, sockets, adapter }) => ({ name, sockets: sockets.size, rooms: adapter.rooms.size }))
