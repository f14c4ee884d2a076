import type {
  AllButLast,
  DecorateAcknowledgements,
  EventNames,
  EventNamesWithError,
  EventParams,
  EventsMap,
  FirstNonErrorArg,
  Last,
} from './events.ts'
import { NO_FLAGS, type SendFlags } from './flags.ts'
import type { Handshake } from './handshake.ts'
import type { Reach, SocketDetails } from './reach.ts'
import { refuseReserved, splitAck } from './reserved.ts'

const NONE: ReadonlySet<string> = new Set()

/** What an acknowledgement is called with, behind the error. */
type Answer = 'one each' | 'a single one'

/**
 * Says whom an event is for, step by step, and sends it. Each step answers a new operator, so that one can be kept and used
 * again: `const others = io.to('room').except('muted')`.
 */
export class BroadcastOperator<Emit extends EventsMap, SocketData> {
  readonly #reach: Reach
  readonly #rooms: ReadonlySet<string>
  readonly #except: ReadonlySet<string>
  readonly #flags: SendFlags
  readonly #answer: Answer

  /** Made by a server, a namespace or a socket. */
  constructor(
    reach: Reach,
    rooms: ReadonlySet<string> = NONE,
    except: ReadonlySet<string> = NONE,
    flags: SendFlags = NO_FLAGS,
    answer: Answer = 'one each',
  ) {
    this.#reach = reach
    this.#rooms = rooms
    this.#except = except
    this.#flags = flags
    this.#answer = answer
  }

