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
  revoke(who: Revoked, reason: string, forMs: number): number
  /** What this node refuses, for nodes that were not there. */
  revocations(): readonly Revocation[]
  learnRevocations(revocations: readonly Revocation[]): number
  /** Gives up a session that another node resumes; null if there is none, or if it is somebody else's. */
  releaseSession(token: string, proof: SessionProof): object | null
}

type Order =
  | { readonly kick: string; readonly who: Who; readonly reason: string }
  | { readonly who: Who; readonly reason: string }
  | { readonly revoke: Revoked; readonly reason: string; readonly forMs: number }

const ORDER = 'order'
/** How often a node is told what it has missed, until it says that it knows. */
const TELL_ATTEMPTS = 3
const RESUME = 'resume'

/** This node among the others. */
export class Cluster {
  readonly nodes: Nodes
  readonly presence: ClusterPresence
  readonly broker: Broker
  readonly #undo: Undo[] = []
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
      await this.broker.respond(ORDER, (bytes) => encodeMessage({ ended: obey(orders, decodeMessage(bytes) ?? {}) })),
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
    for (const piece of pieces(revocations))
      for (let attempt = 0; attempt < TELL_ATTEMPTS; attempt++) {
        const told = this.nodes.ask(node, ORDER, encodeMessage({ revocations: piece }))
        if (
          await told.then(
            () => true,
            () => false,
          )
        )
          break
      }
  }

  /** Gives all other nodes an order; answers how much they ended together. */
  async order(order: Order): Promise<number> {
    const answers = await this.nodes.askAll(ORDER, encodeMessage(order))
    let ended = 0
    for (const answer of answers) ended += Number(decodeMessage(answer)?.ended) || 0
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
  const { kick, who, revoke, forMs, reason, revocations } = order
  if (Array.isArray(revocations)) return orders.learnRevocations(revocations.filter(isRevocation))
  if (typeof reason !== 'string') return 0
  const revoked = toRevoked(revoke)
  // JSON has no infinity.
  if (revoked) return orders.revoke(revoked, reason, typeof forMs === 'number' ? forMs : Number.POSITIVE_INFINITY)
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
