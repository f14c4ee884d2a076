import type { Clock, Session as DialectSession, Random, Refusal, Undo } from '@rollcall/core'
import type { Channels } from '../channel/channels.ts'
import { EndContext } from '../channel/contexts.ts'
import type { Refused, User } from '../channel/handlers.ts'
import { Idempotency, type IdempotencyOptions } from '../channel/idempotency.ts'
import { Joining } from '../channel/joining.ts'
import { refusalOf } from '../channel/refusals.ts'
import { Requests } from '../channel/requests.ts'
import type { Cluster, Who } from '../cluster/cluster.ts'
import type { OutboxLimits } from '../hub/outbox.ts'
import type { Turn } from '../hub/turn.ts'
import type { Handshake, Transport } from '../transport/transport.ts'
import { Connection, type ConnectionHost, type RefusalCounters } from './connection.ts'
import { Bucket, type Limits } from './limits.ts'
import {
  type HeldMembership,
  nodeOf,
  type Proof,
  type Resumable,
  type SessionOptions,
  Sessions,
  toResumable,
} from './sessions.ts'

/** What `authenticate` is asked with. */
export interface Credentials {
  /** What the client sent in its hello, or what a dialect took from its handshake. From outside: check it. */
  readonly credentials: unknown
  readonly handshake: Handshake
  readonly dialect: string
  /** The application's own, for the life of the session. */
  readonly data: Record<string, unknown>
  /** The connection's id: a good user id for those who stay anonymous. */
  readonly connection: string
}

/** Says who a client is, or refuses it. */
export type Authenticate = (credentials: Credentials) => User | Refused | Promise<User | Refused>

/** What happened to a connection. */
export type ConnectionEvent =
  | { readonly kind: 'connected'; readonly connection: Connection }
  | { readonly kind: 'disconnected'; readonly connection: Connection; readonly reason: 'closed' | 'lost' | 'kicked' }

export interface ConnectionsOptions {
  readonly clock: Clock
  readonly random: Random
  readonly turn: Turn
  readonly channels: Channels
  readonly limits: Limits
  readonly sessions: SessionOptions
  readonly idempotency: IdempotencyOptions
  readonly authenticate: Authenticate | null
  /** This node among others; null if there are none. */
  readonly cluster: Cluster | null
  report(what: string, error: unknown): void
}

const SWEEP_MS = 1_000

/** Every connection of this node, and what they share. */
export class Connections implements ConnectionHost {
  readonly clock: Clock
  readonly random: Random
  readonly turn: Turn
  readonly channels: Channels
  readonly limits: Limits
  readonly outboxLimits: OutboxLimits
  readonly sessions: Sessions
  readonly joining: Joining
  readonly requests: Requests
  readonly counters: RefusalCounters = {
    rateLimited: 0,
    handshakes: 0,
    refusals: new Map(),
    closes: new Map(),
  }
  readonly #options: ConnectionsOptions
  readonly #all = new Set<Connection>()
  readonly #listeners = new Set<(event: ConnectionEvent) => void>()
  readonly #handshakes: Bucket
  #sweep: Undo | null = null

