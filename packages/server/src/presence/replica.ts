import type { Entry } from '@rollcall/core'
import type { Tracker } from './tracker.ts'

/**
 * What nodes tell each other about one topic. Only the owner of an entry ever speaks of it. `life` names the run of
 * numbers: a node that was not interested for a while begins again at 1 in another life.
 */
export type ReplicaMessage =
  /** Changes number `n` of the sending node's entries. */
  | {
      readonly kind: 'delta'
      readonly life: string
      readonly n: number
      readonly set: readonly WireEntry[]
      readonly gone: readonly string[]
    }
  /** All of the sending node's entries, as of its change number `n`. */
  | { readonly kind: 'snapshot'; readonly life: string; readonly n: number; readonly entries: readonly WireEntry[] }
  /** The sending node has just become interested: whoever has entries tells it. */
  | { readonly kind: 'want' }
  /** Where the sending node stands, now and then: shows a lost last delta. */
  | { readonly kind: 'mark'; readonly life: string; readonly n: number }

export type WireEntry = readonly [id: string, key: string, meta: unknown, rev: number]

/** What a replica wants said. */
export interface ReplicaVoice {
  /** To all nodes that are interested in the topic. */
  broadcast(message: ReplicaMessage): void
  /** To one. */
  tell(node: string, message: ReplicaMessage): void
  /** Asks one for its snapshot; the answer comes as a message from it. */
  request(node: string): void
}

interface Remote {
  life: string
  n: number
  hidden: boolean
  /** A snapshot is on its way: deltas that do not fit wait for it. */
  asked: boolean
  /** How often this node has marked since the other one was heard. */
  silence: number
  readonly entries: Map<string, Entry>
}

/** Marks of its own after which a node asks who has entries and was not heard. */
const MAX_SILENCE = 2

/**
 * One topic's presence across nodes: own entries, which only this node writes, and copies of the others'. Each node
 * numbers its changes; whoever misses a number asks for the whole. No clocks are compared, and two nodes never write the
 * same thing, so there is nothing to resolve: what the owner said last is so.
 */
export class Replica {
  readonly #tracker: Tracker
  readonly #voice: ReplicaVoice
  readonly #life: string
  readonly #own = new Map<string, Entry>()
  readonly #remotes = new Map<string, Remote>()
  // What has changed since the last delta.
  readonly #dirty = new Set<string>()
  #n = 0

  constructor(life: string, tracker: Tracker, voice: ReplicaVoice) {
    this.#life = life
    this.#tracker = tracker
    this.#voice = voice
  }

  /** Entries that this node owns. */
  get own(): ReadonlyMap<string, Entry> {
    return this.#own
  }

  /** Asks the others what they have. */
  start(): void {
    this.#voice.broadcast({ kind: 'want' })
  }

  set(entry: Entry): void {
    this.#own.set(entry.id, entry)
    this.#dirty.add(entry.id)
    this.#show(entry.id)
  }

