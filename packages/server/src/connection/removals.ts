import type { Clock } from '@rollcall/core'
import type { Channels } from '../channel/channels.ts'
import { EndContext } from '../channel/contexts.ts'
import type { Held } from '../channel/membership.ts'
import type { Requests } from '../channel/requests.ts'
import type { Cluster, Who } from '../cluster/cluster.ts'
import type { Identity } from '../identity/identity.ts'
import { type Revocation, type Revocations, type Revoked, toRevoked } from '../identity/revocations.ts'
import { type Connection, isHere } from './connection.ts'
import { type HeldMembership, nodeOf, type Proof, type Resumable, type Sessions, toResumable } from './sessions.ts'

/** A connection or a session, as far as removals tell them apart. */
interface Known {
  readonly id: string
  readonly identity: Identity
}

/** Who was removed while a session was on its way. */
interface Coming {
  readonly ended: ((one: Known) => boolean)[]
  readonly kicked: { readonly topic: string; readonly is: (one: Known) => boolean }[]
}

// How long the owner of a session may take to answer a ping, when somebody shows its token who may be the same client.
const CONTEST_MS = 1_000

/** What removals are about. */
export interface RemovalsOptions {
  readonly clock: Clock
  readonly channels: Channels
  readonly requests: Requests
  readonly sessions: Sessions
  readonly revocations: Revocations
  /** This node among others; null if there are none. */
  readonly cluster: Cluster | null
  connections(): Iterable<Connection>
}

/**
 * Ends connections and sessions at an application's word, here or on another node: disconnects, revokes, puts out of a topic.
 * Also those who are away, and those whose session is on its way from another node: that is why sessions are taken up here.
 */
export class Removals {
  readonly #options: RemovalsOptions
  // Sessions on their way here from other nodes: they are on none, to be found there.
  readonly #coming = new Set<Coming>()

  constructor(options: RemovalsOptions) {
    this.#options = options
  }

  /** Ends connections of a user, or one, for good, on all nodes, and answers how many. */
  async disconnect(who: Who, reason: string): Promise<number> {
    const here = this.disconnectHere(who, reason)
    return here + ((await this.#options.cluster?.order({ who, reason })) ?? 0)
  }

  /**
   * Ends the connections and sessions of a user, or of one of its sign-ins, on all nodes, and refuses the credentials for
   * `forMs`. Answers how many connections ended.
   */
  async revoke(who: Revoked, reason: string, forMs: number): Promise<number> {
    const revoke = toRevoked(who)
    if (!revoke) throw new TypeError('revoke: say whom, as { user } or { session }')
    if (!(forMs > 0)) throw new TypeError('revoke: forMs must be a number above 0')
    const at = this.#options.clock.now()
    const here = this.revokeHere(revoke, reason, forMs, at)
    return here + ((await this.#options.cluster?.order({ revoke, reason, forMs, at })) ?? 0)
  }

  /** The same on this node alone. */
  revokeHere(who: Revoked, reason: string, forMs: number, at: number): number {
    this.#options.revocations.add(who, forMs, at)
    return this.#endRevoked(who, reason)
  }

  /** Another node knows of these. Answers how many connections ended of those that were news. */
  learnRevocations(revocations: readonly Revocation[]): number {
    let ended = 0
    for (const [kind, id, at, forMs] of revocations) {
      const who = kind === 'user' ? { user: id } : { session: id }
      if (this.#options.revocations.add(who, forMs, at)) ended += this.#endRevoked(who, 'revoked')
    }
    return ended
  }

  /** Ends connections on this node alone. */
  disconnectHere(who: Who, reason: string): number {
    return this.#endAll(isOf(who), reason)
  }

  // Not those whose credentials are from after it: they have come since, and this node has heard of it late.
  #endRevoked(who: Revoked, reason: string): number {
    const is = isOf(who)
    return this.#endAll((one) => is(one) && this.#options.revocations.has(one.identity), reason)
  }

  // Who is away, or on the way, ends, too: nobody is to come back by a session of theirs.
  #endAll(is: (one: Known) => boolean, reason: string): number {
    for (const coming of this.#coming) coming.ended.push(is)
    const all = [...this.#options.connections()].filter(is)
    for (const connection of all) connection.disconnect(reason)
    for (const held of this.#options.sessions.endLost(is)) this.endHeld(held, 'kicked')
    return all.length
  }

  /** The session of a token, from this node or the one that has it; null if there is none for this proof. */
  async takeSession(token: string, proof: Proof, contested: boolean): Promise<Resumable | null> {
    const { cluster } = this.#options
    const node = nodeOf(token)
    // A path may be dead although its connection looks alive: only who answers is somebody else.
    let owner = contested ? this.#options.sessions.ownerOf(token, proof) : null
    while (owner) {
      if (await owner.answersPing(CONTEST_MS)) return null
      const still = this.#options.sessions.ownerOf(token, proof)
      if (still === owner) break
      owner = still
    }
    // One that keeps its token may be here although the token was made elsewhere.
    const here = this.#options.sessions.take(token, proof)
    if (here || !cluster || node === null || node === cluster.nodes.self) return here
    return this.#fetchSession(cluster, node, token, proof)
  }

  async #fetchSession(cluster: Cluster, node: string, token: string, proof: Proof): Promise<Resumable | null> {
    const coming: Coming = { ended: [], kicked: [] }
    this.#coming.add(coming)
    const session = toResumable(await cluster.fetchSession(node, token, proof))
    this.#coming.delete(coming)
    if (!session || coming.ended.some((is) => is(session))) return null
    const kicked = coming.kicked.filter(({ is }) => is(session))
    for (const [alias, held] of session.held ?? [])
      if (kicked.some(({ topic }) => topic === held.topic)) session.held?.delete(alias)
    return session
  }

  endHeld(held: HeldMembership, reason: 'lost' | 'kicked'): void {
    const { entry, membership, moved, over } = held
    if (over) return
    held.over = true
    const { channel } = membership
    const context = new EndContext(membership, this.#options.channels, reason)
    if (entry && channel.lingering.get(entry.key)?.has(entry.id)) channel.untrack(entry.id)
    membership.entry = null
    this.#options.channels.left(channel)
    if (!moved) this.#options.requests.tellLeft(membership, context)
  }

  /**
   * Ends what sessions hold of a topic that are not, or not yet again, in it: who was kicked meanwhile must ask to be let
   * in again. Answers how many memberships that were.
   */
  kickLost(topic: string, who: Who): number {
    const is = isOf(who)
    for (const coming of this.#coming) coming.kicked.push({ topic, is })
    const taken: Held[] = this.#options.sessions.takeLost(topic, is)
    for (const connection of this.#options.connections()) if (is(connection)) taken.push(...connection.takeLost(topic))
    for (const held of taken) if (isHere(held)) this.endHeld(held, 'kicked')
    return taken.length
  }
}

function isOf(who: Who | Revoked): (one: Known) => boolean {
  // The empty one is everybody who has not been accepted yet.
  if ('user' in who) return ({ identity }) => identity.user.id === who.user && who.user !== ''
  if ('session' in who) return ({ identity }) => identity.session === who.session
  return ({ id }) => id === who.connection
}
