import { EventEmitter } from 'node:events'
import type { IncomingMessage } from 'node:http'
import type { EngineVersion } from '../engine/packet.ts'
import type { TransportName } from '../engine/verify.ts'
import { showAs } from './inspect.ts'
import { notOffered } from './not-offered.ts'

/** A session of Engine.IO, as far as an application may look into it. */
export interface EngineSession {
  readonly sid: string
  readonly version: EngineVersion
  readonly transportName: TransportName
  readonly address: string
  readonly open: boolean
  request: IncomingMessage | null
  close(): void
}

// What these would tell belongs to the wire.
const INNER = ['packet', 'packetCreate', 'data', 'message', 'drain', 'flush', 'heartbeat', 'open', 'upgrading']

/**
 * The session of Engine.IO that a client came by. Emits `upgrade` when it has moved from polling to a WebSocket, and `close`
 * with a reason.
 */
export class EngineSocket extends EventEmitter {
  readonly #session: EngineSession

  /** Made by its connection. */
  constructor(session: EngineSession) {
    super()
    this.#session = session
  }

  /** A secret of the client: whoever knows it can speak for it. */
  get id(): string {
    return this.#session.sid
  }

  /** The revision of Engine.IO. */
  get protocol(): EngineVersion {
    return this.#session.version
  }

  get transport(): { readonly name: TransportName } {
    return { name: this.#session.transportName }
  }

  get remoteAddress(): string {
    return this.#session.address
  }

  get readyState(): 'open' | 'closed' {
    return this.#session.open ? 'open' : 'closed'
  }

  /** The request that it began with. Set it to null where it is not needed: it is most of what an idle client costs. */
  get request(): IncomingMessage {
    return this.#session.request as IncomingMessage
  }

  set request(request: IncomingMessage | null) {
    this.#session.request = request
  }

  /** Ends it, and with it the client's sockets. */
  close(): void {
    this.#session.close()
  }

  // biome-ignore lint/suspicious/noExplicitAny: as Node's own
  override on(event: string | symbol, listener: (...args: any[]) => void): this {
    refuseInner(event)
    return super.on(event, listener)
  }

  // biome-ignore lint/suspicious/noExplicitAny: as Node's own
  override addListener(event: string | symbol, listener: (...args: any[]) => void): this {
    return this.on(event, listener)
  }

  // biome-ignore lint/suspicious/noExplicitAny: as Node's own
  override once(event: string | symbol, listener: (...args: any[]) => void): this {
    refuseInner(event)
    return super.once(event, listener)
  }
}

showAs(EngineSocket, ({ protocol, transport, remoteAddress, readyState }) => ({
  protocol,
  transport: transport.name,
  remoteAddress,
  readyState,
}))

function refuseInner(event: string | symbol): void {
  if (typeof event === 'string' && INNER.includes(event))
    notOffered(`the event "${event}" of a connection`, 'listen with onAny and onAnyOutgoing of its sockets')
}

/** A client's connection, whichever namespaces it is in. */
export class Client {
  readonly conn: EngineSocket

  /** Made by its connection. */
  constructor(conn: EngineSocket) {
    this.conn = conn
  }

  get request(): IncomingMessage {
    return this.conn.request
  }
}