  #with<To extends EventsMap = Emit>(change: {
    readonly rooms?: ReadonlySet<string>
    readonly except?: ReadonlySet<string>
    readonly flags?: Partial<SendFlags>
  }): BroadcastOperator<To, SocketData> {
    const { rooms = this.#rooms, except = this.#except, flags } = change
    return new BroadcastOperator(this.#reach, rooms, except, { ...this.#flags, ...flags }, this.#answer)
  }

  /** Also to those in `room`, each once. */
  to(room: string | readonly string[]): BroadcastOperator<Emit, SocketData> {
    return this.#with({ rooms: new Set([...this.#rooms, ...listOf(room)]) })
  }

  /** The same as `to`. */
  in(room: string | readonly string[]): BroadcastOperator<Emit, SocketData> {
    return this.to(room)
  }

  /** Not to those in `room`. */
  except(room: string | readonly string[]): BroadcastOperator<Emit, SocketData> {
    return this.#with({ except: new Set([...this.#except, ...listOf(room)]) })
  }

  /** Does nothing: what is compressed is for `perMessageDeflate` to say, since it is compressed once for all. */
  compress(_compress: boolean): BroadcastOperator<Emit, SocketData> {
    return this.#with({})
  }

  /** The event may be dropped where a connection is slow. */
  get volatile(): BroadcastOperator<Emit, SocketData> {
    return this.#with({ flags: { volatile: true } })
  }

  /** Only to the sockets of this server. */
  get local(): BroadcastOperator<Emit, SocketData> {
    return this.#with({ flags: { local: true } })
  }

  /** How long acknowledgements are waited for, in milliseconds. */
  timeout(timeout: number): BroadcastOperator<DecorateAcknowledgements<Emit>, SocketData> {
    return this.#with({ flags: { timeoutMs: timeout } })
  }

  /**
   * Sends an event. With a function as its last argument it is acknowledged: that is called with an error or null, and what
   * each client answered; without `timeout`, when all have answered or are gone.
   * @throws Error on a reserved name.
   */
  emit<Event extends EventNames<Emit>>(event: Event, ...args: EventParams<Emit, Event>): boolean {
    refuseReserved(event)
    const { sent, ack } = splitAck(args)
    const target = { rooms: this.#rooms, except: this.#except }
    const list = [event, ...sent]
    if (!ack) this.#reach.emit(target, list, this.#flags)
    else
      this.#reach.gather(target, list, this.#flags, (error, responses) => {
        ack(error, this.#answer === 'one each' ? responses : (responses[0] ?? null))
      })
    return true
  }

  /** The same, as a promise. It rejects if an answer is missing; the error has the others as `responses`. */
  emitWithAck<Event extends EventNamesWithError<Emit>>(
    event: Event,
    ...args: AllButLast<EventParams<Emit, Event>>
  ): Promise<FirstNonErrorArg<Last<EventParams<Emit, Event>>>> {
    return new Promise((resolve, reject) => {
      const ack = (error: Error | null, responses: FirstNonErrorArg<Last<EventParams<Emit, Event>>>) => {
        if (error) reject(Object.assign(error, { responses }))
        else resolve(responses)
      }
      this.emit(event, ...([...args, ack] as EventParams<Emit, Event>))
    })
  }

  /**
   * Ids of the sockets.
   * @deprecated Take `fetchSockets`.
   */
  async allSockets(): Promise<Set<string>> {
    return new Set((await this.fetchSockets()).map(({ id }) => id))
  }

  /** The sockets. Those of this server are the sockets themselves. */
  async fetchSockets(): Promise<RemoteSocket<Emit, SocketData>[]> {
    const found = await this.#reach.fetch({ rooms: this.#rooms, except: this.#except }, this.#flags)
    return found.map((each) =>
      // The one on this server can all that the description of another one can, and more.
      'on' in each
        ? (each as unknown as RemoteSocket<Emit, SocketData>)
        : new RemoteSocket<Emit, SocketData>(this.#reach, each),
    )
  }

  /** Makes them join rooms. */
  socketsJoin(room: string | readonly string[]): void {
    this.#reach.join({ rooms: this.#rooms, except: this.#except }, listOf(room), this.#flags)
  }

  /** Makes them leave rooms. */
  socketsLeave(room: string | readonly string[]): void {
    this.#reach.leave({ rooms: this.#rooms, except: this.#except }, listOf(room), this.#flags)
  }

  /** Disconnects them; with `close`, also the connections that they came by. */
  disconnectSockets(close: boolean = false): void {
    this.#reach.disconnect({ rooms: this.#rooms, except: this.#except }, close, this.#flags)
  }
}

function listOf(room: string | readonly string[]): readonly string[] {
  return typeof room === 'string' ? [room] : Array.isArray(room) ? room : [room as unknown as string]
}

/** A socket, wherever it is connected. */
export class RemoteSocket<Emit extends EventsMap, SocketData> {
  readonly id: string
  readonly handshake: Handshake
  readonly rooms: Set<string>
  readonly data: SocketData
  readonly #operator: BroadcastOperator<Emit, SocketData>

  /** Made by `fetchSockets`. */
  constructor(reach: Reach, { id, handshake, rooms, data }: SocketDetails) {
    this.id = id
    this.handshake = handshake
    this.rooms = new Set(rooms)
    this.data = data as SocketData
    this.#operator = new BroadcastOperator(reach, new Set([id]), NONE, NO_FLAGS, 'a single one')
  }

  /** How long an acknowledgement is waited for, in milliseconds. */
  timeout(timeout: number): BroadcastOperator<DecorateAcknowledgements<Emit>, SocketData> {
    return this.#operator.timeout(timeout)
  }

  /** Sends it an event. */
  emit<Event extends EventNames<Emit>>(event: Event, ...args: EventParams<Emit, Event>): boolean {
    return this.#operator.emit(event, ...args)
  }

  /** Makes it join rooms. */
  join(room: string | readonly string[]): void {
    this.#operator.socketsJoin(room)
  }

  /** Makes it leave a room. */
  leave(room: string): void {
    this.#operator.socketsLeave(room)
  }

  /** Disconnects it; with `close`, also the connection that it came by. */
  disconnect(close: boolean = false): this {
    this.#operator.disconnectSockets(close)
    return this
  }
}
