import {
  type Clock,
  CloseCode,
  type Session as DialectSession,
  type Random,
  type Refusal,
  type Undo,
} from '@rollcall/core'
import type { Audit } from '../audit.ts'
import type { Channels } from '../channel/channels.ts'
import type { Refused, User } from '../channel/handlers.ts'
import { Idempotency, type IdempotencyOptions } from '../channel/idempotency.ts'
import { Joining } from '../channel/joining.ts'
import { refusalOf } from '../channel/refusals.ts'
import { Requests } from '../channel/requests.ts'
import type { Cluster } from '../cluster/cluster.ts'
import { Bucket } from '../hub/bucket.ts'
import type { OutboxLimits } from '../hub/outbox.ts'
import type { Turn } from '../hub/turn.ts'
import { type Authenticate, identify, toIdentity } from '../identity/identity.ts'
import { REVOKED, Revocations } from '../identity/revocations.ts'
import type { Handshake, Transport } from '../transport/transport.ts'
import { isLoopback, networkOf } from './address.ts'
import { Arrivals } from './arrivals.ts'
import { type Client, Connection, type ConnectionHost } from './connection.ts'
import type { Limits } from './limits.ts'
import { bufferBytes } from './memory.ts'
import type { RefusalCounters } from './notes.ts'
import { Removals } from './removals.ts'
import { type HeldMembership, type Proof, type Resumable, type SessionOptions, Sessions } from './sessions.ts'
import { Shedding } from './shedding.ts'
import type { Visitor } from './visitor.ts'

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
  /** Hears who was refused; null if nobody does. */
  readonly audit: Audit | null
  report(what: string, error: unknown): void
}

// How often each connection is looked after. Many are in slices, since to ping some of all of them at once holds everybody up.
const SWEEP_MS = 1_000
const SLICE = 250
const MAX_SLICES = 100

