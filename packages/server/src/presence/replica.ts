import type { Entry } from '@rollcall/core'
import { fromWire, pieces, type ReplicaMessage, toWire, type WireEntry } from './replica-message.ts'
import type { Tracker } from './tracker.ts'

/** What a replica wants said. */
export interface ReplicaVoice {
  /** To all nodes that are interested in the topic. */
  broadcast(message: ReplicaMessage): void
  /** To one. */
  tell(node: string, message: ReplicaMessage): void
  /** Asks one for its snapshot; the answer comes as a message from it. */
  request(node: string): void
}

type Snapshot = ReplicaMessage & { readonly kind: 'snapshot' }

interface Parts extends Pick<Snapshot, 'life' | 'n' | 'of'> {
  readonly got: Map<number, readonly WireEntry[]>
}

interface Remote {
  life: string
  n: number
  hidden: boolean
  /** A snapshot is on its way: deltas that do not fit wait for it. */
  asked: boolean
  /** How often this node has marked since the other one was heard. */
  silence: number
  /** A snapshot of which not all parts are here yet. */
  parts: Parts | null
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
    const [sets, gones] = [pieces(set), pieces(gone)]
    for (let i = 0; i < Math.max(sets.length, gones.length); i++) {
      const changes = { set: sets[i] ?? [], gone: gones[i] ?? [] }
      this.#voice.broadcast({ kind: 'delta', life: this.#life, n: ++this.#n, ...changes })
    }
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

  /** All own entries, in as many parts as needed. */
  snapshot(): Snapshot[] {
    this.flush()
    const parts = pieces([...this.#own.values()].map(toWire))
    return parts.map((entries, i) => ({
      kind: 'snapshot',
      life: this.#life,
      n: this.#n,
      entries,
      part: i + 1,
      of: parts.length,
    }))
  }

  /** Another node has said something. */
  hear(node: string, message: ReplicaMessage): void {
    const known = this.#remotes.get(node)
    if (known) known.silence = 0
    switch (message.kind) {
      case 'want':
        if (this.#own.size > 0 || this.#n > 0) for (const part of this.snapshot()) this.#voice.tell(node, part)
        return
      case 'snapshot':
        return this.#gather(node, message)
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

  /** The snapshot that was asked for does not come, or not whole; the next word of the node asks again. */
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
      remote = { life: '', n: 0, hidden: false, asked: false, silence: 0, parts: null, entries: new Map() }
      this.#remotes.set(node, remote)
    }
    return remote
  }

  #ask(node: string, remote: Remote): void {
    if (remote.asked) return
    remote.asked = true
    this.#voice.request(node)
  }

  #gather(node: string, { life, n, entries, part, of }: Snapshot): void {
    if (of <= 1) return this.#replace(node, { life, n, entries })
    const remote = this.#remote(node)
    const begun = remote.parts
    const fits = begun !== null && begun.life === life && begun.n === n && begun.of === of
    const parts = fits ? begun : { life, n, of, got: new Map<number, readonly WireEntry[]>() }
    remote.parts = parts
    parts.got.set(part, entries)
    if (parts.got.size < of) return
    remote.parts = null
    this.#replace(node, { life, n, entries: [...parts.got.values()].flat() })
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
