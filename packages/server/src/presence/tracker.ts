import {
  type Clock,
  type Entry,
  Roster,
  type RosterCount,
  type RosterDiff,
  type RosterState,
  type RosterVersion,
  type Undo,
} from '@rollcall/core'

/** How presence changes are gathered. */
export interface TrackerOptions {
  /** Changes closer together than this become one diff, in milliseconds. Default 20. */
  readonly minIntervalMs: number
  /** Added for each entry in the roster: a room of 2,000 is told of changes ten times a second. Default 0.05. */
  readonly intervalMsPerEntry: number
  /** The interval never grows beyond this, in milliseconds. Default 1,000. */
  readonly maxIntervalMs: number
  /** How many left entries are remembered, so that a returning client can be given a diff. Default 1,000. */
  readonly tombstones: number
}

export const TRACKER_DEFAULTS: TrackerOptions = {
  minIntervalMs: 20,
  intervalMsPerEntry: 0.05,
  maxIntervalMs: 1_000,
  tombstones: 1_000,
}

/** Hears what changed in one topic, once an interval. */
export type RosterListener = (diff: RosterDiff) => void

/**
 * One topic's roster with its versions. Changes are gathered and told as one diff an interval; the first change after a
 * quiet time is told at once. An entry that came and went within one interval is never told.
 */
export class Tracker {
  readonly #clock: Clock
  readonly #options: TrackerOptions
  readonly #tell: RosterListener
  readonly #epoch: string
  readonly #roster = new Roster()
  // What each touched entry was at the current version; undefined: not there.
  readonly #touched = new Map<string, Entry | undefined>()
  readonly #changedAt = new Map<string, number>()
  #gone: { entry: Entry; version: number }[] = []
  // Diffs can be made from this version on.
  #oldest = 0
  #version = 0
  #toldAt = Number.NEGATIVE_INFINITY
  #timer: Undo | null = null
  #state: RosterState | null = null
  #told: Map<string, Entry> | null = null

  constructor(epoch: string, clock: Clock, options: TrackerOptions, tell: RosterListener) {
    this.#epoch = epoch
    this.#clock = clock
    this.#options = options
    this.#tell = tell
  }

  /** Everyone who is here now, changes not yet told included. Read only. */
  get roster(): Roster {
    return this.#roster
  }

  get version(): RosterVersion {
    return { epoch: this.#epoch, version: this.#version }
  }

  /** Adds an entry, or replaces the one of its id. */
  set(entry: Entry): void {
    this.#touch(entry.id)
    this.#roster.set(entry)
    this.#schedule()
  }

  /** Takes an entry out, if it is there. */
  delete(id: string): void {
    if (!this.#roster.entry(id)) return
    this.#touch(id)
    this.#roster.delete(id)
    this.#schedule()
  }

  #touch(id: string): void {
    if (!this.#touched.has(id)) this.#touched.set(id, this.#roster.entry(id))
  }

  #schedule(): void {
    if (this.#timer) return
    const wait = Math.max(0, this.#toldAt + this.#interval() - this.#clock.now())
    this.#timer = wait === 0 ? this.#clock.soon(() => this.flush()) : this.#clock.after(wait, () => this.flush())
  }

  #interval(): number {
    const { minIntervalMs, intervalMsPerEntry, maxIntervalMs } = this.#options
    return Math.min(maxIntervalMs, Math.max(minIntervalMs, this.#roster.size * intervalMsPerEntry))
  }

  /** Tells what has changed, if the interval since the last diff is over; what has not been told stays for its timer. */
  flushIfDue(): void {
    if (this.#touched.size > 0 && this.#clock.now() >= this.#toldAt + this.#interval()) this.flush()
  }

  /** Tells what has changed, now. */
  flush(): void {
    this.#timer?.()
    this.#timer = null
    const diff = this.#advance()
    if (diff) this.#tell(diff)
  }

  #advance(): RosterDiff | null {
    const joins: Entry[] = []
    const updates: { entry: Entry; previous: Entry }[] = []
    const leaves: Entry[] = []
    const version = this.#version + 1
    for (const [id, previous] of this.#touched) {
      const entry = this.#roster.entry(id)
      if (entry === previous) continue
      if (entry && previous && entry.key === previous.key) updates.push({ entry, previous })
      else {
        if (entry) joins.push(entry)
        if (previous) leaves.push(previous)
      }
      if (entry) this.#changedAt.set(id, version)
      else {
        this.#changedAt.delete(id)
        if (previous) this.#gone.push({ entry: previous, version })
      }
    }
    this.#touched.clear()
    if (joins.length + updates.length + leaves.length === 0) return null
    this.#forgetOldest()
    this.#version = version
    this.#toldAt = this.#clock.now()
    this.#state = null
    this.#told = null
    return { version: this.version, since: version - 1, joins, updates, leaves }
  }

  #forgetOldest(): void {
    const excess = this.#gone.length - this.#options.tombstones
    // Trimmed in blocks: one by one would move the whole array each time.
    if (excess < this.#options.tombstones / 4) return
    this.#oldest = this.#gone[excess - 1]?.version ?? this.#oldest
    this.#gone = this.#gone.slice(excess)
  }

  /** The roster as of the last diff told. The same object until the next one, so that its encoding can be kept with it. */
  state(): RosterState {
    this.#state ??= { version: this.version, entries: [...this.#toldEntries().values()] }
    return this.#state
  }

  /** What turns the client's version into the present one, or null if that cannot be told any more. */
  diffSince({ epoch, version }: RosterVersion): RosterDiff | null {
    if (epoch !== this.#epoch || version < this.#oldest || version > this.#version) return null
    const joins: Entry[] = []
    const leaves: Entry[] = []
    if (version < this.#version) {
      const told = this.#toldEntries()
      for (const entry of told.values()) if ((this.#changedAt.get(entry.id) ?? 0) > version) joins.push(entry)
      for (const gone of this.#gone) if (gone.version > version && !told.has(gone.entry.id)) leaves.push(gone.entry)
    }
    return { version: this.version, since: version, joins, updates: [], leaves }
  }

  count(): RosterCount {
    return { version: this.version, members: this.#roster.count, entries: this.#roster.size }
  }

  // The roster without what waits to be told.
  #toldEntries(): Map<string, Entry> {
    if (this.#told && this.#touched.size === 0) return this.#told
    const told = new Map<string, Entry>()
    for (const entry of this.#roster.entries()) if (!this.#touched.has(entry.id)) told.set(entry.id, entry)
    for (const [id, previous] of this.#touched) if (previous) told.set(id, previous)
    if (this.#touched.size === 0) this.#told = told
    return told
  }

  close(): void {
    this.#timer?.()
    this.#timer = null
  }
}