// A stranger that has had this long gives way to others when there are too many.
const STRANGER_MS = 1_000

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
  readonly revocations: Revocations
  readonly removals: Removals
  readonly audit: Audit | null
  readonly counters: RefusalCounters = {
    rateLimited: 0,
    handshakes: 0,
    refusals: new Map(),
    closes: new Map(),
  }
  readonly #options: ConnectionsOptions
  readonly #all = new Set<Connection>()
  // Those whose client has not been accepted yet.
  readonly #strangers = new Set<Connection>()
  readonly #addresses = new Map<string, number>()
  readonly #listeners = new Set<(event: ConnectionEvent) => void>()
  readonly #handshakes: Bucket
  readonly #arrivals: Arrivals
  readonly #shedding: Shedding
  #looking = false
  // Clients without a connection that are being judged.
  #visiting = 0
  #sweep: Undo | null = null
  #sweeping = this.#all.values()
  // How many are still to be looked after in this round. Who comes meanwhile is in the next.
  #unswept = 0

  constructor(options: ConnectionsOptions) {
    this.#options = options
    this.clock = options.clock
    this.random = options.random
    this.turn = options.turn
    this.channels = options.channels
    this.limits = options.limits
    this.audit = options.audit
    this.outboxLimits = { bytes: options.limits.outboxBytes, volatileBytes: options.limits.volatileBytes }
    const joinLimits = { channels: options.limits.channelsPerConnection, presenceBytes: options.limits.presenceBytes }
    this.joining = new Joining(options.channels, joinLimits)
    this.requests = new Requests(options.channels, new Idempotency(options.clock, options.idempotency), joinLimits)
    this.revocations = new Revocations(options.clock)
    const node = options.cluster?.nodes.self ?? null
    this.sessions = new Sessions(node, options.clock, options.random, options.sessions, (held) =>
      this.endHeld(held, 'lost'),
    )
    const { handshakesPerSecond, handshakesPerAddress, handshakeBurstPerAddress } = options.limits
    const { bufferedBytes, volatileBytes } = options.limits
    this.#arrivals = new Arrivals(options.clock, handshakesPerAddress, handshakeBurstPerAddress)
    this.removals = new Removals({
      clock: options.clock,
      channels: options.channels,
      requests: this.requests,
      sessions: this.sessions,
      revocations: this.revocations,
      cluster: options.cluster,
      connections: () => this.#all,
    })
    this.#handshakes = new Bucket(handshakesPerSecond, handshakesPerSecond, options.clock.now())
    this.#shedding = new Shedding(options.clock, bufferedBytes, volatileBytes, bufferBytes)
  }

  get size(): number {
    return this.#all.size
  }

  all(): IterableIterator<Connection> {
    return this.#all.values()
  }

  /** Whether another handshake of an address may be answered: 0, or in how many milliseconds to try again. */
  admit(address: string): number {
    const { connections, connectionsPerAddress } = this.limits
    const full =
      this.#all.size + this.#visiting >= connections ||
      this.#tooManyStrangers() ||
      (!isLoopback(address) && (this.#addresses.get(networkOf(address)) ?? 0) >= connectionsPerAddress)
    const wait = full ? 5_000 : this.#arrivals.take(address) || this.#handshakes.take(this.clock.now())
    if (wait === 0) return 0
    this.counters.handshakes++
    this.audit?.note(
      'handshake_refused',
      { reason: full ? 'too many connections' : 'too fast', retryAfterMs: wait },
      address,
    )
    return wait
  }

  // The one that has said nothing for longest makes room: they cannot keep everybody else out.
  #tooManyStrangers(): boolean {
    if (this.#strangers.size + this.#visiting < this.limits.strangers) return false
    const [oldest] = this.#strangers
    if (!oldest || this.clock.now() - oldest.openedAt < STRANGER_MS) return true
    oldest.close(CloseCode.idle, 'others are waiting')
    return false
  }

  /** A transport is open: from now on the connection hears from it. */
  accept(
    transport: Transport,
    session: DialectSession,
    handshake: Handshake,
    dialect: string,
    visitor: Visitor | null,
  ): Connection {
    const connection = new Connection(this, transport, session, handshake, dialect, visitor)
    this.#all.add(connection)
    this.#strangers.add(connection)
    this.#atAddress(handshake.address, 1)
    this.#sweep ??= this.clock.after(SWEEP_MS, () => this.#tick())
    connection.start()
    return connection
  }

  #tick(): void {
    const now = this.clock.now()
    const slices = Math.min(MAX_SLICES, Math.max(1, Math.ceil(this.#all.size / SLICE)))
    for (let left = Math.ceil(this.#all.size / slices); left > 0; left--) {
      if (this.#unswept === 0) this.#beginRound()
      const { value: connection } = this.#sweeping.next()
      this.#unswept = connection ? this.#unswept - 1 : 0
      try {
        connection?.tick(now)
      } catch (error) {
        this.report('A connection could not be looked after', error)
      }
    }
    if (this.#all.size === 0) this.#beginRound()
    this.#sweep = this.#all.size > 0 ? this.clock.after(SWEEP_MS / slices, () => this.#tick()) : null
  }

  // Also when all are gone: an iterator holds on to those whom it would have come to.
  #beginRound(): void {
    this.#shedding.look(this.#all)
    this.#sweeping = this.#all.values()
    this.#unswept = this.#all.size
  }

  /** Asks the application who a client is that has no connection yet, for no longer than a hello may take. */
  async identify(
    credentials: unknown,
    handshake: Handshake,
    dialect: string,
  ): Promise<Visitor | { readonly refusal: Refusal }> {
    const client = { id: this.random.token(9), data: {}, handshake, dialect }
    let cut: Undo = () => {}
    const late = new Promise<{ readonly refusal: Refusal }>((resolve) => {
      const refusal = { code: 'unavailable', message: 'Authentication took too long', retryAfterMs: 5_000 } as const
      cut = this.clock.after(this.limits.helloMs, () => resolve({ refusal }))
    })
    // Counted as the connections that they are to become, so that slow ones cannot pile up.
    this.#visit(handshake.address, 1)
    try {
      const judged = await Promise.race([this.authenticate(credentials, client), late])
      if ('refusal' in judged) this.#refusedVisitor(judged.refusal, handshake, dialect)
      return judged
    } finally {
      cut()
      this.#visit(handshake.address, -1)
    }
  }

  #refusedVisitor({ code, message: reason }: Refusal, { address }: Handshake, dialect: string): void {
    this.counters.refusals.set(code, (this.counters.refusals.get(code) ?? 0) + 1)
    this.audit?.note('request_refused', { request: 'hello', code, reason, dialect }, address)
  }

  #visit(address: string, by: 1 | -1): void {
    this.#visiting += by
    this.#atAddress(address, by)
  }

  /** Asks the application who somebody is. Without `authenticate` everybody is somebody else. */
  async authenticate(
    credentials: unknown,
    { id, data, handshake, dialect }: Client,
  ): Promise<Visitor | { readonly refusal: Refusal }> {
    const { authenticate } = this.#options
    if (!authenticate) return { id, data, identity: identify({ id }), anonymous: true }
    try {
      const answer = await authenticate({ credentials, handshake, dialect, data, connection: id })
      if ('allowed' in answer && answer.allowed === false)
        return { refusal: asUnauthorized((answer as Refused).refusal) }
      const identity = toIdentity(answer as User)
      if (identity.expiresAt <= this.clock.now())
        return { refusal: { code: 'unauthorized', message: 'The credentials have expired' } }
      if (this.revocations.has(identity)) return { refusal: REVOKED }
      return { id, data, identity, anonymous: false }
    } catch (error) {
      const { refusal, unexpected } = refusalOf(error, 'Authentication')
      if (unexpected) this.#options.report('authenticate failed', error)
      return { refusal: asUnauthorized(refusal) }
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
    this.#strangers.delete(connection)
    this.#tell({ kind: 'connected', connection })
  }

  gone(connection: Connection, reason: 'closed' | 'lost' | 'kicked'): void {
    this.#all.delete(connection)
    const stranger = this.#strangers.delete(connection)
    this.#atAddress(connection.handshake.address, -1)
    if (!stranger) this.#tell({ kind: 'disconnected', connection, reason })
  }

  /** So many bytes were left waiting for a peer to read. */
  pressed(bytes: number): void {
    if (!this.#shedding.pressed(bytes) || this.#looking) return
    this.#looking = true
    // Not within the write that says so: whoever writes is in the middle of its queue.
    this.clock.soon(() => {
      this.#looking = false
      this.#shedding.look(this.#all)
    })
  }

  offended(address: string): void {
    this.#arrivals.offended(address)
  }

  #atAddress(given: string, by: 1 | -1): void {
    const address = networkOf(given)
    const there = (this.#addresses.get(address) ?? 0) + by
    if (there > 0) this.#addresses.set(address, there)
    else this.#addresses.delete(address)
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

  /** The session of a token, from this node or the one that has it; null if there is none for this proof. */
  takeSession(token: string, proof: Proof, contested: boolean): Promise<Resumable | null> {
    return this.removals.takeSession(token, proof, contested)
  }

  /** What a session held is over. */
  endHeld(held: HeldMembership, reason: 'lost' | 'kicked'): void {
    this.removals.endHeld(held, reason)
  }

  close(): void {
    this.#sweep?.()
    this.#sweep = null
    this.sessions.close()
  }
}

function asUnauthorized(refusal: Refusal): Refusal {
  return refusal.code === 'refused' ? { ...refusal, code: 'unauthorized' } : refusal
}
