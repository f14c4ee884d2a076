import type { Clock, Random, Undo } from '@rollcall/core'
import type { Broker } from '../broker/broker.ts'
import { type Revocation, type Revoked, toRevoked } from '../identity/revocations.ts'
import { pieces } from '../presence/replica-message.ts'
import { decodeMessage, encodeMessage } from './message.ts'
import { Nodes, type NodesOptions } from './nodes.ts'
import { ClusterPresence } from './presence.ts'

/** Whom an order is about. */
export type Who = { readonly user: string } | { readonly connection: string }

/** What shows that a session is one's own. */
export type SessionProof = { readonly credentials: string } | { readonly user: string }

/** What every node does at the request of one. Each answers how many memberships or connections it ended. */
export interface Orders {
  kick(topic: string, who: Who, reason: string): number
  disconnect(who: Who, reason: string): number
  /** Ends the connections of a user or a session, and refuses its credentials from before now. */
  revoke(who: Revoked, reason: string, forMs: number, at: number): number
  /** What this node refuses, for nodes that were not there. */
  revocations(): readonly Revocation[]
  learnRevocations(revocations: readonly Revocation[]): number
  /** Gives up a session that another node resumes; null if there is none, or if it is somebody else's. */
  releaseSession(token: string, proof: SessionProof): object | null
}

type Order =
  | { readonly kick: string; readonly who: Who; readonly reason: string }
  | { readonly who: Who; readonly reason: string }
  | { readonly revoke: Revoked; readonly reason: string; readonly forMs: number; readonly at: number }

const ORDER = 'order'
/** How often a node is told of an order, or of what it has missed, until it says that it knows. */
const ATTEMPTS = 3
/** How many orders a node remembers, to carry out each once. */
const REMEMBERED = 1_000
const RESUME = 'resume'

/** This node among the others. */
export class Cluster {
  readonly nodes: Nodes
  readonly presence: ClusterPresence
  readonly broker: Broker
  readonly #random: Random
  readonly #undo: Undo[] = []
  // Orders that were carried out, with what they ended: the answer may have been lost, and the order comes again.
  readonly #obeyed = new Map<string, number>()
  /** Settles when this node has joined the others. */
  ready: Promise<void> = Promise.resolve()

  constructor(
    broker: Broker,
    clock: Clock,
    random: Random,
    options: NodesOptions,
    report: (what: string, error: unknown) => void,
  ) {
    this.broker = broker
    this.#random = random
    this.nodes = new Nodes(broker, clock, options, report)
    this.presence = new ClusterPresence(broker, this.nodes, clock, random)
  }

  /** Joins the others. Called once. */
  start(orders: Orders): void {
    this.ready = this.#start(orders)
    // Who waits for it hears of a failure.
    this.ready.catch(() => {})
  }

  async #start(orders: Orders): Promise<void> {
    this.#undo.push(
      await this.broker.respond(ORDER, (bytes) =>
        encodeMessage({ ended: this.#obey(orders, decodeMessage(bytes) ?? {}) }),
      ),
      await this.broker.respond(RESUME, (bytes) => {
        const { token, user, credentials } = decodeMessage(bytes) ?? {}
        const proof = typeof user === 'string' ? { user } : { credentials: String(credentials) }
        return encodeMessage({ session: typeof token === 'string' ? orders.releaseSession(token, proof) : null })
      }),
    )
    this.#undo.push(
      this.nodes.onChange((node, change) => {
        if (change === 'up') void this.#tellRevocations(node, orders.revocations())
      }),
    )
    await this.presence.start()
    await this.nodes.start()
  }

  // A node that comes, or comes back, has not heard what was revoked meanwhile.
  async #tellRevocations(node: string, revocations: readonly Revocation[]): Promise<void> {
    if (revocations.length === 0) return
    for (const piece of pieces(revocations)) await this.#tell(node, encodeMessage({ revocations: piece }))
  }

  /** Gives all other nodes an order; answers how much they ended together. */
  async order(order: Order): Promise<number> {
    const bytes = encodeMessage({ ...order, id: this.#random.token(9) })
    const ended = await Promise.all(this.nodes.others().map((node) => this.#tell(node, bytes)))
    return ended.reduce((sum, each) => sum + each, 0)
  }

  // Until the node says that it has heard, or is taken for dead: one that comes back learns what was revoked.
  async #tell(node: string, order: Uint8Array): Promise<number> {
    for (let attempt = 0; attempt < ATTEMPTS && this.nodes.isUp(node); attempt++) {
      const answer = await this.nodes.ask(node, ORDER, order).catch(() => null)
      if (answer) return Number(decodeMessage(answer)?.ended) || 0
    }
    return 0
  }

  #obey(orders: Orders, order: Readonly<Record<string, unknown>>): number {
    const id = typeof order.id === 'string' ? order.id : ''
    const known = this.#obeyed.get(id)
    if (known !== undefined) return known
    const ended = obey(orders, order)
    if (id === '') return ended
    const [oldest] = this.#obeyed.keys()
    if (oldest !== undefined && this.#obeyed.size >= REMEMBERED) this.#obeyed.delete(oldest)
    this.#obeyed.set(id, ended)
    return ended
  }

  /** Asks the node that has a session for it; null if it cannot be had. */
  async fetchSession(
    node: string,
    token: string,
    proof: SessionProof,
  ): Promise<Readonly<Record<string, unknown>> | null> {
    if (!this.nodes.isUp(node)) return null
    try {
      const answer = decodeMessage(await this.nodes.ask(node, RESUME, encodeMessage({ token, ...proof })))
      return typeof answer?.session === 'object' ? (answer.session as Readonly<Record<string, unknown>> | null) : null
    } catch {
      return null
    }
  }

  stop(): void {
    for (const undo of this.#undo) undo()
    this.presence.stop()
    this.nodes.stop()
  }
}

function obey(orders: Orders, order: Readonly<Record<string, unknown>>): number {
  const { kick, who, revoke, forMs, at, reason, revocations } = order
  if (Array.isArray(revocations)) return orders.learnRevocations(revocations.filter(isRevocation))
  if (typeof reason !== 'string') return 0
  const revoked = toRevoked(revoke)
  // JSON has no infinity.
  const lasting = typeof forMs === 'number' ? forMs : Number.POSITIVE_INFINITY
  if (revoked) return typeof at === 'number' ? orders.revoke(revoked, reason, lasting, at) : 0
  const whom = toWho(who)
  if (!whom) return 0
  return typeof kick === 'string' ? orders.kick(kick, whom, reason) : orders.disconnect(whom, reason)
}

function isRevocation(value: unknown): value is Revocation {
  if (!Array.isArray(value)) return false
  const [kind, id, at, forMs] = value as unknown[]
  const known = kind === 'user' || kind === 'session'
  return known && typeof id === 'string' && typeof at === 'number' && typeof forMs === 'number'
}

function toWho(value: unknown): Who | null {
  if (typeof value !== 'object' || value === null) return null
  const { user, connection } = value as { user?: unknown; connection?: unknown }
  if (typeof user === 'string') return { user }
  return typeof connection === 'string' ? { connection } : null
}