  delete(id: string): void {
    if (!this.#own.delete(id)) return
    this.#dirty.add(id)
    this.#show(id)
  }

  /** Tells the others what has changed here since the last time. Answers whether there was anything. */
  flush(): boolean {
    if (this.#dirty.size === 0) return false
    const set: WireEntry[] = []
    const gone: string[] = []
    for (const id of this.#dirty) {
      const entry = this.#own.get(id)
      if (entry) set.push(toWire(entry))
      else gone.push(id)
    }
    this.#dirty.clear()
    this.#voice.broadcast({ kind: 'delta', life: this.#life, n: ++this.#n, set, gone })
    return true
  }

  /**
   * Says where this node stands, if it has ever said anything. Called now and then, by every node as often: one that has
   * entries here and is not heard in between has lost interest in the topic, and its last word was lost on the way.
   */
  mark(): void {
    if (this.#n > 0) this.#voice.broadcast({ kind: 'mark', life: this.#life, n: this.#n })
    for (const [node, remote] of this.#remotes)
      if (!remote.hidden && remote.entries.size > 0 && ++remote.silence > MAX_SILENCE) this.#ask(node, remote)
  }

  snapshot(): ReplicaMessage {
    this.flush()
    return { kind: 'snapshot', life: this.#life, n: this.#n, entries: [...this.#own.values()].map(toWire) }
  }

  /** Another node has said something. */
  hear(node: string, message: ReplicaMessage): void {
    const known = this.#remotes.get(node)
    if (known) known.silence = 0
    switch (message.kind) {
      case 'want':
        if (this.#own.size > 0 || this.#n > 0) this.#voice.tell(node, this.snapshot())
        return
      case 'snapshot':
        return this.#replace(node, message)
      case 'mark': {
        const remote = this.#remote(node)
        if (message.life !== remote.life || message.n > remote.n) this.#ask(node, remote)
        return
      }
      case 'delta': {
        const remote = this.#remote(node)
        // The first delta of a new life says everything that there is in it.
        if (message.life !== remote.life && message.n === 1) this.#replace(node, { ...message, n: 0, entries: [] })
        if (message.life === remote.life && message.n <= remote.n) return
        if (message.life !== remote.life || message.n > remote.n + 1) return this.#ask(node, remote)
        remote.n = message.n
        for (const wire of message.set) remote.entries.set(wire[0], fromWire(wire))
        for (const id of message.gone) remote.entries.delete(id)
        for (const [id] of message.set) this.#show(id)
        for (const id of message.gone) this.#show(id)
      }
    }
  }

  /** The node is silent: its entries are not shown, but kept for its return. */
  hide(node: string): void {
    this.#setHidden(node, true)
  }

  /** The node is back. Whether it said anything meanwhile is not known: it is asked. */
  unhide(node: string): void {
    const remote = this.#remotes.get(node)
    if (!remote) return
    this.#setHidden(node, false)
    remote.asked = false
    this.#ask(node, remote)
  }

  /** The node will not come back. */
  drop(node: string): void {
    const remote = this.#remotes.get(node)
    if (!remote) return
    this.#remotes.delete(node)
    for (const id of remote.entries.keys()) this.#show(id)
  }

  /** The snapshot that was asked for does not come; the next word of the node asks again. */
  unanswered(node: string): void {
    const remote = this.#remotes.get(node)
    if (remote) remote.asked = false
  }

  #setHidden(node: string, hidden: boolean): void {
    const remote = this.#remotes.get(node)
    if (!remote || remote.hidden === hidden) return
    remote.hidden = hidden
    for (const id of remote.entries.keys()) this.#show(id)
  }

  #remote(node: string): Remote {
    let remote = this.#remotes.get(node)
    if (!remote) {
      remote = { life: '', n: 0, hidden: false, asked: false, silence: 0, entries: new Map() }
      this.#remotes.set(node, remote)
    }
    return remote
  }

  #ask(node: string, remote: Remote): void {
    if (remote.asked) return
    remote.asked = true
    this.#voice.request(node)
  }

  #replace(
    node: string,
    { life, n, entries }: { readonly life: string; readonly n: number; readonly entries: readonly WireEntry[] },
  ): void {
    const remote = this.#remote(node)
    remote.asked = false
    // Overtaken by a delta that came after it was made.
    if (life === remote.life && n < remote.n) return
    remote.life = life
    remote.n = n
    const before = [...remote.entries.keys()]
    remote.entries.clear()
    for (const wire of entries) remote.entries.set(wire[0], fromWire(wire))
    for (const id of before) this.#show(id)
    for (const [id] of entries) this.#show(id)
  }

  // An entry may for a moment have two owners, when its session has moved to another node and the first one has not let go
  // yet. It is here as long as anybody owns it; the newest state of it counts.
  #show(id: string): void {
    let newest = this.#own.get(id)
    for (const { hidden, entries } of this.#remotes.values()) {
      const entry = hidden ? undefined : entries.get(id)
      if (entry && (!newest || entry.rev > newest.rev)) newest = entry
    }
    const shown = this.#tracker.roster.entry(id)
    // The same state told again, in a snapshot say, is no update: clients that know states by name would let it go.
    if (newest && (newest.rev !== shown?.rev || newest.key !== shown.key)) this.#tracker.set(newest)
    else if (!newest && shown) this.#tracker.delete(id)
  }
}

function toWire({ id, key, meta, rev }: Entry): WireEntry {
  return [id, key, meta ?? null, rev]
}

function fromWire([id, key, meta, rev]: WireEntry): Entry {
  return { id, key, meta, rev }
}

/** Reads what another node said about a topic; null if it is not such a message. */
export function toReplicaMessage(fields: Readonly<Record<string, unknown>>): ReplicaMessage | null {
  const { kind, life, n, set, gone, entries } = fields
  if (kind === 'want') return { kind }
  if (typeof life !== 'string' || !isNumber(n)) return null
  switch (kind) {
    case 'mark':
      return { kind, life, n }
    case 'snapshot':
      return areEntries(entries) ? { kind, life, n, entries } : null
    case 'delta':
      return areEntries(set) && Array.isArray(gone) && gone.every((id) => typeof id === 'string')
        ? { kind, life, n, set, gone }
        : null
    default:
      return null
  }
}

function isNumber(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0
}

function areEntries(value: unknown): value is WireEntry[] {
  return Array.isArray(value) && value.every(isEntry)
}

function isEntry(value: unknown): boolean {
  return Array.isArray(value) && typeof value[0] === 'string' && typeof value[1] === 'string' && isNumber(value[3])
}
