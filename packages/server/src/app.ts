import type { Server } from 'node:http'
import type { TlsOptions } from 'node:tls'
import type { Channels as ChannelSpecs, Clock, Contract, Random, Session, SpecFor, TopicIn, Undo } from '@rollcall/core'
import type { Logger } from './audit.ts'
import type { Broker } from './broker/broker.ts'
import type { CatchUpOptions } from './channel/catch-up.ts'
import type { ConnectionView, ServerChannel } from './channel/handlers.ts'
import type { IdempotencyOptions } from './channel/idempotency.ts'
import type { NodesOptions } from './cluster/nodes.ts'
import type { Provider, Service } from './cluster/services.ts'
import type { TrustedProxy } from './connection/address.ts'
import type { Dialect } from './connection/dialect.ts'
import type { Limits } from './connection/limits.ts'
import type { ApiOptions } from './http/api/options.ts'
import type { Origins } from './http/origins.ts'
import type { SlowCounters, TrafficCounters } from './hub/turn.ts'
import type { Authenticate } from './identity/identity.ts'
import type { Log } from './log/log.ts'
import type { TrackerOptions } from './presence/tracker.ts'
import type { Handshake, Transport, TransportListener } from './transport/transport.ts'
import type { CompressionOptions } from './transport/websocket.ts'

/** Every option has a default that is safe on the internet. */
export interface RollcallOptions {
  /** Says who a client is. Default: everybody is somebody else, named by the connection. */
  readonly authenticate?: Authenticate
  /** Where messages of channels with history are kept. Default: in this process's memory. */
  readonly log?: Log
  /** Joins this node to others. Default: there are no others. */
  readonly broker?: Broker
  /** Other wire languages, such as those of `@rollcall/dialects`. Rollcall's own is always there. */
  readonly dialects?: readonly Dialect[]
  /** Which pages may connect. Default `'same-host'`. */
  readonly origins?: Origins
  /** Which header to believe about a client's address, behind proxies. Default: none. */
  readonly trustedProxy?: TrustedProxy
  readonly limits?: Partial<Limits>
  /** Compresses WebSocket messages for clients that take it, once for all of them. Default `false`. */
  readonly compression?: CompressionOptions | false
  /** The HTTP API for programs in other languages. Default: the health check alone; `false`: not even that. */
  readonly api?: ApiOptions | false
  /** Where native clients connect. Default `/rollcall`. */
  readonly path?: string
  /** A ping after this much silence, in milliseconds. Default 25,000. */
  readonly pingMs?: number
  /** A connection that does not answer a ping is dead after this, in milliseconds. Default 8,000. */
  readonly deadMs?: number
  /** How long a member whose connection was lost is still shown, in milliseconds. Default 5,000. */
  readonly graceMs?: number
  /** How long a session whose connection was lost can be resumed, in milliseconds. Default 120,000. */
  readonly resumeMs?: number
  /** How nodes notice each other. Matters with a broker alone. */
  readonly nodes?: Partial<NodesOptions>
  readonly presence?: Partial<TrackerOptions>
  readonly catchUp?: Partial<CatchUpOptions>
  /** How long repeated sends are recognised. Default 5 minutes, 100,000 sends. */
  readonly idempotency?: Partial<IdempotencyOptions>
  /** How often channels with history compare themselves with their log, in milliseconds. Default 30,000. */
  readonly positionMs?: number
  /**
   * Is told who was refused, put out or closed for what it did, as fields and a text; also of failures, where `onError` is
   * left out. `pino()` is one. Default: nobody is told.
   */
  readonly logger?: Logger
  /** Hears of failures in the application's code and in what the server depends on. Default: a line on standard error. */
  readonly onError?: (what: string, error: unknown) => void
  readonly clock?: Clock
  readonly random?: Random
}

export interface ListenOptions {
  /** Default 8210. 0 takes a free one. */
  readonly port?: number
  /** Default 127.0.0.1: this machine alone. */
  readonly host?: string
  /** Connections that may wait to be accepted. Default 4,096; the kernel's `somaxconn` bounds it. */
  readonly backlog?: number
  /** Certificate and key, and whatever else `node:https` takes, to be served over TLS. Default: without. */
  readonly tls?: TlsOptions
}

