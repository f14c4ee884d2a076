import type { OpenWebSocket } from '@rollcall/client'
import { type Clock, type Payload, SUBPROTOCOL, type Undo } from '@rollcall/core'
import type { Handshake, TransportListener } from 'rollcall'
import type { ServiceBroker } from 'rollcall/broker'
import type { SeededRandom } from '../chance/seeded-random.ts'
import { HostClock } from '../time/host-clock.ts'
import { faultyBus } from './bus.ts'
import { type BusConditions, type Conditions, changed, DEFAULT_BUS } from './conditions.ts'
import { Connection, type Direction } from './connection.ts'
import { type Link, MemoryLink } from './link.ts'
import type { ServerTransport } from './server-transport.ts'

/** Takes a connection in, as `app.accept` does; null refuses it. */
export type Accept = (transport: ServerTransport, handshake: Handshake) => TransportListener | null

/** What happened to a connection; messages as they pass the client's end. */
export type WireEvent = {
  readonly client: string
  readonly node: string
  /** Counts the connections of the network. */
  readonly connection: number
} & (
  | { readonly kind: 'message'; readonly direction: Direction; readonly payload: Payload }
  /** The client has no use for it any more. */
  | { readonly kind: 'ended' }
  /** The node has closed its end, or learnt that it is closed. */
  | { readonly kind: 'dropped' }
)

/** How often what happened. */
export interface NetworkCounters {
  dialled: number
  opened: number
  refused: number
  busDropped: number
  busDuplicated: number
  busReordered: number
}

export interface NetworkOptions {
  readonly clock: Clock
  readonly random: SeededRandom
  /** How links are at first. */
  readonly conditions?: Partial<Conditions>
  /** How the broker between the nodes is at first. */
  readonly bus?: Partial<BusConditions>
}

/** A network in memory: clients and nodes on machines of their own, joined by connections that can be broken. */
export interface Network {
  readonly counters: Readonly<NetworkCounters>
  /** A machine's clock, for all that runs on it. */
  host(name: string): HostClock
  /** From now on connections to `node` come here. @throws Error if the node listens already. */
  listen(node: string, accept: Accept): Undo
  /**
   * The `webSocket` option for a client of this name. Its url names a node as its host, or any other host, which stands
   * for a load balancer in front of all nodes that listen.
   */
  webSocket(client: string): OpenWebSocket
  link(client: string): Link
  /** The broker of a node, under an id of its own for each life of the node. */
  broker(node: string): ServiceBroker
  setBus(conditions: Partial<BusConditions>): void
  /** Nothing gets from a machine of one group to one of another until undone; machines in no group reach everybody. */
  partition(...groups: readonly (readonly string[])[]): Undo
  /**
   * A machine is dead: nothing runs on it any more, and `host` gives the clock of the next one of its name. With `reset`
   * its peers learn of it, as when a process is killed; with `silent` they do not, as when the power is gone.
   */
  crash(name: string, peers?: 'reset' | 'silent'): void
  /** Hears what happens to connections. */
  observe(listener: (event: WireEvent) => void): Undo
}

/** Makes a network without machines. */
export function network(options: NetworkOptions): Network {
  return new MemoryNetwork(options)
}

interface Held {
  readonly client: string
  readonly node: string
  readonly connection: Connection
}

class MemoryNetwork implements Network {
  readonly counters: NetworkCounters = {
    dialled: 0,
    opened: 0,
    refused: 0,
    busDropped: 0,
    busDuplicated: 0,
    busReordered: 0,
  }
  readonly #options: NetworkOptions
  readonly #hosts = new Map<string, HostClock>()
  readonly #listening = new Map<string, Accept>()
  /** All that ever listened. */
  readonly #nodes = new Set<string>()
  readonly #links = new Map<string, MemoryLink>()
  readonly #held = new Set<Held>()
  readonly #partitions = new Map<object, { readonly groups: readonly (readonly string[])[]; readonly undos: Undo[] }>()
  readonly #observers = new Set<(event: WireEvent) => void>()
  readonly #bus: ReturnType<typeof faultyBus>
  readonly #brokers = new Map<string, ServiceBroker>()
  /** The node of each broker's id. */
  readonly #machines = new Map<string, string>()
  #busConditions: BusConditions

