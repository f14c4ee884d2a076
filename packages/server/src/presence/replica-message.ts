import type { Entry } from '@rollcall/core'

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
  /** All of the sending node's entries, as of its change number `n`; if they are many, in `of` parts, this one `part`. */
  | {
      readonly kind: 'snapshot'
      readonly life: string
      readonly n: number
      readonly entries: readonly WireEntry[]
      readonly part: number
      readonly of: number
    }
  /** The sending node has just become interested: whoever has entries tells it. */
  | { readonly kind: 'want' }
  /** Where the sending node stands, now and then: shows a lost last delta. */
  | { readonly kind: 'mark'; readonly life: string; readonly n: number }

export type WireEntry = readonly [id: string, key: string, meta: unknown, rev: number]

/** What one message holds at most, unless a single entry is larger: engines bound their messages, NATS to 1 MiB. */
const MAX_PIECE_BYTES = 131_072

/** Items in pieces that a message can hold; at least one piece. */
export function pieces<T>(items: readonly T[]): T[][] {
  let piece: T[] = []
  let bytes = 0
  const all = [piece]
  for (const item of items) {
    // Of characters there are at most a third as many.
    const own = JSON.stringify(item).length * 3
    if (piece.length > 0 && bytes + own > MAX_PIECE_BYTES) {
      piece = []
      bytes = 0
      all.push(piece)
    }
    piece.push(item)
    bytes += own
  }
  return all
}

export function toWire({ id, key, meta, rev }: Entry): WireEntry {
  return [id, key, meta ?? null, rev]
}

export function fromWire([id, key, meta, rev]: WireEntry): Entry {
  return { id, key, meta, rev }
}

/** Reads what another node said about a topic; null if it is not such a message. */
export function toReplicaMessage(fields: Readonly<Record<string, unknown>>): ReplicaMessage | null {
  const { kind, life, n, set, gone, entries, part = 1, of = 1 } = fields
  if (kind === 'want') return { kind }
  if (typeof life !== 'string' || !isNumber(n)) return null
  switch (kind) {
    case 'mark':
      return { kind, life, n }
    case 'snapshot':
      return areEntries(entries) && isNumber(part) && isNumber(of) ? { kind, life, n, entries, part, of } : null
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
