import type { IncomingMessage } from 'node:http'
import type { Clock, Random, Undo } from '@rollcall/core'
import type { Handshake } from 'rollcall'
import { isLoopback } from 'rollcall/http'
import { Bucket, Turn } from 'rollcall/hub'
import type { Auth } from '../auth.ts'
import type { EngineTransport } from '../engine/engine-transport.ts'
import type { PacketLimits } from '../packet/packet.ts'
import { ClusterReach } from './cluster-reach.ts'
import { Connection, type ConnectionHost } from './connection.ts'
import { type Report, raise } from './emitter.ts'
import { guarded } from './gathering.ts'
import type { ServerLimits } from './limits.ts'
import { behind, Namespace, type NamespaceParts } from './namespace.ts'
import { notOffered } from './not-offered.ts'
import type { HallOptions } from './options.ts'
import type { Others } from './others.ts'
import { LocalReach, ParentReach } from './reach.ts'
import type { SocketServer } from './socket.ts'
import { Space } from './space.ts'

/** Decides whether there is a namespace of a name, for a client. */
export type NamespaceMatch = (
  name: string,
  // biome-ignore lint/suspicious/noExplicitAny: clients send what they like
  auth: { [name: string]: any },
  next: (error: Error | null, allowed: boolean) => void,
) => unknown

/** A namespace that others are made of. */
interface Parent {
  readonly namespace: Namespace
  readonly match: NamespaceMatch
  /** Null where the application decides. */
  readonly pattern: RegExp | null
  readonly children: Set<Namespace>
}

// Clients make them up.
const MAX_NAME = 255

/** Everything of one server behind its ways in: its namespaces by their names, and its connections. */
export class Hall implements ConnectionHost {
  readonly clock: Clock
  readonly random: Random
  readonly limits: ServerLimits
  readonly report: Report
  readonly turn: Turn
  readonly packets: PacketLimits
  connectTimeoutMs: number
  readonly #options: HallOptions
  readonly #server: SocketServer
  readonly #created: (namespace: Namespace) => void
  readonly #namespaces = new Map<string, Namespace>()
  readonly #parents: Parent[] = []
  readonly #others: Others | null
  readonly #listening = new WeakMap<Namespace, Undo>()
  readonly #connections = new Set<Connection>()
  // Until their transports have said goodbye.
  readonly #leaving = new Set<Connection>()
  readonly #addresses = new Map<string, number>()
  readonly #handshakes: Bucket
  #dynamic = 0
  #full = false

  /** `created` hears of each new namespace but the first one. */
  constructor(options: HallOptions, server: SocketServer, created: (namespace: Namespace) => void) {
    const { clock, random, limits, report, connectTimeoutMs } = options
    this.clock = clock
    this.random = random
    this.limits = limits
    this.report = report
    this.connectTimeoutMs = connectTimeoutMs
    this.turn = new Turn(clock, report)
    this.packets = {
      depth: limits.messageDepth,
      attachments: limits.attachments,
      attachedBytes: limits.attachmentBytes,
    }
    this.#options = options
    this.#server = server
    this.#created = created
    this.#others = options.others
    this.#others?.start()
    this.#handshakes = new Bucket(limits.handshakesPerSecond, limits.handshakesPerSecond, clock.now())
  }

  // Namespaces

  /** The namespace of a name, made where there is none yet. */
  of(name: string): Namespace {
    const path = name.startsWith('/') ? name : `/${name}`
    const known = this.#namespaces.get(path)
    if (known) return known
    const parent = this.#parents.find(({ pattern }) => pattern?.test(path))
    if (parent) return this.#makeChild(parent, path)
    const namespace = this.#make(path)
    if (path !== '/') this.#created(namespace)
    return namespace
  }