  constructor(options: NetworkOptions) {
    this.#options = options
    this.#busConditions = changed(DEFAULT_BUS, options.bus ?? {})
    this.#bus = faultyBus({
      clock: options.clock,
      random: options.random.fork('bus'),
      conditions: () => this.#busConditions,
      host: (id) => this.host(this.#machines.get(id) ?? id),
      severed: (from, to) => this.#severed(this.#machines.get(from) ?? from, this.#machines.get(to) ?? to),
      faulty: (fault) => {
        this.counters[fault]++
      },
    })
  }

  host(name: string): HostClock {
    const known = this.#hosts.get(name)
    if (known) return known
    const host = new HostClock(this.#options.clock)
    this.#hosts.set(name, host)
    return host
  }

  listen(node: string, accept: Accept): Undo {
    if (this.#listening.has(node)) throw new Error(`The node "${node}" listens already`)
    this.#listening.set(node, accept)
    this.#nodes.add(node)
    return () => {
      if (this.#listening.get(node) === accept) this.#listening.delete(node)
    }
  }

  link(client: string): MemoryLink {
    const known = this.#links.get(client)
    if (known) return known
    const link = new MemoryLink(client, this.#options.conditions ?? {})
    this.#links.set(client, link)
    return link
  }

  webSocket(client: string): OpenWebSocket {
    const random = this.#options.random.fork(`dial ${client}`)
    return (url) => {
      const target = new URL(url)
      const nodes = [...this.#listening.keys()]
      const named = target.hostname
      const balanced = nodes.length > 0 ? random.pick(nodes) : named
      const node = this.#nodes.has(named) ? named : balanced
      return this.#dial(client, node, target, random)
    }
  }

  #dial(client: string, node: string, url: URL, random: SeededRandom): Connection['socket'] {
    const link = this.link(client)
    const wire = { client, node, connection: ++this.counters.dialled }
    const tell = (event: WireEvent) => {
      for (const observer of this.#observers) observer(event)
    }
    const connection = new Connection({
      client: this.host(client),
      node: this.host(node),
      random,
      conditions: (direction) => link.conditions(direction),
      accept: (transport) => this.#accept(node, link, transport, handshake(url, client)),
      passed: (direction, payload) => tell({ ...wire, kind: 'message', direction, payload }),
      ended: () => tell({ ...wire, kind: 'ended' }),
      dropped: () => tell({ ...wire, kind: 'dropped' }),
      gone: () => {
        link.held.delete(connection)
        this.#held.delete(held)
      },
    })
    const held: Held = { client, node, connection }
    this.#held.add(held)
    link.take(connection)
    for (const { groups, undos } of this.#partitions.values())
      if (apart(groups, client, node)) undos.push(connection.stall(['up', 'down']))
    connection.dial()
    return connection.socket
  }

  #accept(node: string, link: MemoryLink, transport: ServerTransport, shaken: Handshake): TransportListener | null {
    const listener = link.refusing > 0 ? null : (this.#listening.get(node)?.(transport, shaken) ?? null)
    if (listener) this.counters.opened++
    else this.counters.refused++
    return listener
  }

  broker(node: string): ServiceBroker {
    const id = this.#machines.has(node) ? `${node}/${this.#machines.size}` : node
    const broker = this.#bus.broker(id)
    this.#machines.set(id, node)
    this.#brokers.set(node, broker)
    return broker
  }

  setBus(conditions: Partial<BusConditions>): void {
    this.#busConditions = changed(this.#busConditions, conditions)
  }

  partition(...groups: readonly (readonly string[])[]): Undo {
    const undos = [...this.#held]
      .filter(({ client, node }) => apart(groups, client, node))
      .map(({ connection }) => connection.stall(['up', 'down']))
    const key = {}
    this.#partitions.set(key, { groups, undos })
    return () => {
      this.#partitions.delete(key)
      for (const undo of undos.splice(0)) undo()
    }
  }

  #severed(from: string, to: string): boolean {
    for (const { groups } of this.#partitions.values()) if (apart(groups, from, to)) return true
    return false
  }

  crash(name: string, peers: 'reset' | 'silent' = 'reset'): void {
    this.#hosts.get(name)?.stop()
    this.#hosts.delete(name)
    this.#listening.delete(name)
    void this.#brokers.get(name)?.close()
    this.#brokers.delete(name)
    for (const held of [...this.#held]) {
      if (held.node === name) held.connection.nodeGone(peers)
      if (held.client === name) held.connection.clientGone(peers)
    }
  }

  observe(listener: (event: WireEvent) => void): Undo {
    this.#observers.add(listener)
    return () => {
      this.#observers.delete(listener)
    }
  }
}

// Whether they stand in different groups.
function apart(groups: readonly (readonly string[])[], a: string, b: string): boolean {
  const ofA = groups.findIndex((group) => group.includes(a))
  const ofB = groups.findIndex((group) => group.includes(b))
  return ofA >= 0 && ofB >= 0 && ofA !== ofB
}

function handshake(url: URL, client: string): Handshake {
  const headers: Record<string, string | undefined> = Object.create(null)
  headers['host'] = url.host
  headers['sec-websocket-protocol'] = SUBPROTOCOL
  return { url, headers, address: client, secure: false, transport: 'memory' }
}
