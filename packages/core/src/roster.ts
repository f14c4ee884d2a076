/** One tracked presence: a connection that is here under a key. */
export interface Entry {
  /** Unique while it lives: one connection's place in one topic. */
  readonly id: string
  /** Who it is. A person on three tabs is one key with three entries. */
  readonly key: string
  readonly meta: unknown
  /** Rises with each update of this entry; `id` and `rev` together name one state of it everywhere. */
  readonly rev: number
}

/** Which state of a topic's roster a client holds. Versions of different epochs cannot be compared. */
export interface RosterVersion {
  readonly epoch: string
  readonly version: number
}

/** A whole roster. */
export interface RosterState {
  readonly version: RosterVersion
  readonly entries: readonly Entry[]
}

/** What turns version `since` into `version`. Entries in `joins` and `updates` are as they are now. */
export interface RosterDiff {
  readonly version: RosterVersion
  readonly since: number
  readonly joins: readonly Entry[]
  readonly updates: readonly { readonly entry: Entry; readonly previous: Entry }[]
  readonly leaves: readonly Entry[]
}

/** How many are here: the whole roster of a channel with `roster: 'count'`. */
export interface RosterCount {
  readonly version: RosterVersion
  /** Distinct keys. */
  readonly members: number
  readonly entries: number
}

/** A key and its entries, oldest first: what applications call a member. */
export interface Member<Meta = unknown> {
  readonly key: string
  /** The newest entry's metadata: what to show when one line is enough. */
  readonly meta: Meta
  readonly entries: readonly { readonly id: string; readonly meta: Meta }[]
}

/** How one key changed. Three tabs of one person join once, with the first, and leave once, with the last. */
export type MemberChange<Meta = unknown> =
  | { readonly kind: 'joined'; readonly member: Member<Meta> }
  | { readonly kind: 'updated'; readonly member: Member<Meta>; readonly previous: Member<Meta> }
  | { readonly kind: 'left'; readonly member: Member<Meta> }

/** Entries by key, with the members computed once per key and state. A value in use: not shared between owners. */
export class Roster {
  readonly #entries = new Map<string, Entry>()
  readonly #keys = new Map<string, Map<string, Entry>>()
  readonly #members = new Map<string, Member>()

  /** Entries held. */
  get size(): number {
    return this.#entries.size
  }

  /** Distinct keys held. */
  get count(): number {
    return this.#keys.size
  }

  entry(id: string): Entry | undefined {
    return this.#entries.get(id)
  }

  entries(): IterableIterator<Entry> {
    return this.#entries.values()
  }

  entriesOf(key: string): Entry[] {
    return [...(this.#keys.get(key)?.values() ?? [])]
  }

  /** Adds an entry or replaces the one of its id; answers what was there before. */
  set(entry: Entry): Entry | undefined {
    const previous = this.#entries.get(entry.id)
    if (previous && previous.key !== entry.key) this.delete(entry.id)
    this.#entries.set(entry.id, entry)
    const ofKey = this.#keys.get(entry.key)
    if (ofKey) ofKey.set(entry.id, entry)
    else this.#keys.set(entry.key, new Map([[entry.id, entry]]))
    this.#members.delete(entry.key)
    return previous
  }

  /** Takes an entry out; answers it, if it was there. */
  delete(id: string): Entry | undefined {
    const entry = this.#entries.get(id)
    if (!entry) return undefined
    this.#entries.delete(id)
    const ofKey = this.#keys.get(entry.key)
    ofKey?.delete(id)
    if (ofKey?.size === 0) this.#keys.delete(entry.key)
    this.#members.delete(entry.key)
    return entry
  }

  member(key: string): Member | undefined {
    const known = this.#members.get(key)
    if (known) return known
    const ofKey = this.#keys.get(key)
    if (!ofKey) return undefined
    const entries = [...ofKey.values()]
    const newest = entries[entries.length - 1]
    const member = { key, meta: newest?.meta, entries: entries.map(({ id, meta }) => ({ id, meta })) }
    this.#members.set(key, member)
    return member
  }

  /** All members, in the order in which their keys came. */
  members(): Member[] {
    const members: Member[] = []
    for (const key of this.#keys.keys()) {
      const member = this.member(key)
      if (member) members.push(member)
    }
    return members
  }
}

/** Applies entries set and gone to a roster as one step, and answers how each touched key changed. */
export function applyToRoster(roster: Roster, set: Iterable<Entry>, gone: Iterable<string>): MemberChange[] {
  const before = new Map<string, Member | undefined>()
  const remember = (key: string) => {
    if (!before.has(key)) before.set(key, roster.member(key))
  }
  for (const entry of set) {
    const old = roster.entry(entry.id)
    if (old) remember(old.key)
    if (old?.rev === entry.rev && old.key === entry.key) continue
    remember(entry.key)
    roster.set(entry)
  }
  for (const id of gone) {
    const old = roster.entry(id)
    if (!old) continue
    remember(old.key)
    roster.delete(id)
  }
  const changes: MemberChange[] = []
  for (const [key, previous] of before) {
    const member = roster.member(key)
    if (member === previous) continue
    if (member && previous) changes.push({ kind: 'updated', member, previous })
    else if (member) changes.push({ kind: 'joined', member })
    else if (previous) changes.push({ kind: 'left', member: previous })
  }
  return changes
}

/** Makes a roster equal to a whole state, and answers the differences. */
export function replaceRoster(roster: Roster, entries: readonly Entry[]): MemberChange[] {
  const kept = new Set(entries.map((entry) => entry.id))
  const gone: string[] = []
  for (const entry of roster.entries()) if (!kept.has(entry.id)) gone.push(entry.id)
  return applyToRoster(roster, entries, gone)
}
