import type { Clock, Random, Undo } from '@rollcall/core'
import type { Broker } from '../broker/broker.ts'
import { Replica } from '../presence/replica.ts'
import { type ReplicaMessage, toReplicaMessage } from '../presence/replica-message.ts'
import type { Tracker } from '../presence/tracker.ts'
import { decodeMessage, encodeMessage } from './message.ts'
import type { Nodes } from './nodes.ts'

// Changes of one topic closer together than this cross the wire together, in milliseconds.
const GATHER_MS = 10
// Where this node stands is said again this often, in milliseconds: a lost last delta is noticed within it.
const MARK_MS = 10_000
// How long a newly interested node waits for the others' snapshots before it answers who is here, in milliseconds; longer
// where the engine is slow.
const SETTLE_MS = 100
const MAX_SETTLE_MS = 2_000

const SNAPSHOT = 'presence-snapshot'

/** A topic's presence, as it is shared with other nodes. */
export interface SharedPresence {
  readonly replica: Replica
  /** Settles when the others have had the time to say who is with them. */
  readonly settled: Promise<void>
  /** Own entries have changed. */
  changed(): void
  close: Undo
}

/** Shares presence among nodes: carries what replicas say, and tells them which nodes are up. */
export class ClusterPresence {
  readonly #broker: Broker
  readonly #nodes: Nodes
  readonly #clock: Clock
  readonly #random: Random
  readonly #replicas = new Map<string, Replica>()
  readonly #undo: Undo[] = []
  #marks: Undo | null = null

  constructor(broker: Broker, nodes: Nodes, clock: Clock, random: Random) {
    this.#broker = broker
    this.#nodes = nodes
    this.#clock = clock
    this.#random = random
  }

  async start(): Promise<void> {
    this.#undo.push(
      await this.#broker.subscribe(`presence-to:${this.#broker.node}`, (bytes, from) => this.#told(bytes, from)),
      await this.#broker.respond(SNAPSHOT, (bytes, from) => this.#snapshot(bytes, from)),
      this.#nodes.onChange((node, change) => {
        for (const replica of this.#replicas.values()) {
          if (change === 'up') replica.unhide(node)
          else if (change === 'down') replica.hide(node)
          else replica.drop(node)
        }
      }),
    )
    this.#mark()
  }

  /** Begins to share a topic. Resolves once what others say from now on is heard. */
  async share(topic: string, tracker: Tracker): Promise<SharedPresence> {
    const replica = new Replica(this.#random.token(6), tracker, {
      broadcast: (message) => this.#broker.publish(`presence:${topic}`, encodeMessage(message)),
      tell: (node, message) => this.#tell(node, topic, message),
      request: (node) => void this.#request(topic, replica, node),
    })
    const began = this.#clock.now()
    const unsubscribe = await this.#broker.subscribe(`presence:${topic}`, (bytes, from) => {
      const message = toReplicaMessage(decodeMessage(bytes) ?? {})
      if (!message) return
      this.#nodes.alive(from)
      replica.hear(from, message)
    })
    this.#replicas.set(topic, replica)
    // From the engine and back took so long: to the others and back it is twice as far.
    const farMs = (this.#clock.now() - began) * 4
    const settleMs = Math.min(MAX_SETTLE_MS, Math.max(SETTLE_MS, farMs))
    replica.start()
    let gathering: Undo | null = null
    const alone = this.#nodes.others().length === 0
    return {
      replica,
      settled: alone ? Promise.resolve() : new Promise((resolve) => this.#clock.after(settleMs, resolve)),
      changed: () => {
        gathering ??= this.#clock.after(GATHER_MS, () => {
          gathering = null
          replica.flush()
        })
      },
      close: () => {
        gathering?.()
        replica.flush()
        unsubscribe()
        if (this.#replicas.get(topic) === replica) this.#replicas.delete(topic)
      },
    }
  }

  async #request(topic: string, replica: Replica, node: string): Promise<void> {
    try {
      const fields = decodeMessage(await this.#nodes.ask(node, SNAPSHOT, encodeMessage({ topic })))
      const message = toReplicaMessage(fields ?? {})
      if (message) replica.hear(node, message)
    } catch {
      // The next word of the node asks again.
    }
    replica.unanswered(node)
  }

  #snapshot(bytes: Uint8Array, from: string): Uint8Array {
    const topic = decodeMessage(bytes)?.topic
    const replica = typeof topic === 'string' ? this.#replicas.get(topic) : undefined
    // A node that has lost interest has nobody there.
    if (!replica) return encodeMessage({ kind: 'snapshot', life: this.#random.token(6), n: 0, entries: [] })
    // An answer is one message: the parts before the last go ahead of it, and arrive before it.
    const parts = replica.snapshot()
    for (const part of parts.slice(0, -1)) this.#tell(from, topic as string, part)
    return encodeMessage(parts.at(-1) ?? {})
  }

  #tell(node: string, topic: string, message: ReplicaMessage): void {
    this.#broker.publish(`presence-to:${node}`, encodeMessage({ ...message, topic }))
  }

  #told(bytes: Uint8Array, from: string): void {
    const fields = decodeMessage(bytes)
    const message = toReplicaMessage(fields ?? {})
    if (!message || typeof fields?.topic !== 'string') return
    this.#nodes.alive(from)
    this.#replicas.get(fields.topic)?.hear(from, message)
  }

  #mark(): void {
    this.#marks = this.#clock.after(MARK_MS, () => {
      for (const replica of this.#replicas.values()) replica.mark()
      this.#mark()
    })
  }

  stop(): void {
    this.#marks?.()
    for (const undo of this.#undo) undo()
  }
}
