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

/** The entries of one key, and the member that they make, computed once per state. */
interface Group {
  readonly entries: Map<string, Entry>
  member: Member | undefined
}

/** Entries, and members by key. A value in use: not shared between owners. */
export class Roster {
  readonly #entries = new Map<string, Entry>()
  readonly #groups = new Map<string, Group>()

  /** Entries held. */
  get size(): number {
    return this.#entries.size
  }

  /** Distinct keys held. */
  get count(): number {
    return this.#groups.size
  }

  entry(id: string): Entry | undefined {
    return this.#entries.get(id)
  }

  entries(): IterableIterator<Entry> {
    return this.#entries.values()
  }

  /** Adds an entry or replaces the one of its id; answers what was there before. */
  set(entry: Entry): Entry | undefined {
    const previous = this.#entries.get(entry.id)
    if (previous && previous.key !== entry.key) this.delete(entry.id)
    const group = this.#groups.get(entry.key) ?? { entries: new Map(), member: undefined }
    group.entries.set(entry.id, entry)
    group.member = undefined
    this.#groups.set(entry.key, group)
    this.#entries.set(entry.id, entry)
    return previous
  }

  /** Takes an entry out; answers it, if it was there. */
  delete(id: string): Entry | undefined {
    const entry = this.#entries.get(id)
    const group = entry && this.#groups.get(entry.key)
    if (!group) return undefined
    this.#entries.delete(id)
    group.entries.delete(id)
    group.member = undefined
    if (group.entries.size === 0) this.#groups.delete(entry.key)
    return entry
  }

  member(key: string): Member | undefined {
    const group = this.#groups.get(key)
    if (group) group.member ??= memberOf(key, [...group.entries.values()])
    return group?.member
  }

  /** All members, in the order in which their keys came. */
  members(): Member[] {
    return [...this.#groups.keys()].map((key) => this.member(key) as Member)
  }
}

function memberOf(key: string, entries: readonly Entry[]): Member {
  return { key, meta: entries.at(-1)?.meta, entries: entries.map(({ id, meta }) => ({ id, meta })) }
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
