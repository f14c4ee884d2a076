import {
  type Channels,
  type Contract,
  RollcallServerSession,
  type ServerSessionOptions,
  type Session,
  serverSessionOptions,
  type Undo,
} from '@rollcall/core'
import { type App, type CloseOptions, type Handlers, type RollcallOptions, rollcall, type Transport } from 'rollcall'
import type { Log } from 'rollcall/log'
import type { SeededRandom } from '../chance/seeded-random.ts'
import { type LogConditions, type RemoteLog, remoteLog } from '../log/remote-log.ts'
import type { Network } from '../network/network.ts'
import type { HostClock } from '../time/host-clock.ts'

/** Where a test can put something of its own between a node and what it works with, to try what then goes wrong. */
export interface Seams {
  readonly log?: (log: Log) => Log
  readonly session?: (session: Session) => Session
  readonly transport?: (transport: Transport) => Transport
}

export interface NodeOptions<C extends Channels> {
  readonly name: string
  readonly contract: Contract<C>
  readonly handlers: Handlers<C>
  readonly network: Network
  readonly random: SeededRandom
  /** The clock of the machine that the log is on. */
  readonly logClock: HostClock
  /** The log that nodes share, as it is now. */
  readonly log: () => Log
  readonly logConditions: Partial<LogConditions>
  readonly joined: boolean
  readonly options: (node: string) => RollcallOptions
  readonly seams: Seams
  readonly failed: (what: string, error: unknown) => void
}

/** A server of a cluster, which can fail. */
export interface ClusterNode<C extends Channels = Channels> {
  readonly name: string
  /** Whether it serves. */
  readonly running: boolean
  /** The server as it lives now. @throws Error if it does not run. */
  readonly app: App<C>
  /** How it reaches the log, in its present life; to be changed at will. @throws Error if it does not run. */
  readonly logConditions: LogConditions
  /** Begins a new life, with nothing in memory. @throws Error if it runs. */
  start(): void
  /** Ends as a killed process does: nothing is said, nothing finished. With `silent`, its peers do not even learn of it. */
  crash(peers?: 'reset' | 'silent'): void
  /** Ends as a well-behaved process does. */
  stop(options?: CloseOptions): Promise<void>
  /** The process is suspended: it does nothing and hears nothing until undone. */
  suspend(): Undo
}

interface Life<C extends Channels> {
  readonly app: App<C>
  readonly log: RemoteLog
  readonly clock: HostClock
  readonly unlisten: Undo
}

export class MemoryNode<C extends Channels> implements ClusterNode<C> {
  readonly name: string
  readonly #options: NodeOptions<C>
  #life: Life<C> | null = null
  #lives = 0

  constructor(options: NodeOptions<C>) {
    this.name = options.name
    this.#options = options
  }

  get running(): boolean {
    return this.#life !== null
  }

  get app(): App<C> {
    return this.#demandLife().app
  }

  get logConditions(): LogConditions {
    return this.#demandLife().log.conditions
  }

  #demandLife(): Life<C> {
    if (!this.#life) throw new Error(`The node "${this.name}" does not run`)
    return this.#life
  }

  start(): void {
    if (this.#life) throw new Error(`The node "${this.name}" runs already`)
    const { name, contract, handlers, network, logClock, seams, joined, failed } = this.#options
    const random = this.#options.random.fork(`life ${++this.#lives}`)
    const clock = network.host(name)
    const own = this.#options.options(name)
    const log = remoteLog(own.log ?? this.#options.log(), {
      clock,
      logClock,
      random: random.fork('log'),
      conditions: this.#options.logConditions,
    })
    const app = rollcall(contract, handlers, {
      onError: failed,
      ...(joined && { broker: network.broker(name) }),
      ...own,
      clock,
      random,
      log: seams.log?.(log) ?? log,
    })
    const { pingMs, deadMs, limits } = own
    const spoken: ServerSessionOptions = {
      ...(pingMs && { pingMs }),
      ...(deadMs && { deadMs }),
      ...(limits?.messageBytes && { maxMessageBytes: limits.messageBytes }),
      ...(limits?.messageDepth && { maxDepth: limits.messageDepth }),
    }
    const unlisten = network.listen(name, (transport, handshake) => {
      const session = new RollcallServerSession(serverSessionOptions(spoken), random, clock.now())
      const seen = seams.transport?.(transport) ?? transport
      return app.accept(seen, seams.session?.(session) ?? session, handshake, 'rollcall')
    })
    this.#life = { app, log, clock, unlisten }
  }

  crash(peers: 'reset' | 'silent' = 'reset'): void {
    const { log } = this.#demandLife()
    this.#life = null
    this.#options.network.crash(this.name, peers)
    // Its followers are dead; what it asked of the log and is on its way still arrives.
    void log.close()
  }

  async stop(options?: CloseOptions): Promise<void> {
    const { app, unlisten } = this.#demandLife()
    this.#life = null
    unlisten()
    await app.close(options)
  }

  suspend(): Undo {
    const { clock } = this.#demandLife()
    clock.sleep()
    return () => clock.wake()
  }
}
