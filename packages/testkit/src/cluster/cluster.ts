import { type Client, type ConnectOptions, connect } from '@rollcall/client'
import type { Channels, Contract } from '@rollcall/core'
import type { Handlers, RollcallOptions } from 'rollcall'
import { type Log, memoryLog } from 'rollcall/log'
import { type SeededRandom, seededRandom } from '../chance/seeded-random.ts'
import type { LogConditions } from '../log/remote-log.ts'
import type { BusConditions, Conditions } from '../network/conditions.ts'
import type { Link } from '../network/link.ts'
import { type Network, network } from '../network/network.ts'
import { type ManualClock, manualClock } from '../time/manual-clock.ts'
import { type ClusterNode, MemoryNode, type Seams } from './node.ts'

export interface ClusterOptions {
  /** How many nodes there are: `node-1`, `node-2` and so on. Default 1. */
  readonly nodes?: number
  /** Repeats all chance in the cluster. Default 1. */
  readonly seed?: number
  /** Default: a clock of its own. */
  readonly clock?: ManualClock
  /** How links are at first. Default: 5 ms each way. */
  readonly conditions?: Partial<Conditions>
  /** How the broker between nodes is at first. */
  readonly bus?: Partial<BusConditions>
  /** How nodes reach the log at first. Default: at once. */
  readonly logConditions?: Partial<LogConditions>
  /** The options of each node; clock, chance, log and broker are the cluster's. */
  readonly options?: (node: string) => RollcallOptions
  /** Makes the log that the nodes share and that outlives them. Default: a memory log. */
  readonly log?: (clock: ManualClock, random: SeededRandom) => Log
  readonly seams?: Seams
}

export interface ClusterClientOptions extends Omit<ConnectOptions, 'clock' | 'random' | 'webSocket'> {
  /** The node to connect to. Default: any that runs, chosen anew for each connection. */
  readonly node?: string
}

/** Real servers and real clients in one process, on a clock that stands still and a network that can be broken. */
export interface Cluster<C extends Channels = Channels> {
  readonly clock: ManualClock
  readonly random: SeededRandom
  readonly network: Network
  readonly nodes: readonly ClusterNode<C>[]
  /** What servers reported as failed. */
  readonly failures: readonly { readonly what: string; readonly error: unknown }[]
  /** Connects a client of this name. The name names its link, and is its `credentials` unless others are given. */
  client(name: string, options?: ClusterClientOptions): Client<C>
  link(client: string): Link
  /** `clock.advance` */
  advance(ms: number): Promise<void>
  /** `clock.until` */
  until<T>(promise: Promise<T>, withinMs?: number): Promise<T>
  /** The log and all in it is lost; a new one takes its place. @throws Error while a node runs. */
  loseLog(): void
}

/** Starts a cluster of one node, or of several. Nothing of it needs to be closed: it has no timer and no socket. */
export function cluster<C extends Channels>(
  contract: Contract<C>,
  handlers: Handlers<C>,
  options: ClusterOptions = {},
): Cluster<C> {
  return new MemoryCluster(contract, handlers, options)
}

class MemoryCluster<C extends Channels> implements Cluster<C> {
  readonly clock: ManualClock
  readonly random: SeededRandom
  readonly network: Network
  readonly nodes: readonly MemoryNode<C>[]
  readonly failures: { readonly what: string; readonly error: unknown }[] = []
  readonly #contract: Contract<C>
  readonly #options: ClusterOptions
  #log: Log
  #logs = 0
  #clients = 0

  constructor(contract: Contract<C>, handlers: Handlers<C>, options: ClusterOptions) {
    const { nodes = 1, seed = 1, conditions = {}, bus = {}, logConditions = {}, seams = {} } = options
    if (!(Number.isInteger(nodes) && nodes > 0)) throw new RangeError('cluster: nodes must be a whole number from 1')
    this.clock = options.clock ?? manualClock({ maxTasksAtOnce: 100_000 })
    this.random = seededRandom(seed)
    this.network = network({ clock: this.clock, random: this.random.fork('network'), conditions, bus })
    this.#contract = contract
    this.#options = options
    this.#log = this.#makeLog()
    this.nodes = Array.from({ length: nodes }, (_, i) => {
      const name = `node-${i + 1}`
      return new MemoryNode({
        name,
        contract,
        handlers,
        network: this.network,
        random: this.random.fork(name),
        logClock: this.network.host('log'),
        log: () => this.#log,
        logConditions,
        joined: nodes > 1,
        options: options.options ?? (() => ({})),
        seams,
        failed: (what, error) => this.failures.push({ what, error }),
      })
    })
    for (const node of this.nodes) node.start()
  }

  #makeLog(): Log {
    const random = this.random.fork(`log ${++this.#logs}`)
    return this.#options.log?.(this.clock, random) ?? memoryLog({ clock: this.clock, random })
  }

  client(name: string, { node = 'cluster', ...given }: ClusterClientOptions = {}): Client<C> {
    return connect(this.#contract, `http://${node}`, {
      credentials: name,
      ...given,
      webSocket: this.network.webSocket(name),
      clock: this.network.host(name),
      random: this.random.fork(`client ${++this.#clients}`),
    })
  }

  link(client: string): Link {
    return this.network.link(client)
  }

  advance(ms: number): Promise<void> {
    return this.clock.advance(ms)
  }

  until<T>(promise: Promise<T>, withinMs?: number): Promise<T> {
    return this.clock.until(promise, withinMs)
  }

  loseLog(): void {
    if (this.nodes.some(({ running }) => running)) throw new Error('Stop every node before its log is lost')
    void this.#log.close()
    this.#log = this.#makeLog()
  }
}
