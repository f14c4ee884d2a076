import type { GapReason, Position } from '@rollcall/core'

// What has happened in a room, oldest first: a value. Every function answers a new list, or the same one if nothing changed.

/** A message. */
export interface Said {
  readonly kind: 'said'
  /** Names its place in the log. */
  readonly id: string
  readonly position: Position
  readonly text: string
  /** Whose it is. */
  readonly key: string
  readonly name: string
  readonly at: number
}

/** People came and went, with no message in between. */
export interface Moved {
  readonly kind: 'moved'
  readonly id: string
  readonly at: number
  readonly joined: readonly Person[]
  readonly left: readonly Person[]
}

export interface Person {
  readonly key: string
  readonly name: string
}

/** Messages between here and what follows are not known. */
export interface Missed {
  readonly kind: 'missed'
  readonly id: string
  readonly reason: GapReason
  /** The last message before; null if there was none. */
  readonly after: Position | null
  /** The first message behind it has this offset or a higher one. */
  readonly until: Position
  readonly reading: Reading
}

/** Messages from here on were sent while the connection was lost. */
interface Away {
  readonly kind: 'away'
  readonly id: string
  readonly count: number
}

/** Whether there is more to be read from the log at a place. */
export type Reading = 'more' | 'reading' | 'failed' | 'all'

export type Item = Said | Moved | Missed | Away

/** A page of messages, oldest first, and whether older ones are kept. */
export interface Page {
  readonly epoch: string
  readonly said: readonly Said[]
  readonly more: boolean
}

export interface Timeline {
  /** Whether there is more before the first item. */
  readonly older: Reading
  readonly items: readonly Item[]
}

export const EMPTY: Timeline = { older: 'all', items: [] }

/** People who come and go within this time stand in one line. */
const MOVED_TOGETHER_MS = 300_000
/** Lines of people who came and went are for the moment: only the newest few are kept. */
const MAX_MOVED = 30

export function idOf({ epoch, offset }: Position): string {
  return `${epoch}:${offset}`
}

/** A live message, or one that was caught up on. */
export function say(timeline: Timeline, said: Said): Timeline {
  const { items } = timeline
  for (let i = items.length - 1; i >= 0; i--) {
    const item = items[i]
    if (item?.kind !== 'said') continue
    if (item.id === said.id) return timeline
    if (item.position.epoch !== said.position.epoch || item.position.offset < said.position.offset) break
  }
  return { ...timeline, items: [...items, said] }
}

/** Somebody came or went. Who comes back before anything else happened was never away. */
export function move(timeline: Timeline, person: Person, kind: 'joined' | 'left', at: number): Timeline {
  const last = timeline.items.at(-1)
  if (last?.kind !== 'moved' || at - last.at > MOVED_TOGETHER_MS) {
    const moved: Moved = { kind: 'moved', id: `moved:${at}:${person.key}`, at, joined: [], left: [], [kind]: [person] }
    return { ...timeline, items: [...forgetMoved(timeline.items), moved] }
  }
  const opposite = kind === 'joined' ? 'left' : 'joined'
  const others = last[opposite].filter(({ key }) => key !== person.key)
  const undone = others.length < last[opposite].length
  const same = last[kind].filter(({ key }) => key !== person.key)
  const moved: Moved = { ...last, at, [opposite]: others, [kind]: undone ? same : [...same, person] }
  const before = timeline.items.slice(0, -1)
  return { ...timeline, items: moved.joined.length + moved.left.length === 0 ? before : [...before, moved] }
}

function forgetMoved(items: readonly Item[]): readonly Item[] {
  const moved = items.filter(({ kind }) => kind === 'moved')
  if (moved.length < MAX_MOVED) return items
  const oldest = moved[0]
  return items.filter((item) => item !== oldest)
}

/** The connection is back: what follows until the next call of something else was missed. Counts one message more. */
export function away(timeline: Timeline, id: string): Timeline {
  const { items } = timeline
  const found = items.findLastIndex((item) => item.kind === 'away')
  const known = items[found]
  if (known?.kind === 'away' && known.id === id)
    return { ...timeline, items: items.with(found, { ...known, count: known.count + 1 }) }
  return { ...timeline, items: [...items, { kind: 'away', id, count: 1 }] }
}

/** The id of the gap that ends at a position. */
export function gapAt(until: Position): string {
  return `missed:${idOf(until)}`
}

/** Messages were missed for good. What the log still has of them can be read from the gap's end backwards. */
export function miss(timeline: Timeline, reason: GapReason, after: Position | null, until: Position): Timeline {
  const id = gapAt(until)
  if (timeline.items.length === 0) return { ...timeline, older: until.offset > 0 ? 'more' : 'all' }
  if (timeline.items.some((item) => item.id === id)) return timeline
  const state: Reading = until.offset > 0 ? 'more' : 'all'
  const missed: Missed = { kind: 'missed', id, reason, after, until, reading: state }
  return { ...timeline, items: [...timeline.items, missed] }
}

/** Where older messages are to be read: in front of all (`place` null), or behind a gap. Null if there is no such place. */
export function readBefore(timeline: Timeline, place: string | null, top: Position | null): Position | null {
  if (place === null) {
    const first = timeline.items.find((item) => item.kind === 'said' || item.kind === 'missed')
    if (first?.kind === 'said') return first.position
    if (first?.kind === 'missed') return null
    return top && { epoch: top.epoch, offset: top.offset + 1 }
  }
  const at = timeline.items.findIndex(({ id }) => id === place)
  const gap = timeline.items[at]
  if (gap?.kind !== 'missed') return null
  const next = timeline.items.slice(at + 1).find((item) => item.kind === 'said' || item.kind === 'missed')
  if (next?.kind === 'said') return next.position
  return { epoch: gap.until.epoch, offset: gap.until.offset + 1 }
}

/** How the reading at a place is going. */
export function readingAt(timeline: Timeline, place: string | null): Reading {
  if (place === null) return timeline.older
  const gap = timeline.items.find(({ id }) => id === place)
  return gap?.kind === 'missed' ? gap.reading : 'all'
}

/** Notes how the reading at a place is going. */
export function reading(timeline: Timeline, place: string | null, state: Reading): Timeline {
  if (place === null) return { ...timeline, older: state }
  const at = timeline.items.findIndex(({ id }) => id === place)
  const gap = timeline.items[at]
  return gap?.kind === 'missed' ? { ...timeline, items: timeline.items.with(at, { ...gap, reading: state }) } : timeline
}

/** Puts in what was read at a place. A gap that it fills is gone. */
export function read(timeline: Timeline, place: string | null, page: Page): Timeline {
  const known = new Set(timeline.items.map(({ id }) => id))
  const said = page.said.filter(({ id }) => !known.has(id))
  if (place === null)
    return { older: page.more ? 'more' : 'all', items: said.length > 0 ? [...said, ...timeline.items] : timeline.items }
  const at = timeline.items.findIndex(({ id }) => id === place)
  const gap = timeline.items[at]
  if (gap?.kind !== 'missed') return timeline
  const { after, until } = gap
  // What is not behind the last message before the gap belongs in front of it.
  const end = after?.epoch === page.epoch ? after.offset : 0
  const first = page.said[0]?.position.offset ?? until.offset + 1
  const filled = end > 0 && first <= end + 1
  const rest: readonly Item[] = filled ? [] : [{ ...gap, reading: page.more ? 'more' : 'all' }]
  const within = said.filter(({ position }) => position.offset > end)
  return { ...timeline, items: [...timeline.items.slice(0, at), ...rest, ...within, ...timeline.items.slice(at + 1)] }
}