  constructor(options: ConnectionsOptions) {
    this.#options = options
    this.clock = options.clock
    this.random = options.random
    this.turn = options.turn
    this.channels = options.channels
    this.limits = options.limits
    this.outboxLimits = { bytes: options.limits.outboxBytes, volatileBytes: options.limits.volatileBytes }
    const joinLimits = { channels: options.limits.channelsPerConnection, presenceBytes: options.limits.presenceBytes }
    this.joining = new Joining(options.channels, joinLimits)
    this.requests = new Requests(options.channels, new Idempotency(options.clock, options.idempotency), joinLimits)
    const node = options.cluster?.nodes.self ?? null
    this.sessions = new Sessions(node, options.clock, options.random, options.sessions, (held) => this.#graceOver(held))
    const { handshakesPerSecond } = options.limits
    this.#handshakes = new Bucket(handshakesPerSecond, handshakesPerSecond, options.clock.now())
  }

  get size(): number {
    return this.#all.size
  }

  all(): IterableIterator<Connection> {
    return this.#all.values()
  }

  /** Whether another handshake may be answered: 0, or in how many milliseconds to try again. */
  admit(): number {
    const wait = this.#all.size >= this.limits.connections ? 5_000 : this.#handshakes.take(this.clock.now())
    if (wait > 0) this.counters.handshakes++
    return wait
  }

  /** A transport is open: from now on the connection hears from it. */
  accept(transport: Transport, session: DialectSession, handshake: Handshake, dialect: string): Connection {
    const connection = new Connection(this, transport, session, handshake, dialect)
    this.#all.add(connection)
    this.#sweep ??= this.clock.after(SWEEP_MS, () => this.#tick())
    connection.start()
    return connection
  }

  #tick(): void {
    this.#sweep = null
    const now = this.clock.now()
    for (const connection of this.#all) connection.tick(now)
    if (this.#all.size > 0) this.#sweep = this.clock.after(SWEEP_MS, () => this.#tick())
  }

  /** Asks the application who somebody is. Without `authenticate` everybody is somebody else. */
  async authenticate(
    credentials: unknown,
    { id, data, handshake, dialect }: Connection,
  ): Promise<{ user: User; anonymous: boolean } | { refusal: Refusal }> {
    const { authenticate } = this.#options
    if (!authenticate) return { user: { id }, anonymous: true }
    try {
      const answer = await authenticate({ credentials, handshake, dialect, data, connection: id })
      if ('refusal' in answer && (answer as Refused).allowed === false) {
        const { refusal } = answer as Refused
        return { refusal: refusal.code === 'refused' ? { ...refusal, code: 'unauthorized' } : refusal }
      }
      const user = answer as User
      if (typeof user.id !== 'string' || user.id.length === 0 || user.id.length > 255)
        throw new TypeError('authenticate must answer a user with an id of 1 to 255 characters, or refuse()')
      return { user, anonymous: false }
    } catch (error) {
      const { refusal, unexpected } = refusalOf(error, 'Authentication')
      if (unexpected) this.#options.report('authenticate failed', error)
      return { refusal: refusal.code === 'refused' ? { ...refusal, code: 'unauthorized' } : refusal }
    }
  }

  report(what: string, error: unknown): void {
    this.#options.report(what, error)
  }

  observe(listener: (event: ConnectionEvent) => void): Undo {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  opened(connection: Connection): void {
    this.#tell({ kind: 'connected', connection })
  }

  gone(connection: Connection, reason: 'closed' | 'lost' | 'kicked'): void {
    this.#all.delete(connection)
    if (connection.user.id !== '') this.#tell({ kind: 'disconnected', connection, reason })
  }

  #tell(event: ConnectionEvent): void {
    for (const listener of this.#listeners) {
      try {
        listener(event)
      } catch (error) {
        this.#options.report('An observer of connections failed', error)
      }
    }
  }

  /** Ends connections of a user, or one, for good, on all nodes, and answers how many. */
  async disconnect(who: Who, reason: string): Promise<number> {
    const here = this.disconnectHere(who, reason)
    return here + ((await this.#options.cluster?.order({ who, reason })) ?? 0)
  }

  /** The same on this node alone. Lost sessions of the user end with them. */
  disconnectHere(who: Who, reason: string): number {
    let ended = 0
    for (const connection of [...this.#all]) {
      if ('user' in who ? connection.user.id !== who.user : connection.id !== who.connection) continue
      connection.disconnect(reason)
      ended++
    }
    if ('user' in who) this.sessions.endLost(who.user)
    return ended
  }

  /** The session of a token, from this node or the one that has it; null if there is none for this proof. */
  async takeSession(token: string, proof: Proof): Promise<Resumable | null> {
    const { cluster } = this.#options
    const node = nodeOf(token)
    if (!cluster || node === null || node === cluster.nodes.self) return this.sessions.take(token, proof)
    return toResumable(await cluster.fetchSession(node, token, proof))
  }

  // Nobody came back for it in time.
  #graceOver({ entry, membership, moved }: HeldMembership): void {
    const { channel } = membership
    const context = new EndContext(membership, this.channels, 'lost')
    if (entry && channel.lingering.get(entry.key)?.has(entry.id)) channel.untrack(entry.id)
    membership.entry = null
    this.channels.left(channel)
    if (!moved) this.requests.tellLeft(membership, context)
  }

  close(): void {
    this.#sweep?.()
    this.#sweep = null
    this.sessions.close()
  }
}