export interface CloseOptions {
  /** Clients are told to come back after this, in milliseconds, and within `spreadMs` behind it. Default 500 and 2,000. */
  readonly retryAfterMs?: number
  readonly spreadMs?: number
  /** Over how long the goodbyes are spread, in milliseconds. Default: a thousand connections a second, for at most 5,000. */
  readonly drainMs?: number
  /** How long health says "not ready" before anybody is sent away, in milliseconds. Default 0. */
  readonly unreadyMs?: number
  /** How long goodbyes may take until everything is cut, in milliseconds. Default 5,000. */
  readonly timeoutMs?: number
}

/** What the server counts. All but the gauges only rise. */
export interface Stats extends SlowCounters, TrafficCounters {
  readonly connections: number
  readonly channels: number
  readonly sessions: number
  /** Nodes that this one hears, itself included. */
  readonly nodes: number
  readonly rateLimited: number
  readonly handshakesRefused: number
  /** Memberships that the application ended. */
  readonly kicked: number
  /** Requests of clients that were refused, by error code. */
  readonly refusals: Readonly<Record<string, number>>
  /** Connections that the server closed, by close code. */
  readonly closes: Readonly<Record<string, number>>
}

/** A Rollcall server: one node. */
export interface App<C extends ChannelSpecs = ChannelSpecs> {
  readonly contract: Contract<C>
  /** Listens with an HTTP server of its own. Rejects if the port is taken. */
  listen(options?: ListenOptions): Promise<{ readonly port: number; readonly host: string; readonly url: string }>
  /** Answers its own paths on somebody else's HTTP server, and leaves all others alone. */
  attach(server: Server): Undo
  /** A topic, from anywhere in the program. */
  channel<T extends TopicIn<C>>(topic: T): ServerChannel<SpecFor<C, T>>
  /** Every connection of this node. */
  connections(): Iterable<ConnectionView>
  /** Ends a user's connections, or one, for good; resuming is over too, also of who is away. Answers how many ended. */
  disconnect(who: { readonly user: string } | { readonly connection: string }, reason?: string): Promise<number>
  /**
   * Ends the connections of a user, or of one of its sign-ins, as `disconnect` does, and refuses the credentials for `forMs`
   * (default 24 hours; give it the longest life of a token). Effective on every node that is up within two seconds; one that
   * was not, or starts later, learns of it from the others. A user's credentials that were issued later, by `identify`'s
   * `issuedAt`, are good; those of a session, by its name in `identify` or a token's `sid`, never are.
   * @throws TypeError if it does not say whom, or for how long.
   */
  revoke(
    who: { readonly user: string } | { readonly session: string },
    options?: { readonly reason?: string; readonly forMs?: number },
  ): Promise<number>
  /** Hears of connections that come and go. */
  observe(
    listener: (event: { readonly kind: 'connected' | 'disconnected'; readonly connection: ConnectionView }) => void,
  ): Undo
  /**
   * Answers requests for a service, together with everybody else who provides it, until undone. A `Refuse` that it throws is
   * told to whoever asked; `meta` to whoever looks who provides what.
   */
  provide(service: string, provider: Provider, options?: { readonly meta?: unknown }): Promise<Undo>
  /**
   * Asks one of those who provide a service, on whatever node; one on this node is preferred. Payloads are what JSON can carry.
   * Default timeout 5,000 ms. Rejects at once with a RetryLaterError whose `details` are `no_provider` if there is nobody,
   * with an UnknownOutcomeError if there is no answer in time, with a RefusedError if the provider refuses.
   */
  request(service: string, payload: unknown, options?: { readonly timeoutMs?: number }): Promise<unknown>
  /** The services that somebody provides now, each with its providers and what they say of themselves. */
  services(): Promise<readonly Service[]>
  /** Hears of services that come, change and go. */
  observeServices(listener: (services: readonly Service[]) => void): Undo
  /** For transports of one's own: makes a connection of a transport and a dialect's session. */
  accept(transport: Transport, session: Session, handshake: Handshake, dialect: string): TransportListener
  stats(): Stats
  /** Tells clients to come back, and ends. Idempotent. Closes the log and the broker. */
  close(options?: CloseOptions): Promise<void>
}
