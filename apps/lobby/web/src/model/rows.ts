import type { Item, Missed, Moved, Said } from './timeline.ts'

// What is shown of a timeline: messages of one person in a row share a head, and days are set apart.

/** Messages of one person, shown under one head. */
export interface Group {
  readonly kind: 'group'
  readonly id: string
  readonly key: string
  readonly name: string
  readonly at: number
  readonly messages: readonly Said[]
}

export type Row =
  | Group
  | { readonly kind: 'day'; readonly id: string; readonly at: number }
  | { readonly kind: 'new'; readonly id: string }
  | { readonly kind: 'away'; readonly id: string; readonly count: number }
  | Moved
  | Missed

/** A pause of this length begins a new head. */
const GROUP_MS = 300_000

/** `firstNew` is the id of the first message that was not seen yet. */
export function toRows(items: readonly Item[], firstNew: string | null): readonly Row[] {
  const rows: Row[] = []
  let day = ''
  let group: { row: Group; messages: Said[] } | null = null
  for (const item of items) {
    if (item.kind !== 'said') {
      group = null
      rows.push(item)
      continue
    }
    const today = new Date(item.at).toDateString()
    if (today !== day) {
      day = today
      group = null
      rows.push({ kind: 'day', id: `day:${item.id}`, at: item.at })
    }
    if (item.id === firstNew) {
      group = null
      rows.push({ kind: 'new', id: 'new' })
    }
    const last = group?.messages.at(-1)
    if (group && last && group.row.key === item.key && group.row.name === item.name && item.at - last.at < GROUP_MS) {
      group.messages.push(item)
      continue
    }
    const messages: Said[] = [item]
    const { id, key, name, at } = item
    group = { row: { kind: 'group', id: `group:${id}`, key, name, at, messages }, messages }
    rows.push(group.row)
  }
  return rows
}