  /** A namespace that others are made of: all whose names fit. */
  parent(match: RegExp | NamespaceMatch): Namespace {
    const pattern = match instanceof RegExp ? match : null
    // Their answer would depend on what they were asked before.
    if (pattern?.global || pattern?.sticky) throw new Error('stateful regular expressions are not supported')
    const children = new Set<Namespace>()
    const reaches = () => [...children].map((child) => behind(child).reach)
    const namespace = this.#makeWith(`/_${this.#parents.length}`, undefined, {
      reach: () => new ParentReach(reaches),
      serverSide: () => notOffered('serverSideEmit() of a parent namespace', 'take that of "/"'),
    })
    const asks: NamespaceMatch = pattern ? (name, _, next) => next(null, pattern.test(name)) : (match as NamespaceMatch)
    this.#parents.push({ namespace, match: asks, pattern, children })
    return namespace
  }

  #make(name: string, emptied?: () => void): Namespace {
    const others = this.#others
    let cluster: ClusterReach | null = null
    const namespace = this.#makeWith(name, emptied, {
      reach: (space) => {
        cluster = others && new ClusterReach(space, others, this.clock)
        return cluster ?? new LocalReach(space)
      },
      serverSide: (args, done) => {
        if (cluster) cluster.raise(args, done)
        // There are no other servers.
        else this.clock.soon(() => done && guarded(this.report, done)(null, []))
      },
    })
    this.#namespaces.set(name, namespace)
    const raised = ([event, ...args]: readonly unknown[]) => raise(namespace, this.report, String(event), args)
    const undo = others?.listen(name, (what, values) => cluster?.obey(what, values, raised))
    if (undo) this.#listening.set(namespace, undo)
    return namespace
  }

  #makeWith(name: string, emptied: (() => void) | undefined, parts: Pick<NamespaceParts, 'reach' | 'serverSide'>) {
    return new Namespace({
      name,
      server: this.#server,
      report: this.report,
      space: (face, watch) => new Space(name, { ...this.#options, turn: this.turn }, face, watch, emptied),
      ...parts,
    })
  }

  #makeChild(parent: Parent, name: string): Namespace {
    const emptied = this.#options.cleanup ? () => this.#drop(parent, child) : undefined
    const child = this.#make(name, emptied)
    behind(child).space.middlewares.push(...behind(parent.namespace).space.middlewares)
    for (const event of ['connect', 'connection'] as const)
      for (const listener of parent.namespace.listeners(event)) child.on(event, listener)
    parent.children.add(child)
    this.#dynamic++
    this.#created(child)
    return child
  }

  #drop({ children }: Parent, child: Namespace): void {
    if (!children.delete(child)) return
    this.#namespaces.delete(child.name)
    this.#listening.get(child)?.()
    this.#dynamic--
  }

  find(name: string, auth: Auth, found: (space: Space | null) => void): void {
    const known = this.#namespaces.get(name)
    if (known) return found(behind(known).space)
    if (name.length > MAX_NAME || this.#isFull()) return found(null)
    this.#askParents(name, auth, 0, found)
  }

  #isFull(): boolean {
    const full = this.#dynamic >= this.limits.dynamicNamespaces
    if (full && !this.#full) this.report('Clients have made too many namespaces', new Error('limits.dynamicNamespaces'))
    this.#full = full
    return full
  }

  #askParents(name: string, auth: Auth, at: number, found: (space: Space | null) => void): void {
    const parent = this.#parents[at]
    if (!parent) return found(null)
    let asked = true
    const answer = (allowed: boolean) => {
      if (!asked) return
      asked = false
      if (!allowed) return this.#askParents(name, auth, at + 1, found)
      // It may have been made while the application thought.
      found(behind(this.#namespaces.get(name) ?? this.#makeChild(parent, name)).space)
    }
    const failed = (error: unknown) => {
      this.report(`The function that knows whether there is ${name} failed`, error)
      answer(false)
    }
    try {
      const returned = parent.match(name, auth, (error, allowed) => answer(!error && allowed))
      if (returned instanceof Promise) returned.catch(failed)
    } catch (error) {
      failed(error)
    }
  }

  // Connections

  get size(): number {
    return this.#connections.size
  }

  open(transport: EngineTransport, handshake: Handshake, request: IncomingMessage | null): Connection {
    const connection = new Connection(this, transport, handshake, request)
    this.#connections.add(connection)
    this.#leaving.add(connection)
    this.#count(connection.address, 1)
    return connection
  }

  gone(connection: Connection): void {
    if (this.#connections.delete(connection)) this.#count(connection.address, -1)
  }

  left(connection: Connection): void {
    this.#leaving.delete(connection)
  }

  #count(address: string, by: 1 | -1): void {
    const count = (this.#addresses.get(address) ?? 0) + by
    if (count > 0) this.#addresses.set(address, count)
    else this.#addresses.delete(address)
  }

  /** Whether an address may open another connection now: 0, or in how many milliseconds. */
  readonly admit = (address: string): number => {
    const { connections, connectionsPerAddress } = this.limits
    const full =
      this.size >= connections || (!isLoopback(address) && (this.#addresses.get(address) ?? 0) >= connectionsPerAddress)
    return full ? 5_000 : this.#handshakes.take(this.clock.now())
  }

  /** Cuts what is left of connections that were ended. */
  destroy(): void {
    for (const connection of [...this.#leaving]) connection.destroy()
  }

  /** Tells everybody that the server stops. */
  stop(): void {
    for (const connection of [...this.#connections]) connection.stop()
    for (const namespace of this.#namespaces.values()) behind(namespace).space.close()
    this.#others?.stop()
  }

  /** The last thing: nothing is heard of other servers any more. */
  async close(): Promise<void> {
    await this.#others?.close()
  }
}
