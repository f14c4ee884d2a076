import type { IncomingMessage, Server } from 'node:http'
import {
  type Channels as ChannelSpecs,
  type Clock,
  type Contract,
  type Random,
  type Session,
  systemClock,
  type Undo,
} from '@rollcall/core'
import type { App, CloseOptions, ListenOptions, RollcallOptions, Stats } from './app.ts'
import { Audit } from './audit.ts'
import type { CatchUpOptions } from './channel/catch-up.ts'
import { Channels } from './channel/channels.ts'
import { checkHandlers } from './channel/check-handlers.ts'
import type { AnyHandlers, ConnectionView, Handlers, ServerChannel } from './channel/handlers.ts'
import { ServerTopic } from './channel/server-topic.ts'
import { Carrier } from './cluster/carrier.ts'
import { Cluster } from './cluster/cluster.ts'
import { NODES_DEFAULTS } from './cluster/nodes.ts'
import { type Provider, type Service, Services, type ServicesListener } from './cluster/services.ts'
import { type AddressReader, addressReader } from './connection/address.ts'
import { Connections } from './connection/connections.ts'
import type { DialectHost, Route } from './connection/dialect.ts'
import { drain } from './connection/drain.ts'
import { type Limits, toLimits } from './connection/limits.ts'
import { rollcallDialect } from './connection/rollcall-dialect.ts'
import type { Away } from './http/api/host.ts'
import { toApi } from './http/api/options.ts'
import { apiRoutes } from './http/api/routes.ts'
import { FrontDoor } from './http/front-door.ts'
import { handshakeOf } from './http/handshake.ts'
import { type Address, Listening } from './http/listening.ts'
import { type OriginCheck, originCheck } from './http/origins.ts'
import { Turn } from './hub/turn.ts'
import type { Log } from './log/log.ts'
import { memoryLog } from './log/memory.ts'
import { pooledRandom } from './pooled-random.ts'
import { TRACKER_DEFAULTS } from './presence/tracker.ts'
import { type Colleagues, colleagues, colleaguesOn, inSurroundings } from './surroundings.ts'
import type { Handshake, Transport, TransportListener } from './transport/transport.ts'
import type { CompressionOptions } from './transport/websocket.ts'

/**
 * Makes a server for a contract.
 * @throws TypeError if a handler is missing, or is for something that the contract does not have; RangeError on an
 * impossible limit.
 */
export function rollcall<C extends ChannelSpecs>(
  contract: Contract<C>,
  handlers: Handlers<C>,
  options: RollcallOptions = {},
): App<C> {
  // Inside, topics are texts and payloads unknown; the types of the contract hold at this border.
  const untyped = handlers as unknown as Readonly<Record<string, AnyHandlers>>
  checkHandlers(contract.channels, untyped)
  return new Node(contract as Contract, untyped, inSurroundings(options)) as unknown as App<C>
}

/** One server process: what `rollcall` answers. */
class Node {
  readonly contract: Contract
  readonly #clock: Clock
  readonly #random: Random
  readonly #limits: Limits
  readonly #log: Log
  readonly #options: RollcallOptions
  readonly #turn: Turn
  readonly #audit: Audit | null
  readonly #channels: Channels
  readonly #cluster: Cluster | null
  #services: Services | null = null
  readonly #connections: Connections
  readonly #neighbours: Colleagues | null
  readonly #carrier: Carrier | null
  readonly #listening: Listening
  #closing: Promise<void> | null = null

