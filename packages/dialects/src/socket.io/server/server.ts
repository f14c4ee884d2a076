import { EventEmitter } from 'node:events'
import type { BroadcastOperator, RemoteSocket } from './broadcast-operator.ts'
import { TypedEmitter } from './emitter.ts'
import { Engine } from './engine.ts'
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
import { type AnyHttpServer, Front } from './front.ts'
import { Hall, type NamespaceMatch } from './hall.ts'
import { showAs } from './inspect.ts'
import type { Namespace, NamespaceMiddleware, NamespaceReservedEventsMap } from './namespace.ts'
import { notOffered } from './not-offered.ts'
import { checkNames, checkPlace, hallOptions, type ServerOptions, wayOptions } from './options.ts'
import type { PastEvent } from './past.ts'
import type { Socket, SocketServer } from './socket.ts'

/** Events that a server raises itself. */
export interface ServerReservedEventsMap<
  Listen extends EventsMap,
  Emit extends EventsMap,
  ServerSide extends EventsMap,
  SocketData,
> extends NamespaceReservedEventsMap<Listen, Emit, ServerSide, SocketData> {
  new_namespace: (namespace: Namespace<Listen, Emit, ServerSide, SocketData>) => void
}

/**
 * A server for clients of Socket.IO, with the API of its own servers. All that it shares with a namespace is that of `/`.
 *
 * ```ts
 * const io = new Server<ClientToServer, ServerToClient>(3000)
 * io.on('connection', (socket) => socket.on('message', (text) => io.emit('message', text)))
 * ```
 */
