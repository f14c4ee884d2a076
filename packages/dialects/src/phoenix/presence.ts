import type { Entry, RosterCount, RosterDiff, RosterState } from '@rollcall/core'

// What the `Presence` of the official client converges on: by key the metas of its entries, each with a `phx_ref` that names
// one state of one entry. Texts, not objects: a key may be `__proto__`.

// A state is the same object until the roster changes: when many join at once, each is told the same text.
const states = new WeakMap<RosterState, string>()

/** The payload of `presence_state`. */
export function stateText(state: RosterState): string {
  const known = states.get(state)
  if (known !== undefined) return known
  const metas = new Metas()
  for (const entry of state.entries) metas.add(entry)
  const text = metas.text()
  states.set(state, text)
  return text
}

/** The payload of `presence_diff`. An update is the new state among the joins, and the old one among the leaves. */
export function diffText({ joins, updates, leaves }: RosterDiff): string {
  const come = new Metas()
  const gone = new Metas()
  for (const entry of joins) come.add(entry)
  for (const { entry, previous } of updates) {
    come.add(entry, previous)
    gone.add(previous)
  }
  for (const entry of leaves) gone.add(entry)
  return `{"joins":${come.text()},"leaves":${gone.text()}}`
}

/** The payload of `presence_count`, which is ours: what is told of a channel that tells counts alone. */
export function countText({ members, entries }: RosterCount): string {
  return `{"members":${members},"entries":${entries}}`
}

class Metas {
  readonly #byKey = new Map<string, string[]>()

  add(entry: Entry, previous: Entry | null = null): void {
    const meta = metaText(entry, previous)
    const metas = this.#byKey.get(entry.key)
    if (metas) metas.push(meta)
    else this.#byKey.set(entry.key, [meta])
  }

  text(): string {
    const keys: string[] = []
    for (const [key, metas] of this.#byKey) keys.push(`${JSON.stringify(key)}:{"metas":[${metas.join(',')}]}`)
    return `{${keys.join(',')}}`
  }
}

// Ours come last: of two fields of one name, a parser takes the last.
function metaText(entry: Entry, previous: Entry | null): string {
  const meta = JSON.stringify(entry.meta) ?? 'null'
  const own = meta.startsWith('{') ? meta.slice(1, -1) : `"meta":${meta}`
  const before = previous ? `,"phx_ref_prev":${refOf(previous)}` : ''
  return `{${own}${own === '' ? '' : ','}"phx_ref":${refOf(entry)}${before}}`
}

function refOf({ id, rev }: Entry): string {
  return JSON.stringify(`${id}:${rev}`)
}