  constructor(contract: Contract, handlers: Readonly<Record<string, AnyHandlers>>, options: RollcallOptions) {
    this.contract = contract
    this.#options = options
    this.#clock = options.clock ?? systemClock
    this.#random = options.random ?? pooledRandom
    this.#limits = toLimits(options.limits)
    this.#log = options.log ?? memoryLog({ clock: this.#clock, random: this.#random })
    this.#turn = new Turn(this.#clock, this.#report)
    this.#audit = options.logger ? new Audit(options.logger, this.#clock, toStandardError) : null
    const { broker } = options
    this.#cluster = broker
      ? new Cluster(broker, this.#clock, this.#random, { ...NODES_DEFAULTS, ...options.nodes }, this.#report)
      : null
    const shared = {
      clock: this.#clock,
      random: this.#random,
      turn: this.#turn,
      audit: this.#audit,
      report: this.#report,
    }
    this.#channels = new Channels({
      ...shared,
      contract,
      handlers,
      log: this.#log,
      cluster: this.#cluster,
      kickLost: (topic, who) => this.#connections.removals.kickLost(topic, who),
      presence: { ...TRACKER_DEFAULTS, ...options.presence },
      catchUp: toCatchUp(options.catchUp, this.#limits.outboxBytes),
      idleMs: 5_000,
      positionMs: options.positionMs ?? 30_000,
    })
    this.#connections = new Connections({
      ...shared,
      channels: this.#channels,
      limits: this.#limits,
      sessions: { graceMs: options.graceMs ?? 5_000, resumeMs: options.resumeMs ?? 120_000 },
      idempotency: { windowMs: 300_000, entries: 100_000, ...options.idempotency },
      authenticate: options.authenticate ?? null,
      cluster: this.#cluster,
    })
    this.#cluster?.start({
      kick: (topic, who, reason) => this.#channels.kickHere(topic, who, reason),
      disconnect: (who, reason) => this.#connections.removals.disconnectHere(who, reason),
      revoke: (who, reason, forMs, at) => this.#connections.removals.revokeHere(who, reason, forMs, at),
      revocations: () => this.#connections.revocations.list(),
      learnRevocations: (revocations) => this.#connections.removals.learnRevocations(revocations),
      releaseSession: (token, proof) => this.#connections.sessions.release(token, proof),
    })
    // Workers of one machine have shorter ways.
    this.#neighbours = colleaguesOn(options.broker)
    this.#carrier = this.#cluster && !this.#neighbours ? this.#makeCarrier(this.#cluster) : null
    const door = this.#makeDoor(originCheck(options.origins ?? 'same-host'), addressReader(options.trustedProxy))
    this.#listening = new Listening(door, this.#limits, this.#audit)
    this.#carrier?.start((server) => door.attach(server, 'ours'))
  }

  #makeCarrier({ broker, nodes }: Cluster): Carrier {
    return new Carrier({ broker, nodes, clock: this.#clock, random: this.#random, report: this.#report })
  }

  #makeDoor(isAllowed: OriginCheck, addressOf: AddressReader): FrontDoor {
    const originAllowed: OriginCheck = (request) => {
      const allowed = isAllowed(request)
      if (!allowed)
        this.#audit?.note(
          'handshake_refused',
          { reason: 'origin', origin: request.headers.origin },
          addressOf(request as IncomingMessage),
        )
      return allowed
    }
    const admit = (address: string) => (this.#closing ? 1_000 : this.#connections.admit(address))
    const { path = '/rollcall', pingMs, deadMs, dialects = [] } = this.#options
    const own = rollcallDialect(path, { ...(pingMs && { pingMs }), ...(deadMs && { deadMs }) })
    const routes: Route[] = []
    for (const dialect of [own, ...dialects]) {
      const host: DialectHost = {
        clock: this.#clock,
        random: this.#random,
        limits: this.#limits,
        contract: this.contract,
        accept: (transport, session, handshake, visitor = undefined) =>
          this.#connections.accept(transport, session, handshake, dialect.name, visitor ?? null),
        identify: (credentials, handshake) => this.#identify(credentials, handshake, dialect.name),
        handshake: (request, transport) => handshakeOf(request, transport, addressOf(request)),
        originAllowed,
        admit,
        sessionId: (text) => (this.#neighbours ?? this.#carrier)?.sessionId(text) ?? text,
        report: this.#report,
      }
      routes.push(...dialect.mount(host))
    }
    routes.push(...this.#apiRoutes(addressOf))
    return new FrontDoor({
      routes,
      clock: this.#clock,
      limits: this.#limits,
      pressed: (bytes) => this.#connections.pressed(bytes),
      compression: this.#options.compression ? toCompression(this.#options.compression) : null,
      originAllowed,
      addressOf,
      admit,
      colleagues: this.#neighbours ?? this.#carrier,
      audit: this.#audit,
      report: this.#report,
    })
  }

  #apiRoutes(addressOf: AddressReader): readonly Route[] {
    const { api = {} } = this.#options
    if (api === false) return []
    return apiRoutes(toApi(api, this.#limits.messageBytes), {
      clock: this.#clock,
      messageDepth: this.#limits.messageDepth,
      channel: (topic) => this.channel(topic),
      disconnect: (who, reason) => this.disconnect(who, reason),
      revoke: (who, options) => this.revoke(who, options),
      connections: () => this.connections(),
      stats: () => this.stats(),
      ready: () => this.#closing === null,
      away: () => this.#away(),
      colleagues: colleagues(),
      refused: (request, fields) => this.#audit?.note('api_refused', fields, addressOf(request)),
      report: this.#report,
    })
  }

  #away(): readonly Away[] {
    const away: Away[] = []
    if (this.#options.broker?.healthy === false) away.push('broker')
    if (this.#log.healthy === false) away.push('log')
    return away
  }

  readonly #report = (what: string, error: unknown): void => {
    const { onError, logger } = this.#options
    if (onError) return onError(what, error)
    if (!logger) return toStandardError(what, error)
    try {
      logger.error({ event: 'failure', err: error }, what)
    } catch (fault) {
      toStandardError(what, error)
      toStandardError('The logger failed', fault)
    }
  }

  async listen(options: ListenOptions = {}): Promise<Address> {
    await this.#cluster?.ready
    await this.#carrier?.ready
    return this.#listening.listen(options)
  }

  attach(server: Server): Undo {
    return this.#listening.attach(server, 'shared')
  }

  accept(transport: Transport, session: Session, handshake: Handshake, dialect: string): TransportListener {
    return this.#connections.accept(transport, session, handshake, dialect, null)
  }

  async #identify(credentials: unknown, handshake: Handshake, dialect: string) {
    const visitor = await this.#connections.identify(credentials, handshake, dialect)
    if (!this.#closing) return visitor
    return { refusal: { code: 'unavailable', message: 'The server is stopping', retryAfterMs: 1_000 } as const }
  }

  channel(topic: string): ServerChannel {
    return new ServerTopic(this.#channels, topic) as ServerChannel
  }

  connections(): Iterable<ConnectionView> {
    return this.#connections.all()
  }

  async disconnect(
    who: { user: string } | { connection: string },
    reason = 'disconnected by the application',
  ): Promise<number> {
    const ended = await this.#connections.removals.disconnect(who, reason)
    this.#audit?.note('disconnected', { ...who, reason, ended })
    return ended
  }

  async revoke(
    who: { user: string } | { session: string },
    { reason = 'revoked', forMs = 86_400_000 }: { reason?: string; forMs?: number } = {},
  ): Promise<number> {
    const ended = await this.#connections.removals.revoke(who, reason, forMs)
    this.#audit?.note('revoked', { ...who, reason, forMs, ended })
    return ended
  }

  observe(listener: (event: { kind: 'connected' | 'disconnected'; connection: ConnectionView }) => void): Undo {
    return this.#connections.observe(listener)
  }

  provide(service: string, provider: Provider, options: { meta?: unknown } = {}): Promise<Undo> {
    return this.#serviceDesk().provide(service, provider, options.meta)
  }

  request(service: string, payload: unknown, options: { timeoutMs?: number } = {}): Promise<unknown> {
    return this.#serviceDesk().request(service, payload, options.timeoutMs ?? 5_000)
  }

  services(): Promise<readonly Service[]> {
    return this.#serviceDesk().list()
  }

  observeServices(listener: ServicesListener): Undo {
    return this.#serviceDesk().observe(listener)
  }

  // Made by the first who needs it: most applications have no services.
  #serviceDesk(): Services {
    this.#services ??= new Services({
      clock: this.#clock,
      cluster: this.#cluster,
      token: () => this.#random.token(9),
      report: this.#report,
    })
    return this.#services
  }

  stats(): Stats {
    const { rateLimited, handshakes, refusals, closes } = this.#connections.counters
    return {
      ...this.#turn.counters,
      connections: this.#connections.size,
      channels: this.#channels.size,
      sessions: this.#connections.sessions.size,
      nodes: 1 + (this.#cluster?.nodes.others().length ?? 0),
      rateLimited,
      handshakesRefused: handshakes,
      kicked: this.#channels.kicked,
      refusals: Object.fromEntries(refusals),
      closes: Object.fromEntries(closes),
    }
  }

  close(options: CloseOptions = {}): Promise<void> {
    this.#closing ??= this.#close(options)
    return this.#closing
  }

  async #close(options: CloseOptions): Promise<void> {
    const { retryAfterMs = 500, spreadMs = 2_000, drainMs = null, unreadyMs = 0, timeoutMs = 5_000 } = options
    // Not ready any more, but still serving: whoever balances the load sees it and sends nobody else.
    if (unreadyMs > 0) await new Promise<void>((resolve) => this.#clock.after(unreadyMs, resolve))
    const stopped = this.#listening.stop()
    await drain(() => this.#connections.all(), this.#clock, { retryAfterMs, spreadMs, drainMs })
    await this.#services?.close()
    // The others let our members go now; those who come back to them are theirs.
    this.#cluster?.stop()
    this.#carrier?.stop()
    await this.#listening.end(stopped, this.#clock, timeoutMs)
    this.#connections.close()
    this.#channels.close()
    await this.#log.close()
    await this.#options.broker?.close()
  }
}

// Well below the outbox's own limit: catching up must not look like slow reading.
function toCatchUp(given: RollcallOptions['catchUp'], outboxBytes: number): CatchUpOptions {
  const catchUp = { pageMessages: 100, maxBufferedBytes: Math.min(262_144, outboxBytes / 4), ...given }
  if (!(catchUp.maxBufferedBytes > 0 && catchUp.maxBufferedBytes <= outboxBytes / 2))
    throw new RangeError('catchUp.maxBufferedBytes must be above 0, and at most half of limits.outboxBytes')
  if (!(catchUp.pageMessages >= 1)) throw new RangeError('catchUp.pageMessages must be at least 1')
  return catchUp
}

function toCompression({ minBytes = 1_024 }: CompressionOptions = {}): Required<CompressionOptions> {
  if (!(minBytes > 0)) throw new RangeError('compression.minBytes must be a number above 0')
  return { minBytes }
}

function toStandardError(what: string, error: unknown): void {
  process.stderr.write(`rollcall: ${what}: ${error instanceof Error ? error.stack : String(error)}\n`)
}