export class Server<
    Listen extends EventsMap = DefaultEventsMap,
    Emit extends EventsMap = Listen,
    ServerSide extends EventsMap = DefaultEventsMap,
    // biome-ignore lint/suspicious/noExplicitAny: whatever the application keeps there
    SocketData = any,
  >
  extends TypedEmitter<
    ServerSide,
    RemoveAcknowledgements<Emit>,
    ServerReservedEventsMap<Listen, Emit, ServerSide, SocketData>
  >
  implements SocketServer<Listen, Emit, ServerSide, SocketData>
{
  /** The namespace `/`. */
  readonly sockets: Namespace<Listen, Emit, ServerSide, SocketData>
  /** Engine.IO below the namespaces. */
  readonly engine: Engine
  readonly #options: ServerOptions
  readonly #hall: Hall
  readonly #front: Front
  #path: string
  #httpServer: AnyHttpServer | null = null

  /**
   * Without a server or a port it waits for `listen` or `attach`.
   * @throws TypeError, RangeError or Error on an option that cannot work, is not offered, or is not there, naming it.
   */
  constructor(options?: Partial<ServerOptions>)
  constructor(server?: AnyHttpServer | number, options?: Partial<ServerOptions>)
  constructor(server: undefined | Partial<ServerOptions> | AnyHttpServer | number, options?: Partial<ServerOptions>)
  constructor(first?: Partial<ServerOptions> | AnyHttpServer | number, second: Partial<ServerOptions> = {}) {
    const isOptions = typeof first === 'object' && first !== null && !('listen' in first)
    const options = isOptions ? first : second
    checkNames(options)
    const hall = hallOptions(options)
    wayOptions(options)
    super(hall.report)
    this.#options = options
    this.#path = options.path ?? '/socket.io'
    this.#hall = new Hall(hall, this as unknown as SocketServer, (namespace) => {
      EventEmitter.prototype.emit.call(this.sockets, 'new_namespace', namespace)
    })
    this.sockets = this.#hall.of('/') as unknown as Namespace<Listen, Emit, ServerSide, SocketData>
    this.engine = new Engine(
      () => this.#hall.size,
      () => hall.random.token(15),
    )
    this.#front = new Front(this.#hall, this.engine)
    const { serveClient } = options
    this.#front.serve(serveClient === undefined ? 'if-there' : serveClient ? 'always' : 'never')
    if (first !== undefined && first !== null && !isOptions) this.attach(first as AnyHttpServer | number)
  }

  // HTTP

  /** The HTTP server that it was attached to last. */
  get httpServer(): AnyHttpServer {
    return this.#httpServer as AnyHttpServer
  }

  /** Opens a port, or takes part in an HTTP server. Options of the constructor come first. */
  listen(server: AnyHttpServer | number, options: Partial<ServerOptions> = {}): this {
    return this.attach(server, options)
  }

  /** The same as `listen`. */
  attach(server: AnyHttpServer | number, options: Partial<ServerOptions> = {}): this {
    if (typeof server === 'function')
      throw new TypeError('This is a function for requests, of Express say: give the http.Server that calls it')
    checkNames(options)
    checkPlace(options, this.#options)
    const way = wayOptions({ ...options, ...this.#options, path: options.path ?? this.#path })
    const port = Number(server)
    if (typeof server === 'number' || Number.isInteger(port)) this.#httpServer = this.#front.listen(port, way)
    else {
      this.#front.attach(server, way)
      this.#httpServer = server
    }
    return this
  }

  /** Not offered. */
  attachApp(_app: unknown, _options?: unknown): never {
    return notOffered('attachApp()', 'events are written as fast with Node: use listen or attach')
  }

  /** Not offered. */
  bind(_engine: unknown): never {
    return notOffered('bind()', 'it has its own engine: use listen or attach')
  }

  /** Ends all connections and closes the HTTP servers, also those that it was attached to. */
  async close(done?: (error?: Error) => void): Promise<void> {
    const error = await this.#front.close()
    done?.(error)
  }

  /** Whether the client's bundle is served. */
  serveClient(serve: boolean): this
  serveClient(): boolean
  serveClient(serve?: boolean): this | boolean {
    if (serve === undefined) return this.#front.serving !== 'never'
    this.#front.serve(serve ? 'always' : 'never')
    return this
  }

  /** The path that the next `attach` takes. */
  path(path: string): this
  path(): string
  path(path?: string): this | string {
    if (path === undefined) return this.#path
    this.#path = path.replace(/\/$/, '')
    return this
  }

  /** How long a client may take until a namespace is connected, in milliseconds. */
  connectTimeout(ms: number): this
  connectTimeout(): number
  connectTimeout(ms?: number): this | number {
    if (ms === undefined) return this.#hall.connectTimeoutMs
    if (!(ms > 0)) throw new RangeError('connectTimeout must be a number above 0')
    this.#hall.connectTimeoutMs = ms
    return this
  }

  /** Not offered. */
  adapter(_adapter?: unknown): never {
    return notOffered('adapter()', 'servers are joined by the option broker')
  }

  // Namespaces

  /**
   * The namespace of a name, made where there is none yet. With a regular expression or a function: one that others are made
   * of, when clients want to be in them; they take over its middlewares and its listeners of `connection`.
   * @throws Error on a regular expression with state.
   */
  of(
    name: string | RegExp | NamespaceMatch,
    listener?: (socket: Socket<Listen, Emit, ServerSide, SocketData>) => void,
  ): Namespace<Listen, Emit, ServerSide, SocketData> {
    const found = typeof name === 'function' || name instanceof RegExp ? this.#hall.parent(name) : this.#hall.of(name)
    const namespace = found as unknown as Namespace<Listen, Emit, ServerSide, SocketData>
    if (listener) (namespace as unknown as EventEmitter).on('connect', listener)
    return namespace
  }

  /** Judges every client that wants to be in `/`. */
  use(middleware: NamespaceMiddleware<Listen, Emit, ServerSide, SocketData>): this {
    this.sockets.use(middleware)
    return this
  }

  // What `/` can

  /** To those in a room. */
  to(room: string | readonly string[]): BroadcastOperator<EachAnswers<Emit>, SocketData> {
    return this.sockets.to(room)
  }

  /** The same as `to`. */
  in(room: string | readonly string[]): BroadcastOperator<EachAnswers<Emit>, SocketData> {
    return this.sockets.to(room)
  }

  /** To all but those in a room. */
  except(room: string | readonly string[]): BroadcastOperator<EachAnswers<Emit>, SocketData> {
    return this.sockets.except(room)
  }

  /** Does nothing: what is compressed is for `perMessageDeflate` to say, since it is compressed once for all. */
  compress(compress: boolean): BroadcastOperator<EachAnswers<Emit>, SocketData> {
    return this.sockets.compress(compress)
  }

  /** The event may be dropped where a connection is slow. */
  get volatile(): BroadcastOperator<EachAnswers<Emit>, SocketData> {
    return this.sockets.volatile
  }

  /** Only to the sockets of this server. */
  get local(): BroadcastOperator<EachAnswers<Emit>, SocketData> {
    return this.sockets.local
  }

  /** How long acknowledgements are waited for, in milliseconds. */
  timeout(timeout: number): BroadcastOperator<DecorateAcknowledgements<EachAnswers<Emit>>, SocketData> {
    return this.sockets.timeout(timeout)
  }

  /** Sends an event to all sockets of `/`. */
  emit<Event extends EventNamesWithoutAck<Emit>>(event: Event, ...args: EventParams<Emit, Event>): boolean {
    return this.sockets.emit(event, ...args)
  }

  /** Sends the event `message` to all sockets of `/`. */
  send(...args: EventParams<Emit, 'message'>): this {
    this.sockets.send(...args)
    return this
  }

  /** The same as `send`. */
  write(...args: EventParams<Emit, 'message'>): this {
    return this.send(...args)
  }

  /** Raises an event in `/` of the other servers, see `Namespace`. */
  serverSideEmit<Event extends EventNames<ServerSide>>(
    event: Event,
    ...args: EventParams<EachServerAnswers<ServerSide>, Event>
  ): boolean {
    return this.sockets.serverSideEmit(event, ...args)
  }

  /** The same, as a promise. */
  serverSideEmitWithAck<Event extends EventNamesWithAck<ServerSide>>(
    event: Event,
    ...args: AllButLast<EventParams<ServerSide, Event>>
  ): Promise<FirstNonErrorArg<Last<EventParams<ServerSide, Event>>>[]> {
    return this.sockets.serverSideEmitWithAck(event, ...args)
  }

  /**
   * Ids of all sockets of `/`.
   * @deprecated Take `fetchSockets`.
   */
  allSockets(): Promise<Set<string>> {
    return this.sockets.allSockets()
  }

  /** All sockets of `/`. */
  fetchSockets(): Promise<RemoteSocket<Emit, SocketData>[]> {
    return this.sockets.fetchSockets()
  }

  /** Makes all sockets of `/` join rooms. */
  socketsJoin(room: string | readonly string[]): void {
    this.sockets.socketsJoin(room)
  }

  /** Makes all sockets of `/` leave rooms. */
  socketsLeave(room: string | readonly string[]): void {
    this.sockets.socketsLeave(room)
  }

  /** Disconnects all sockets of `/`; with `close`, also the connections that they came by. */
  disconnectSockets(close: boolean = false): void {
    this.sockets.disconnectSockets(close)
  }

  /** The newest events that were sent to a room of `/`, or to all of it, see `Namespace`. */
  history(options: { readonly room?: string; readonly last?: number } = {}): PastEvent[] {
    return this.sockets.history(options)
  }

  /** How much went through, and what slow connections cost. */
  stats(): ServerStats {
    return { ...this.#hall.turn.counters, connections: this.#hall.size }
  }
}

showAs(Server, (server) => ({ path: server.path(), ...server.stats() }))

/** What `stats` tells. */
export interface ServerStats {
  readonly connections: number
  /** Events sent to many. */
  readonly emitted: number
  /** Events given to connections: one for each that gets it. */
  readonly deliveries: number
  /** Volatile events that were dropped because a connection was slow. */
  readonly volatileDropped: number
  /** Connections that were closed because they read too slowly. */
  readonly closedAsSlow: number
}

// Whoever listens to a server listens to its namespace "/".
for (const [name, method] of Object.entries(EventEmitter.prototype)) {
  if (typeof method !== 'function' || name === 'emit') continue
  Object.defineProperty(Server.prototype, name, {
    configurable: true,
    writable: true,
    value(this: Server, ...args: unknown[]) {
      return Reflect.apply(method, this.sockets, args)
    },
  })
}
